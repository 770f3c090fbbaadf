package lake

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/table/read"
)

// touching looks for the traces whose events have one of the given values. The field most is the
// largest number of traces: as soon as a value is found in more traces, touching drops the value.
type touching struct {
	*view
	span timeRange
	most int

	mu sync.Mutex
	// traces has a map for each value. This map contains the IDs of the value's traces. Its keys
	// are the same IDs in the form with 32 digits, so that both forms of an ID count as one trace.
	traces map[string]map[string]string
}

func (t *touching) run() error {
	if err := t.walkSegments(t.segment); err != nil {
		return err
	}
	partitions, err := t.list(t.span)
	if err != nil {
		return err
	}
	slices.SortFunc(partitions, func(a, b *partition) int { return cmp.Compare(b.begin, a.begin) })
	return t.walk(partitions, maxAhead, func(p *partition) (more bool, err error) {
		t.report.Partitions++
		// If files disappear, the IDs that were noted remain valid: the files that replace them
		// have the same events.
		return true, t.visit(p, func() {}, func(f *stored) (bool, error) { return false, t.file(f) }, func() error { return nil })
	})
}

func (t *touching) values() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Keys(t.traces))
}

func (t *touching) note(value, id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if of := t.traces[value]; of != nil && id != "" {
		of[padded(id)] = id
		if len(of) > t.most {
			delete(t.traces, value)
		}
	}
}

func (t *touching) file(f *stored) error {
	whole := read.Filter{Since: t.span.since, Until: t.span.until}
	for group := range f.file.Groups() {
		values := t.values()
		if len(values) == 0 {
			return nil
		}
		if err := t.ctx.Err(); err != nil {
			return err
		}
		whole.AnyValue = values
		touched, err := f.file.Group(group).Touched(&whole, t.most+1)
		if err != nil {
			return err
		}
		for value, ids := range touched {
			for _, id := range ids {
				t.note(value, id)
			}
		}
	}
	return nil
}

func (t *touching) segment(o *openSegment) (clean bool, size int64, err error) {
	wanted := map[string]bool{}
	for _, value := range t.values() {
		wanted[value] = true
	}
	return o.walk(t.ctx, nil, func(r *segment.Record) {
		if len(r.TraceID) == 0 || r.Time < t.span.since || r.Time >= t.span.until {
			return
		}
		for _, value := range r.Pairs() {
			if wanted[string(value)] {
				t.record(eventOf(r, o.header.App), wanted)
				return
			}
		}
	})
}

// record notes the values of an event. A key that was logged twice has its last value.
func (t *touching) record(e Event, wanted map[string]bool) {
	for _, value := range e.Context {
		if wanted[value] {
			t.note(value, e.TraceID)
		}
	}
}
