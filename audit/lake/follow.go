package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Follow tells the story of the events that q asks for. It reads their traces, then all traces
// that share a value with the events of these traces, and so on, within bounds.
//
// Follow only follows values that identify an item: values in at most Bounds.Common traces of the
// range. The number of an order is such a value, and the name of a network is not. The values that
// q itself asks for are always followed. An event without a trace is part of the story only if q
// asks for it.
//
// The range is that of q, with one difference. Without Since, the range covers at least the last
// 24 hours, even if q has a trace ID that contains the time of its trace. The range then has no
// end, unless q has Until. Limit has no effect. Follow fills report as [Find] does, and counts a
// file each time it is searched. If there is an error, the story contains the events that were
// found until then.
func Follow(ctx context.Context, q Query, bounds Bounds, report *Report, stores ...Store) (*Story, error) {
	if report == nil {
		report = new(Report)
	}
	*report = Report{}
	story := new(Story)
	q.Limit = 0
	a, err := q.resolve()
	if err := errors.Join(bounds.check(), err); err != nil {
		return story, err
	}
	if q.Since.IsZero() {
		day := q
		day.TraceID = ""
		whole, _ := day.timeRange(nil)
		a.span.since, a.grows = min(a.span.since, whole.since), false
		a.span.until = whole.until
	}
	v, err := newView(ctx, stores, a.maxBytes, report)
	if err != nil {
		return story, err
	}
	defer v.close()
	f := &following{view: v, span: a.span, bounds: bounds.orDefaults(), story: story, traces: map[string]trace{}, values: map[string]bool{}}
	err = f.run(a)
	f.tell()
	return story, cmp.Or(err, f.whole())
}

// following is the state of a call of Follow.
type following struct {
	*view
	span   timeRange
	bounds Bounds
	story  *Story
	traces map[string]trace // of the story, by their IDs of 32 digits
	values map[string]bool  // the values that were followed, or need not be followed
	common []string         // values that are in too many traces
	more   struct{ hops, traces, rows bool }
}

type trace struct {
	hop int
	by  string
}

// padded returns a trace ID with 32 digits. Two IDs belong to the same trace if their padded forms
// are equal.
func padded(id string) string {
	if len(id) == 16 {
		return "0000000000000000" + id
	}
	return id
}

func (f *following) run(a *question) error {
	for _, value := range a.filter.All() {
		f.values[value] = true
	}
	asked, err := f.find(a)
	if err != nil {
		return err
	}
	fresh := f.begin(asked)
	for hop := 1; ; hop++ {
		events, err := f.read(fresh)
		if err != nil {
			return err
		}
		values := f.identifiers(events)
		if len(values) == 0 {
			return nil
		}
		if hop == f.bounds.Hops {
			f.more.hops = true
			return nil
		}
		if fresh, err = f.next(values, hop+1); err != nil || len(fresh) == 0 {
			return err
		}
	}
}

// begin adds the events without a trace to the story. It returns the traces of the other events.
// All events of these traces are read later.
func (f *following) begin(asked []Event) (fresh []string) {
	slices.Reverse(asked) // the oldest first
	for _, e := range asked {
		if e.TraceID == "" {
			f.add(Step{Event: e})
		} else if f.admit(e.TraceID, trace{hop: 1}) {
			fresh = append(fresh, e.TraceID)
		}
	}
	return fresh
}

// admit adds a trace to the story if the trace is new and the limit of traces is not reached. It
// reports whether it has added the trace.
func (f *following) admit(id string, t trace) bool {
	if _, known := f.traces[padded(id)]; known {
		return false
	}
	if len(f.traces) >= f.bounds.Traces {
		f.more.traces = true
		return false
	}
	f.traces[padded(id)] = t
	return true
}

func (f *following) add(s Step) {
	if len(f.story.Events) >= f.bounds.Rows {
		f.more.rows = true
		return
	}
	f.story.Events = append(f.story.Events, s)
}

