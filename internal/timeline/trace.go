package timeline

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Trace is the lines of one trace, in the order of their times. A line that several sources have
// is kept once.
type Trace struct {
	ID      ID
	Entries []*Line
	Doubles int // lines left out, because another source has them too
}

// Line is an entry in its trace.
type Line struct {
	*Entry

	// At orders the line among the others. It is the entry's time, put right by the skew of its
	// service's clock. A line without a time has that of its neighbour in the same source; zero:
	// the source has no times at all. Entry.Time stays as it was written.
	At time.Time

	Span  *Span // that it stands under; nil: under the trace itself
	Guess bool  // it names no span: Span is the only one that it can belong to by time

	inexact time.Duration // how much later than At it may have been written
}

// NewTrace returns the trace that the entries are the lines of, in whatever order they come. It
// keeps the entries, and changes none. All of them are its lines, whichever ID they have; nil ones
// are not.
func NewTrace(id ID, entries []*Entry) *Trace {
	bySource := make([]*Entry, 0, len(entries))
	for _, e := range entries {
		if e != nil {
			bySource = append(bySource, e)
		}
	}
	slices.SortStableFunc(bySource, compareInSource)
	t := &Trace{ID: id}
	kept := t.once(bySource)
	for len(kept) > 0 {
		n := 1
		for n < len(kept) && kept[n].Source == kept[0].Source {
			n++
		}
		t.Entries = append(t.Entries, lineUp(kept[:n])...)
		kept = kept[n:]
	}
	slices.SortStableFunc(t.Entries, compareLines)
	return t
}

func compareInSource(a, b *Entry) int {
	return cmp.Or(strings.Compare(a.Source, b.Source), cmp.Compare(a.Number, b.Number))
}

// compareLines orders lines by time. Those without any come last.
func compareLines(a, b *Line) int {
	if a.At.IsZero() != b.At.IsZero() {
		if a.At.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(a.At.Compare(b.At), compareInSource(a.Entry, b.Entry))
}

// once leaves out what an earlier source has too: the same text, time and service. A program may
// write one text several times, so the copies of a source are counted, and the source with most
// copies decides how many there are.
func (t *Trace) once(entries []*Entry) []*Entry {
	type copied struct {
		text, service string
		ns            int64
		second        int64
		nth           int
	}
	seen := make(map[copied]struct{}, len(entries))
	inSource := map[copied]int{}
	kept, source := entries[:0:0], ""
	for i, e := range entries {
		if i == 0 || e.Source != source {
			source = e.Source
			clear(inSource)
		}
		c := copied{text: e.Text, service: e.Service, second: e.Time.Unix(), ns: int64(e.Time.Nanosecond())}
		inSource[c]++
		c.nth = inSource[c]
		if _, ok := seen[c]; ok && e.Text != "" {
			t.Doubles++
			continue
		}
		seen[c] = struct{}{}
		kept = append(kept, e)
	}
	return kept
}

// lineUp gives to each entry of one source its place in time.
func lineUp(entries []*Entry) []*Line {
	lines := make([]*Line, len(entries))
	last := &Line{Entry: &Entry{}}
	untimed := 0 // lines at the beginning that have no time
	for i, e := range entries {
		l := &Line{Entry: e, At: e.Time, inexact: e.Precision}
		switch {
		case l.At.IsZero():
			l.At, l.inexact = last.At, last.inexact
		case l.inexact > 0 && l.At.Before(last.At) && last.At.Sub(l.At) < l.inexact: // its source puts it behind the last one
			l.inexact -= last.At.Sub(l.At)
			l.At = last.At
		}
		if l.At.IsZero() {
			untimed++
		} else if last.At.IsZero() {
			for _, before := range lines[:untimed] {
				before.At, before.inexact = l.At, l.inexact
			}
		}
		lines[i], last = l, l
	}
	return lines
}
