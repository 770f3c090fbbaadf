package servicemap

import "example.com/clew/internal/timeline"

// mentions are spans that recent lines have named. A service that logs no requests may be a
// caller, too, and only its plain lines name its spans. So a mention becomes a row as soon as
// another one takes its place. Most mentions never become rows, because a line reports the span's
// request earlier.
type mentions struct {
	sets [1024]mentionSet
}

// mentionSet has up to four mentions. The oldest makes room for the next.
type mentionSet struct {
	of     [4]mention
	oldest uint8
}

type mention struct {
	low, high, span uint64
	service         uint16
	digits          uint16
	reported        bool // a line reports the span's request, call or job
}

func (m *mention) same(other *mention) bool {
	return m.span == other.span && m.low == other.low && m.service == other.service
}

// set returns the set for the mentions of a span.
func (n *mentions) set(low, span uint64) *mentionSet {
	return &n.sets[(low^span*0x9e3779b97f4a7c15)>>32%uint64(len(n.sets))]
}

// mention remembers a plain line that names its span.
func (a *Adder) mention(s *timeline.Sight) {
	if a.named == nil {
		a.named = &mentions{}
	}
	a.remember(&mention{low: s.Trace.Low, high: s.Trace.High, span: s.Span, service: a.lastIs, digits: digitsOf(s.Digits)})
}

// bare remembers a plain line that names no span, because the number of digits of its trace ID is
// useful. nginx may write a million such lines. So after the first 4,096, bare remembers only the
// lines of a few traces.
func (a *Adder) bare(s *timeline.Sight) {
	const all, few = 4_096, 64
	if a.bares++; a.bares > all {
		if _, n := place(s.Trace.Low); n%few != 0 {
			return
		}
	}
	a.mention(s)
}

// report notes that a line reports a span's request, call or job. Plain lines of such a span make
// no row.
func (a *Adder) report(r *row) {
	if a.named != nil && r.span != 0 {
		a.remember(&mention{low: r.low, span: r.span, service: r.service, reported: true})
	}
}

// remember keeps a mention.
func (a *Adder) remember(m *mention) {
	set := a.named.set(m.low, m.span)
	for i := range set.of {
		if set.of[i].same(m) {
			set.of[i].reported = set.of[i].reported || m.reported
			return
		}
	}
	oldest := &set.of[set.oldest]
	a.tell(oldest)
	oldest.low, oldest.high, oldest.span = m.low, m.high, m.span
	oldest.service, oldest.digits, oldest.reported = m.service, m.digits, m.reported
	set.oldest = (set.oldest + 1) % uint8(len(set.of))
}

// tell makes a row of a mention, unless a line reports the span's request, call or job.
func (a *Adder) tell(m *mention) {
	if *m != (mention{}) && !m.reported {
		a.put(&row{low: m.low, high: m.high, span: m.span, service: m.service, at: never, flags: isMention | m.digits})
	}
}

// tellAll makes rows of all remaining mentions.
func (a *Adder) tellAll() {
	if a.named == nil {
		return
	}
	for i := range a.named.sets {
		for j := range a.named.sets[i].of {
			a.tell(&a.named.sets[i].of[j])
		}
	}
}
