package trace

// Sampling is the B3 sampling state. The zero value is [Defer]. A value that is none of the four
// counts as Defer.
type Sampling uint8

const (
	Defer  Sampling = iota // no decision yet: the receiver decides
	Deny                   // not sampled
	Accept                 // sampled
	Debug                  // sampled here and in every later hop, whatever samplers say
)

// String returns "defer", "deny", "accept" or "debug".
func (s Sampling) String() string {
	switch s {
	case Deny:
		return "deny"
	case Accept:
		return "accept"
	case Debug:
		return "debug"
	}
	return "defer"
}

// digit is the state as the single header writes it, 0 for none.
func (s Sampling) digit() byte {
	switch s {
	case Deny:
		return '0'
	case Accept:
		return '1'
	case Debug:
		return 'd'
	}
	return 0
}

// Inside this package a Sampling has five states. Three of them are alike inside and outside:
// Defer, Accept and Debug. The two others look like Deny from outside:
//
//   - Deny is in force. A caller, Starter.Sample or a Provider has denied. No SDK is asked about
//     the trace, and a later accept does not overrule it.
//   - unsampled repeats the flag of another library's span, an SDK's mostly. An SDK is asked
//     about a child, and sees its own span as the parent. A caller may overrule the flag.
//
// Samplings that leave the package go through public. Samplings that come in go through known.
const unsampled = Debug + 1

// public is s as users see it.
func (s Sampling) public() Sampling {
	if s == unsampled {
		return Deny
	}
	return s
}

// known is s as it comes from outside: Defer if it is none of the four.
func (s Sampling) known() Sampling {
	if s > Debug {
		return Defer
	}
	return s
}

func (s Sampling) sampled() bool { return s == Accept || s == Debug }

// byFlag makes a decision from the flag of another library's span, or from a sampler's answer.
// The flag cannot say who has decided.
func byFlag(sampled bool) Sampling {
	if sampled {
		return Accept
	}
	return unsampled
}
