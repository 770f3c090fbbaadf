package timeline

import (
	"cmp"
	"slices"
	"time"
)

// builder builds a tree.
type builder struct {
	tree  *Tree
	spans []*Span
	byID  map[string]*Span // the first span with each ID
	skew  map[string]time.Duration
}

// maxSame is the largest number of spans with the same ID. The attempts of a repeated call may
// share an ID, and with Finagle each attempt is two spans. A line that reports one more such span
// is put under the first one.
const maxSame = 16

// report makes a span for each line that reports one, unless an earlier line reports the same
// span.
func (b *builder) report() {
	for _, l := range b.tree.Entries {
		s := spanOf(l)
		if s == nil {
			continue
		}
		if before := b.reported(s); before != nil {
			l.Span = before
			continue
		}
		l.Span = s
		b.add(s)
	}
}

// reported returns an earlier span with the ID, the service and the kind of s; nil: there is none.
// If maxSame other spans have the ID, it returns the first of them.
func (b *builder) reported(s *Span) *Span {
	n := 0
	for other := b.byID[s.ID]; other != nil && s.ID != ""; other = other.next {
		if other.Service == s.Service && other.Kind == s.Kind {
			return other
		}
		if n++; n == maxSame {
			return b.byID[s.ID]
		}
	}
	return nil
}

func (b *builder) add(s *Span) {
	s.number = len(b.spans)
	b.spans = append(b.spans, s)
	if s.ID == "" {
		return
	}
	first := b.byID[s.ID]
	if first == nil {
		b.byID[s.ID] = s
		return
	}
	for s.nth = 1; first.next != nil; s.nth++ {
		first = first.next
	}
	first.next = s
}

// make puts each line that reports no span under the span that the line names. If no line reports
// that span, a new span is made for it.
func (b *builder) make() {
	for _, l := range b.tree.Entries {
		if l.Span != nil || l.Entry.Span == "" {
			continue
		}
		l.Span = b.find(l.Entry.Span, l.Service, false)
		if l.Span == nil {
			l.Span = &Span{ID: l.Entry.Span, Service: l.Service, Kind: Internal, Made: true}
			b.add(l.Span)
		}
		if l.Span.Made {
			l.Span.Service = or(l.Span.Service, l.Service)
			l.Span.ParentID = or(l.Span.ParentID, l.Entry.Parent)
		}
	}
}

// find returns the span with this ID; nil: there is none. If several spans have the ID, find
// prefers a span of the service, and among these a span that is not a call. If called is true,
// find looks for the parent of a request of the service. Another service has sent the request, so
// find then prefers a span of another service, and among these a call.
func (b *builder) find(id, service string, called bool) *Span {
	best, points := (*Span)(nil), -1
	for s := b.byID[id]; s != nil && id != ""; s = s.next {
		p := 0
		if (s.Kind == Client) == called {
			p++
		}
		if (s.Service == service) != called {
			p += 2
		}
		if p > points {
			best, points = s, p
		}
	}
	return best
}

// link sets the parent of each span whose line names a known parent.
func (b *builder) link() {
	for _, s := range b.spans {
		if s.Kind == Job { // a job begins its own trace
			continue
		}
		served := s.Kind == Server
		if served { // with Finagle, a request has the span ID of its call
			if p := b.find(s.ID, s.Service, true); p != nil && p.Kind == Client {
				s.Parent = p
				continue
			}
		}
		if s.ParentID == s.ID {
			continue
		}
		s.Parent = b.find(s.ParentID, s.Service, served)
		if s.Parent == nil && served {
			s.Parent = b.find(s.Report.CallerParent, s.Service, false)
		}
		if s.Parent == s {
			s.Parent = nil
		}
	}
}

// uncircle breaks each circle of spans that are each other's parents. It removes a guessed parent
// if there is one, else the parent of the span that begins first.
func (b *builder) uncircle() {
	walk := make([]int32, len(b.spans)) // for each span, the walk that has seen it; 0: none
	for i, s := range b.spans {
		this := int32(i + 1)
		for ; s != nil && walk[s.number] == 0; s = s.Parent {
			walk[s.number] = this
		}
		if s != nil && walk[s.number] == this {
			b.cut(s)
		}
	}
}

// cut breaks the circle of parents that contains s.
func (b *builder) cut(s *Span) {
	at := s
	for p := s.Parent; p != s; p = p.Parent {
		if p.Guess && !at.Guess || p.Guess == at.Guess && earlier(p, at) < 0 {
			at = p
		}
	}
	at.Parent = nil
	if at.Guess {
		at.Guess = false
		return
	}
	at.cut = true
	b.tree.Circles++
}

