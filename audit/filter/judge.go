package filter

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/filter/internal/rules"
)

// Judge is the function for the field Filter of audit.Config. It judges a batch by the current
// filters. Filters are added, changed and removed only between two batches. Several filters judge
// a batch at the same time, on up to GOMAXPROCS goroutines. The calls of one filter are in order.
// Concurrent calls of Judge wait for each other.
func (s *Set) Judge(batch []audit.Candidate) {
	if s == nil || len(batch) == 0 {
		return
	}
	s.judging.Lock()
	defer s.judging.Unlock()
	now := time.Now()
	on, applied := s.current(now)
	if applied == 0 {
		s.tellBroken(false, now)
		return
	}
	run(on, batch)
	if l := s.pressure.add(on, now, time.Now()); l != nil && l.fault == nil {
		l.fault = s.pressure.fault(l)
	}
	broken := s.switchOff(on, now) == 0
	s.tellBroken(broken, now)
	var e Events
	for i := range batch {
		s.settle(&batch[i], i, on, broken, now, &e)
	}
	s.count(on, e)
}

// current returns the filters that are on, and the number of filters that apply, including those
// that are switched off.
func (s *Set) current(now time.Time) (on []*live, applied int) {
	for _, l := range s.filters {
		// An expired filter has no script, even if the clock is set back later.
		if l.IsExpired(now) || l.script == nil && l.off == nil {
			continue
		}
		applied++
		if l.off == nil {
			on = append(on, l)
		}
	}
	return on, applied
}

// run makes each of the filters judge the batch, several at the same time.
func run(on []*live, batch []audit.Candidate) {
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(len(on)); i = next.Add(1) - 1 {
			on[i].judge(batch)
		}
	}
	var others sync.WaitGroup
	for range min(len(on), runtime.GOMAXPROCS(0)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
}

// settle passes, keeps or discards one event, by the answers of all filters. The argument broken
// says that all filters are off, after this batch at the latest. A filter that went off within the
// batch has not judged the last events of the batch. So Config.Broken decides about an event that
// no filter has passed.
func (s *Set) settle(c *audit.Candidate, i int, on []*live, broken bool, now time.Time, e *Events) {
	s.names = s.names[:0]
	for _, l := range on {
		if l.pass[i] {
			s.names = append(s.names, l.Name)
		}
	}
	e.Judged++
	switch {
	case len(s.names) > 0:
		c.Pass(s.names...)
		e.Passed++
	case broken && s.cfg.Broken == Keep && s.bucket.take(now):
		e.Kept++ // the event is written unchanged
	default:
		c.Discard()
		e.Discarded++
	}
}

// switchOff switches off the filters that had a fault in this batch, and returns how many of the
// given filters are still on.
func (s *Set) switchOff(on []*live, now time.Time) (left int) {
	for _, l := range on {
		if l.fault == nil {
			left++
		}
	}
	if left == len(on) {
		return left
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range on {
		if l.fault == nil {
			continue
		}
		off := Off{Name: l.Name, Reason: rules.Printable(l.fault.Reason), File: l.file, At: now, AllOff: left == 0}
		off.Line = l.lineOf(l.fault)
		l.off = &off
		s.addOff(off)
		if !l.failed { // a failed engine is in an unknown state, and is not used again
			s.garbage = append(s.garbage, l.script)
		}
		l.script = nil
		s.broken = s.broken || off.AllOff
	}
	s.signal()
	return left
}

// tellBroken records whether all filters that apply are off. If they are, but not because of a
// fault in this batch, the last filters that were on have expired or were removed. In that case
// tellBroken reports each filter that is off once more, with AllOff.
func (s *Set) tellBroken(broken bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !broken || s.broken {
		s.broken = broken
		return
	}
	s.broken = true
	for _, l := range s.filters {
		if l.off != nil && !l.IsExpired(now) {
			off := *l.off
			off.AllOff, off.At = true, now
			l.off = &off
			s.addOff(off)
		}
	}
	s.signal()
}

// count adds the results of a batch to the figures.
func (s *Set) count(on []*live, e Events) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range on {
		l.figures.add(l.turn)
		if l.turn.Last != nil {
			l.last = l.turn.Last
		}
	}
	s.events.Judged += e.Judged
	s.events.Passed += e.Passed
	s.events.Kept += e.Kept
	s.events.Discarded += e.Discarded
}

// addOff queues an Off for the goroutine tell. The caller must hold mu.
func (s *Set) addOff(off Off) {
	if len(s.offs) < maxOffs {
		s.offs = append(s.offs, off)
	}
}
