package filter

import (
	"time"

	"example.com/clew/audit/filter/internal/script"
)

// totals are the figures of what a filter has done.
type totals struct {
	calls, passed, errors int64
	time                  time.Duration
}

func (t *totals) add(c script.Counts) {
	t.calls += int64(c.Calls)
	t.passed += int64(c.Passed)
	t.errors += int64(c.Errors)
	t.time += c.Time
}

func (t totals) plus(u totals) totals {
	return totals{t.calls + u.calls, t.passed + u.passed, t.errors + u.errors, t.time + u.time}
}