// miss makes a span for each parent that a span names and no line reports.
func (b *builder) miss() {
	for _, s := range b.spans { // the spans that miss adds have no parent
		if s.ParentID == "" || !s.lost() {
			continue
		}
		p := b.byID[s.ParentID]
		if p == nil {
			p = &Span{ID: s.ParentID, Kind: Internal, Made: true}
			b.add(p)
		}
		if s.Kind == Server {
			p.Kind = Client
		}
		s.Parent = p
	}
}

// arrange fills Children, Roots and Spans from the parents.
func (b *builder) arrange() {
	t := b.tree
	t.Roots, t.Spans = nil, make([]*Span, 0, len(b.spans))
	for _, s := range b.spans {
		s.Children = s.Children[:0]
	}
	for _, s := range b.spans {
		if s.Parent == nil {
			t.Roots = append(t.Roots, s)
		} else {
			s.Parent.Children = append(s.Parent.Children, s)
		}
	}
	b.flatten()
}

// flatten fills Spans in the order in which a tree is drawn.
func (b *builder) flatten() {
	t := b.tree
	t.Spans = t.Spans[:0]
	slices.SortFunc(t.Roots, earlier)
	var stack []*Span
	push := func(spans []*Span) {
		for _, s := range slices.Backward(spans) {
			stack = append(stack, s)
		}
	}
	for push(t.Roots); len(stack) > 0; {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		t.Spans = append(t.Spans, s)
		slices.SortFunc(s.Children, earlier)
		push(s.Children)
	}
}

// settle moves each span that begins before its parent only because its time is inexact. Such a
// span then begins with its parent.
func (b *builder) settle() {
	for _, s := range b.tree.Spans {
		if s.Parent == nil || s.Report == nil || s.Start.IsZero() || s.Parent.Start.IsZero() {
			continue
		}
		if early := s.Parent.Start.Sub(s.Start); early > 0 && early <= s.Report.inexact {
			s.Start = s.Parent.Start
		}
	}
}

// extend gives a time to the spans that no line reports: the time of their lines and children.
func (b *builder) extend() {
	for _, l := range b.tree.Entries {
		if l.Span != nil && l.Span.Made {
			l.Span.cover(l.At, l.At)
		}
	}
	for _, s := range slices.Backward(b.tree.Spans) {
		if s.Parent != nil && s.Parent.Made {
			s.Parent.cover(s.Start, s.End())
		}
	}
}

// place puts each line under its span. If a line names no span, and exactly one span of its
// service encloses the line in time, place puts the line under that span. Some services answer
// calls and report no requests. If exactly one unanswered call to such a service encloses a line
// of the service in time, place puts the line under that call.
func (b *builder) place() {
	works := b.works()
	if asked := b.homeless(); len(asked) > 0 {
		ask(works, service, asked)
	}
	reports := map[string]bool{}
	for _, s := range works {
		reports[s.Service] = true
	}
	asked := slices.DeleteFunc(b.homeless(), func(q question) bool { return reports[q.name] })
	if len(asked) > 0 {
		ask(b.unanswered(), called, asked)
	}
	for _, l := range b.tree.Entries {
		if l.Span == nil {
			b.tree.Loose = append(b.tree.Loose, l)
		} else {
			l.Span.Lines = append(l.Span.Lines, l)
		}
	}
}

// homeless returns a question for each line that has a service and a time, but no span.
func (b *builder) homeless() []question {
	var asked []question
	for _, l := range b.tree.Entries {
		if l.Span == nil && l.Service != "" && !l.At.IsZero() {
			asked = append(asked, question{
				name: l.Service, latestStart: l.At.Add(l.inexact), earliestEnd: l.At,
				answer: func(s *Span) { l.Span, l.Guess = s, true },
			})
		}
	}
	return asked
}

// order sorts spans and lines by time. Then it computes the sums, the links and the critical path.
func (b *builder) order() {
	t := b.tree
	b.flatten()
	t.extent()
	for _, s := range t.Spans {
		sharpen(s.Lines, s.Start, s.Report)
	}
	sharpen(t.Loose, t.Start, nil)
	slices.SortFunc(t.Entries, compareLines)
	t.sum(b.skew)
	t.links()
	t.critical()
}

// earlier orders spans by their beginning. Spans without a time come last.
func earlier(a, b *Span) int {
	if a.Start.IsZero() != b.Start.IsZero() {
		if a.Start.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(a.Start.Compare(b.Start), b.End().Compare(a.End()), cmp.Compare(a.number, b.number))
}
