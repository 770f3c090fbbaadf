package timeline

import (
	"cmp"
	"slices"
	"strings"
)

// Trace contains the lines of one trace in the order of their times. A line that is in several
// sources is kept once.
type Trace struct {
	ID      ID
	Entries []*Line
	Doubles int // the number of omitted lines, which another source has too
}

// NewTrace returns the trace with these entries, which may be in any order. The Trace refers to
// the entries, and nothing changes them. Each entry becomes a line of the trace, even if the entry
// has another ID. Nil entries are ignored.
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

// once leaves out lines with the text, time and service of a line in an earlier source. A program
// may write one text several times. So the equal lines of each source are counted. The source with
// the most of them decides how many are kept.
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
