package filter_test

import (
	"testing"
	"time"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
)

// If filters keep the writer too busy for ten seconds, the one that takes most of the processor
// goes off. A busy machine, or a busy second, proves nothing.
func TestPressure(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name                             string
		quiet, busy, idle, first, second time.Duration
		after, off                       int
	}{
		{"the second is slow", 0, 100 * ms, 0, 5 * ms, 90 * ms, 100, 2},
		{"the first is slow", 0, 100 * ms, 5 * ms, 90 * ms, 5 * ms, 96, 1},
		{"both, together", 0, 100 * ms, 0, 26 * ms, 25 * ms, 100, 1},
		{"after a quiet minute", 61 * time.Second, 100 * ms, 0, 5 * ms, 90 * ms, 140, 2},
		{"not all the time", 0, 100 * ms, 20 * ms, 90 * ms, 5 * ms, 0, 0},
		{"a machine that is busy elsewhere", 0, 100 * ms, 0, 20 * ms, 20 * ms, 0, 0},
		{"fast enough", 0, ms, 99 * ms, ms, ms, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			after, off, reason := filter.Pressure(test.quiet, test.busy, test.idle, test.first, test.second, 1000)
			assert.Equal(t, test.after, after)
			assert.Equal(t, test.off, off)
			if test.off > 0 {
				assert.Contains(t, reason, "slower than the events come")
				assert.Contains(t, reason, (max(test.first, test.second)/10).String()+" of the processor a call")
			}
		})
	}
	after, off, _ := filter.Pressure(0, 100*ms, 0, 90*ms, 5*ms, 99)
	assert.Zero(t, after+off, "not within ten seconds")
}
