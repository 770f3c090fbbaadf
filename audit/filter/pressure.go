package filter

import (
	"fmt"
	"time"

	"example.com/clew/audit/filter/internal/script"
)

// The filters have kept the writer too busy if they ran for at least nine tenths of a window, and
// used the processor for at least half of it. Then events come faster than the filters judge them,
// and the buffer fills. Both conditions are needed: on a machine that is busy with other work,
// filters run for long but use little processor time.
const (
	pressureWindow = 10 * time.Second
	maxBusy        = 0.9
	minSpent       = 0.5
)

// pressure measures how busy the filters keep the writer. A limit for each call would not suffice:
// a filter that takes half a millisecond does not matter at a hundred events a second, but blocks
// a service at ten thousand.
type pressure struct {
	since time.Time // zero: no window has begun
	busy  time.Duration
	spent map[*live]time.Duration // processor time
	calls map[*live]int
}

// add notes that the filters judged a batch from the time began to the time ended. If they keep
// the writer too busy, it returns the filter that uses the most processor time, so that the caller
// switches this filter off.
func (p *pressure) add(on []*live, began, ended time.Time) *live {
	if p.since.IsZero() || began.Before(p.since) {
		*p = pressure{since: began, spent: map[*live]time.Duration{}, calls: map[*live]int{}}
	}
	p.busy += ended.Sub(began)
	for _, l := range on {
		p.spent[l] += l.turn.Time
		p.calls[l] += l.turn.Calls
	}
	window := ended.Sub(p.since)
	if window < pressureWindow {
		return nil
	}
	slowest := p.slowest(on, window)
	p.since = time.Time{}
	return slowest
}

func (p *pressure) slowest(on []*live, window time.Duration) (slowest *live) {
	var all time.Duration
	for _, l := range on {
		all += p.spent[l]
		if slowest == nil || p.spent[l] > p.spent[slowest] {
			slowest = l
		}
	}
	if float64(p.busy) < maxBusy*float64(window) || float64(all) < minSpent*float64(window) {
		return nil
	}
	return slowest
}

// fault returns why the filter l, which used the most processor time, is switched off.
func (p *pressure) fault(l *live) *script.Fault {
	each := p.spent[l] / time.Duration(max(1, p.calls[l]))
	return &script.Fault{Reason: fmt.Sprintf("events come faster than the filters judge them, and this filter took the most: %v of processor time a call", each.Round(time.Microsecond/10))}
}
