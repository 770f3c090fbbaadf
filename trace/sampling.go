package trace

// Sampling is the B3 sampling state. The zero value is [Defer]. Any value but the four constants
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

// digit returns the character of the state in the b3 header, or 0 if the header has no character
// for the state.
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
//   - Deny: a caller, Starter.Sample or a Provider has denied the trace. No SDK is asked about the
//     trace, and a later accept does not overrule the deny.
//   - unsampled: another library's span, mostly an SDK's, has a flag that is not set. The SDK is
//     asked about a child, and sees its own span as the parent. A caller may overrule the flag.
//
// A Sampling that leaves this package goes through the method public. A Sampling that comes from
// outside goes through the method known.
const unsampled = Debug + 1

// public returns s as users see it.
func (s Sampling) public() Sampling {
	if s == unsampled {
		return Deny
	}
	return s
}

// known returns s, or Defer if s is none of the four states that users know.
func (s Sampling) known() Sampling {
	if s > Debug {
		return Defer
	}
	return s
}

func (s Sampling) sampled() bool { return s == Accept || s == Debug }

// byFlag makes a decision from the flag of another library's span, or from a sampler's answer.
// The result is unsampled instead of Deny because the flag does not show who has decided.
func byFlag(sampled bool) Sampling {
	if sampled {
		return Accept
	}
	return unsampled
}
