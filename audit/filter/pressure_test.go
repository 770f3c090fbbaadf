package filter_test

import (
	"testing"
	"time"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
)

// If filters keep the writer too busy for ten seconds, the filter that takes the most processor
// time goes off. No filter goes off if only the machine is busy, or if the filters are busy for
// less time.
func TestPressure(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name                             string
		quiet, busy, idle, first, second time.Duration
		after, off                       int
	}{
		{"the second filter is slow", 0, 100 * ms, 0, 5 * ms, 90 * ms, 100, 2},
		{"the first filter is slow", 0, 100 * ms, 5 * ms, 90 * ms, 5 * ms, 96, 1},
		{"both filters together are slow", 0, 100 * ms, 0, 26 * ms, 25 * ms, 100, 1},
		{"after a quiet minute", 61 * time.Second, 100 * ms, 0, 5 * ms, 90 * ms, 140, 2},
		{"a slow filter with pauses", 0, 100 * ms, 20 * ms, 90 * ms, 5 * ms, 0, 0},
		{"a machine that is busy with other work", 0, 100 * ms, 0, 20 * ms, 20 * ms, 0, 0},
		{"filters that are fast enough", 0, ms, 99 * ms, ms, ms, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			after, off, reason := filter.Pressure(test.quiet, test.busy, test.idle, test.first, test.second, 1000)
			assert.Equal(t, test.after, after)
			assert.Equal(t, test.off, off)
			if test.off > 0 {
				assert.Contains(t, reason, "events come faster than the filters judge them")
				assert.Contains(t, reason, (max(test.first, test.second)/10).String()+" of processor time a call")
			}
		})
	}
	after, off, _ := filter.Pressure(0, 100*ms, 0, 90*ms, 5*ms, 99)
	assert.Zero(t, after+off, "no filter goes off within ten seconds")
}
