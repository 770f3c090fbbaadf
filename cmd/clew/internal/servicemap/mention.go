package servicemap

import "example.com/clew/internal/timeline"

// mentions are spans that plain lines have named lately, and whose own line has not come: services
// that write none are callers all the same. As a rule the line comes, and the mention is forgotten.
type mentions struct {
	sets [1024][4]mention
}

type mention struct {
	low, high, span uint64
	service         uint16
	digits          uint16
}

// bare takes a plain line that names no span. How many digits its ID has is of use, but nginx may
// write a million such lines: of later ones it is enough to have those of a few traces.
func (a *Adder) bare(s *timeline.Sight) {
	const all, few = 4_096, 64
	if a.bares++; a.bares > all {
		if _, n := place(s.Trace.Low); n%few != 0 {
			return
		}
	}
	a.mention(s)
}

// mention takes a plain line that names its span.
func (a *Adder) mention(s *timeline.Sight) {
	if a.named == nil {
		a.named = &mentions{}
	}
	m := mention{s.Trace.Low, s.Trace.High, s.Span, a.lastIs, digitsOf(s.Digits)}
	set := a.named.set(m.low, m.span)
	for i := range set {
		if set[i].span == m.span && set[i].low == m.low {
			return
		}
	}
	a.named.tell(&set[len(set)-1], a) // the oldest makes room
	copy(set[1:], set[:len(set)-1])
	set[0] = m
}

func (n *mentions) set(low, span uint64) *[4]mention {
	return &n.sets[(low^span*0x9e3779b97f4a7c15)>>32%uint64(len(n.sets))]
}

// forget forgets a span that has a line of its own.
func (n *mentions) forget(r *row) {
	set := n.set(r.low, r.span)
	for i := range set {
		if set[i].span == r.span && set[i].low == r.low {
			copy(set[i:], set[i+1:])
			set[len(set)-1] = mention{}
			return
		}
	}
}

// tell makes a row of a mention.
func (n *mentions) tell(m *mention, a *Adder) {
	if *m != (mention{}) {
		a.put(&row{low: m.low, high: m.high, span: m.span, service: m.service, at: never, flags: isMention | m.digits})
	}
}