// read adds the events of traces to the story, and returns them.
func (f *following) read(ids []string) ([]Event, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	a := &question{span: f.span, rows: true, maxBytes: f.maxBytes}
	for _, id := range ids {
		both, err := spellings(id)
		if err != nil {
			return nil, err
		}
		a.filter.TraceIDs = append(a.filter.TraceIDs, both...)
	}
	slices.Sort(a.filter.TraceIDs)
	a.matches = func(e *Event) bool {
		_, ok := slices.BinarySearch(a.filter.TraceIDs, e.TraceID)
		return ok
	}
	events, err := f.find(a)
	slices.Reverse(events)
	for _, e := range events {
		t := f.traces[padded(e.TraceID)]
		f.add(Step{Event: e, Hop: t.hop, By: t.by})
	}
	return events, err
}

// find returns the newest events that match a question: at most one more than the limit of the
// story allows.
func (f *following) find(a *question) (all []Event, err error) {
	a.limit = f.bounds.Rows - len(f.story.Events) + 1
	if a.limit <= 1 {
		f.more.rows = true
		return nil, nil
	}
	s := &finding{view: f.view, question: a}
	err = s.run(func(events []Event) bool {
		all = append(all, events...)
		return true
	})
	return all, err
}

// identifiers returns the values of the events, and the key of each value. It leaves out values
// that were followed before.
func (f *following) identifiers(events []Event) map[string]string {
	fresh := map[string]string{}
	for _, e := range events {
		for _, key := range slices.Sorted(maps.Keys(e.Context)) {
			value := e.Context[key]
			if !f.values[value] {
				f.values[value] = true
				fresh[value] = key
			}
		}
	}
	delete(fresh, "")
	return fresh
}

// next returns the new traces that have one of the values, beginning with the rarest value.
func (f *following) next(values map[string]string, hop int) (fresh []string, err error) {
	t := &touching{view: f.view, span: f.span, most: f.bounds.Common, traces: map[string]map[string]string{}}
	for value := range values {
		t.traces[value] = map[string]string{}
	}
	if err := t.run(); err != nil {
		return nil, err
	}
	rare := slices.Collect(maps.Keys(t.traces))
	slices.SortFunc(rare, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(t.traces[a]), len(t.traces[b])), cmp.Compare(a, b))
	})
	for value, key := range values {
		if t.traces[value] == nil {
			f.common = append(f.common, key+"="+value)
		}
	}
	for _, value := range rare {
		for _, id := range slices.Sorted(maps.Values(t.traces[value])) {
			if f.admit(id, trace{hop, values[value] + "=" + value}) {
				fresh = append(fresh, id)
			}
		}
	}
	return fresh, nil
}

// tell sorts the events of the story, and sets the other fields.
func (f *following) tell() {
	s := f.story
	s.Traces = len(f.traces)
	slices.SortStableFunc(s.Events, func(a, b Step) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return newest(a.Event, b.Event)
	})
	for i := range s.Events {
		if i > 0 {
			s.Events[i].Gap = s.Events[i].Time.Sub(s.Events[i-1].Time)
		}
	}
	say := func(reached bool, format string, n int) {
		if reached {
			s.Stopped = append(s.Stopped, fmt.Sprintf(format, n))
		}
	}
	hops := "hops"
	if f.bounds.Hops == 1 {
		hops = "hop"
	}
	say(f.more.hops, "after %d "+hops+" there are values that were not followed", f.bounds.Hops)
	say(f.more.traces, "there are more than %d traces", f.bounds.Traces)
	say(f.more.rows, "there are more than %d events", f.bounds.Rows)
	if len(f.common) > 0 {
		slices.Sort(f.common)
		const shown = 5
		names := strings.Join(f.common[:min(shown, len(f.common))], ", ")
		if len(f.common) > shown {
			names += fmt.Sprintf(" and %d more", len(f.common)-shown)
		}
		s.Stopped = append(s.Stopped, fmt.Sprintf("values in more than %d traces were not followed: %s", f.bounds.Common, names))
	}
}
