package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/clew/audit/lake"
)

// client is the client whose events the good filter passes.
const (
	client     = "3136"
	goodFilter = "anton_client_filter"
	goodFile   = "anton.yaml"
	badFilter  = "hurry_up"
	badFile    = "hurry.yaml"
)

// These are filters as people write them while the services run.
const (
	goodYAML = `name: "anton_client_filter"
js: |
    function filter(event) {
      var client = event.context.get("client_id")
      return client != null && client == "3136"
    }
`
	// badYAML counts down in steps of 3, misses 0, and never ends.
	badYAML = `name: "hurry_up"
apps: [augment]
js: |
    function filter(event) {
      for (var left = 10; left != 0; left -= 3) {
        if (event.context.get("label") == "hurry" + left) return true
      }
      return false
    }
`
)

// pace is the speed of the live part.
type pace struct {
	tick  time.Duration // the time between two points of the graph; 0: as fast as possible
	items int           // items that are sent in each tick
	ticks int           // ticks in each part
	every time.Duration // the time between two reads of the filters
	limit time.Duration // the longest wait until a filter is on, or off
}

// live lets the services write the same events again and again, and draws a graph. Meanwhile it
// adds a filter, and then a second one, which loops for ever. It returns an error if the graph
// does not fall, if the events that have passed are not found, or if the bad filter stays on.
func live(ctx context.Context, f *fleet, dir string, p pace, out io.Writer) (*graph, error) {
	l := &lively{fleet: f, dir: dir, pace: p, out: out, graph: &graph{}}
	if err := l.sync(ctx); err != nil { // earlier events must not be counted in a point
		return nil, err
	}
	l.began, l.done = time.Now(), l.totals()
	l.last = l.began
	for _, part := range []func(context.Context) error{l.before, l.filtered, l.found, l.broken} {
		if err := part(ctx); err != nil {
			return l.graph, err
		}
	}
	return l.graph, nil
}

// lively is the state of the live part.
type lively struct {
	pace
	fleet *fleet
	dir   string
	out   io.Writer
	graph *graph
	began time.Time
	last  time.Time // the time of the last point
	done  totals
	sent  int
}

// totals counts the events of all services.
type totals struct{ accepted, written, discarded int64 }

func (l *lively) totals() (t totals) {
	for _, s := range l.fleet.services() {
		stats := s.audit.Stats()
		t.accepted += stats.Accepted
		t.written += stats.Written
		t.discarded += stats.Discarded
	}
	return t
}

// The method before shows the events without a filter.
func (l *lively) before(ctx context.Context) error {
	fmt.Fprintf(l.out, "\nThe services write events of the same kind again and again. Events written a second:\n\n")
	return l.run(ctx, l.ticks)
}

// filtered adds the good filter, waits until it is on in all services, and checks that the graph
// falls.
func (l *lively) filtered(ctx context.Context) error {
	if err := l.write(goodFile, goodYAML, "a filter is written"); err != nil {
		return err
	}
	err := l.until(ctx, func() bool {
		return !slices.ContainsFunc(l.fleet.services(), func(s *service) bool { return !s.isOn(goodFilter) })
	})
	if err != nil {
		return fmt.Errorf("%s is not on: %w", goodFilter, err)
	}
	l.mark("it is on", goodFilter+" is on in all services")
	from := len(l.graph.points)
	if err := l.run(ctx, l.ticks); err != nil {
		return err
	}
	return l.fell(from)
}

// fell returns an error unless the services wrote almost all events before the filter was on, and
// few of them afterwards. The argument from is the index of the first point with the filter.
func (l *lively) fell(from int) error {
	share := func(points []point) float64 {
		var written, logged int64
		for _, p := range points {
			written += p.written
			logged += p.logged
		}
		return float64(written) / float64(max(logged, 1))
	}
	before, after := share(l.graph.points[:l.ticks]), share(l.graph.points[from:])
	if before < 0.99 || after > 0.2 {
		return fmt.Errorf("the graph did not fall: %.0f %% of the events were written before the filter, and %.0f %% with it", 100*before, 100*after)
	}
	return nil
}

// found returns an error unless a search finds the events that have passed the filter.
func (l *lively) found(ctx context.Context) error {
	var stores []lake.Store
	for _, s := range l.fleet.services() {
		stores = append(stores, lake.Dir(filepath.Join(l.dir, "audit", s.name)))
	}
	n := 0
	for e, err := range lake.Find(ctx, lake.Query{TraceName: goodFilter}, nil, stores...) {
		if err != nil {
			return err
		}
		if n++; e.Context["client_id"] != client {
			return fmt.Errorf("an event of client %s has passed %s", e.Context["client_id"], goodFilter)
		}
	}
	if n == 0 {
		return errors.New("no event that has passed the filter is found")
	}
	fmt.Fprintf(l.out, "\n%d events have passed the filter. This command finds them by the filter's name:\n\n  clew-audit find -d '%s' filter=%s\n\n", n, filepath.Join(l.dir, "audit", "*"), goodFilter)
	return nil
}

