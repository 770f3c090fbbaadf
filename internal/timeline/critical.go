package timeline

import (
	"cmp"
	"slices"
	"time"
)

// stretch is a part of a span on the critical path.
type stretch struct {
	span        *Span
	from, until time.Time
}

// critical finds the spans that made the longest root as long as it is. It walks back from the
// root's end. At its end, the root waited for the child that ended last. Before that child began,
// the root waited for the child that had ended last by then, and so on.
func (t *Tree) critical() {
	root := t.longest()
	if root == nil {
		return
	}
	for stack := []stretch{{root, root.Start, root.End()}}; len(stack) > 0; {
		at := stack[len(stack)-1]
		stack = append(stack[:len(stack)-1], at.waits()...)
	}
}

// longest returns the root with the longest duration; nil: there is none.
func (t *Tree) longest() *Span {
	var root *Span
	for _, s := range t.Roots {
		if !s.Start.IsZero() && (root == nil || s.Duration > root.Duration) {
			root = s
		}
	}
	return root
}

// waits finds the time in which the span waited for no child, and adds that time to the span's
// Critical. It returns the stretches of the children for which the span waited.
func (at stretch) waits() []stretch {
	s, cursor := at.span, at.until
	children := slices.Clone(s.Children)
	slices.SortStableFunc(children, func(a, b *Span) int { return cmp.Or(b.End().Compare(a.End()), earlier(a, b)) })
	var waited []stretch
	for _, c := range children {
		from, until := latest(c.Start, at.from), c.End()
		if until.After(cursor) {
			until = cursor
		}
		if c.Start.IsZero() || !from.Before(until) || s.leaves(c) {
			continue
		}
		s.Critical += cursor.Sub(until)
		waited = append(waited, stretch{c, from, until})
		cursor = from
	}
	s.Critical += cursor.Sub(at.from)
	return waited
}

// leaves reports whether s ended long before its child c, and therefore did not wait for c.
func (s *Span) leaves(c *Span) bool {
	return c.Kind != Server && c.End().Sub(s.End()) > Tolerance
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Share is the part of a trace's time that one kind of work took.
type Share struct {
	Service, Operation string
	Kind               Kind
	// Answered says that the spans are calls, and that the called service has reported its work.
	// The share does not include that work, so it is network and waiting.
	Answered bool
	Spans    int
	Time     time.Duration // on the critical path
}

// percentOf returns the share as a percentage of the root's duration.
func (s Share) percentOf(root *Span) int {
	return int(100*float64(s.Time)/float64(root.Duration) + 0.5)
}

// Shares returns the shares of the trace's time, the largest first.
func (t *Tree) Shares() []Share {
	of := map[Share]*Share{}
	for _, s := range t.Spans {
		if s.Critical <= 0 {
			continue
		}
		key := Share{Service: s.Service, Operation: alike(s.Operation), Kind: s.Kind, Answered: s.Kind == Client && len(s.Children) > 0}
		share := of[key]
		if share == nil {
			first := key
			first.Operation = s.Operation
			share = &first
			of[key] = share
		} else if share.Operation != s.Operation {
			share.Operation = key.Operation
		}
		share.Spans++
		share.Time += s.Critical
	}
	all := make([]Share, 0, len(of))
	for _, s := range of {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Share) int {
		if a.Answered != b.Answered && a.Time == b.Time {
			return map[bool]int{true: 1, false: -1}[a.Answered]
		}
		return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Kind, b.Kind))
	})
	return all
}

// mainShares returns the shares that a view shows, and the root that they are parts of. The
// first share is always among them. The others have 5 % or more.
func (t *Tree) mainShares() (shares []Share, root *Span) {
	root = t.longest()
	if root == nil || len(t.Spans) < 2 || root.Duration <= 0 {
		return nil, nil
	}
	shares = t.Shares()
	for i, s := range shares {
		if i == maxItems || i > 0 && s.percentOf(root) < 5 {
			return shares[:i], root
		}
	}
	return shares, root
}

// alike returns an operation with N in place of each number in its path, so that calls of
// /images/1 and /images/2 are the same operation. The port of a host stays.
func alike(operation string) string {
	path := 0
	for path < len(operation) && operation[path] != '/' {
		path++
	}
	text := []byte(operation[:path])
	for i := path; i < len(operation); i++ {
		digit := operation[i]-'0' <= 9
		switch {
		case !digit:
			text = append(text, operation[i])
		case text[len(text)-1] != 'N' || operation[i-1]-'0' > 9:
			text = append(text, 'N')
		}
	}
	return string(text)
}

// Causes returns the spans in which failures began: they have failed, and no span below them has
// failed.
func (t *Tree) Causes() []*Span {
	below := map[*Span]bool{}
	var causes []*Span
	for _, s := range slices.Backward(t.Spans) {
		if s.Failed && !below[s] {
			causes = append(causes, s)
		}
		if s.Parent != nil && (s.Failed || below[s]) {
			below[s.Parent] = true
		}
	}
	slices.Reverse(causes)
	return causes
}