// broken adds a bad filter, and waits until it is switched off.
func (l *lively) broken(ctx context.Context) error {
	if err := l.write(badFile, badYAML, "a filter that loops for ever"); err != nil {
		return err
	}
	var off switchedOff
	err := l.until(ctx, func() bool {
		select {
		case off = <-l.fleet.off:
			return true
		default:
			return false
		}
	})
	if err != nil {
		return fmt.Errorf("%s stayed on: %w", badFilter, err)
	}
	if l.fleet.augment.isOn(badFilter) {
		return fmt.Errorf("%s stayed on", badFilter)
	}
	l.mark("it is off", fmt.Sprintf("ALARM, by the callback: %s is off in %s: %s, line %d: %s", off.Name, off.service, off.File, off.Line, off.Reason))
	for _, s := range l.fleet.services() {
		names, err := s.alarm.above(ctx)
		if err != nil {
			return err
		}
		for _, name := range names {
			fmt.Fprintf(l.out, "          → ALARM, by the metric: %s of %s in %s is above %d\n", watched, name, s.name, threshold)
		}
		var want []string
		if s.name == off.service {
			want = []string{badFilter}
		}
		if !slices.Equal(names, want) {
			return fmt.Errorf("the metric of %s shows these filters as off: %q, want %q", s.name, names, want)
		}
	}
	from := len(l.graph.points)
	if err := l.run(ctx, l.ticks/2+1); err != nil {
		return err
	}
	if err := l.fell(from); err != nil {
		return err
	}
	_, err = fmt.Fprintf(l.out, "\nThe good filter is still on. This command shows what the filters do:\n\n  clew-audit filters list -d '%s'\n", filepath.Join(l.dir, "audit", "*"))
	return err
}

// isOn reports whether a filter is on in the service.
func (s *service) isOn(name string) bool {
	for _, f := range s.filters.Stats().Filters {
		if f.Name == name {
			return f.Off == nil
		}
	}
	return false
}

// write writes a file of filters under a temporary name and renames it, so that no service reads
// an incomplete file.
func (l *lively) write(name, text, why string) error {
	path := filepath.Join(filters(l.dir), name)
	if err := os.WriteFile(path+".tmp", []byte(text), 0o644); err != nil {
		return err
	}
	l.mark(why, "filters/"+name+": "+why)
	return os.Rename(path+".tmp", path)
}

// mark notes what happens at this moment. The text short is for the picture, the text long for the
// terminal.
func (l *lively) mark(short, long string) {
	l.graph.marks = append(l.graph.marks, mark{time.Since(l.began), short})
	fmt.Fprintf(l.out, "          → %s\n", long)
}

// until sends items again and again, until the function condition returns true.
func (l *lively) until(ctx context.Context, condition func() bool) error {
	for end := time.Now().Add(l.limit); !condition(); {
		if time.Now().After(end) {
			return fmt.Errorf("%v have passed", l.limit)
		}
		if err := l.run(ctx, 1); err != nil {
			return err
		}
	}
	return nil
}

// run sends the items of the given number of ticks, and draws a point for each tick.
func (l *lively) run(ctx context.Context, ticks int) error {
	for range ticks {
		next := l.last.Add(l.tick)
		if err := l.send(ctx); err != nil {
			return err
		}
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return ctx.Err()
		}
		l.draw()
	}
	return nil
}

// clients is the number of clients. Each sends the same number of items.
const clients = 20

// send sends the items of a tick, and waits until their events were judged and written.
func (l *lively) send(ctx context.Context) error {
	const senders = 4
	errs := make([]error, senders)
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() {
			for n := i; n < l.items && errs[i] == nil; n += senders {
				number := l.sent + n
				errs[i] = l.fleet.send(ctx, fmt.Sprintf("PQR.%d", number), fmt.Sprint(3136+number%clients))
			}
		})
	}
	all.Wait()
	l.sent += l.items
	return errors.Join(append(errs, l.sync(ctx))...)
}

// sync waits until all events were judged and written.
func (l *lively) sync(ctx context.Context) error {
	var errs []error
	for _, s := range l.fleet.services() {
		errs = append(errs, s.audit.Sync(ctx))
	}
	return errors.Join(errs...)
}

// draw draws the point of a tick.
func (l *lively) draw() {
	now, t := time.Now(), l.totals()
	p := point{at: now.Sub(l.began), took: now.Sub(l.last), logged: t.accepted - l.done.accepted, written: t.written - l.done.written, discarded: t.discarded - l.done.discarded}
	l.last, l.done = now, t
	l.graph.points = append(l.graph.points, p)
	fmt.Fprintln(l.out, strings.TrimRight(p.bar(l.graph.most()), " "))
}
