package filter_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The source is read at the interval Config.Every. A state is out of date after four intervals.
func TestEvery(t *testing.T) {
	for _, every := range []time.Duration{0, 100 * time.Millisecond, 10 * time.Minute} {
		t.Run(every.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, dir := t.TempDir(), t.TempDir()
				s, err := filter.Open(filter.Config{Source: source, App: "media-api", Filtered: true, Dir: dir, Every: every})
				require.NoError(t, err)
				if every == 0 {
					every = 30 * time.Second
				}
				write(t, source, "a.yaml", rule("a", "true"))
				time.Sleep(every * 8 / 10)
				synctest.Wait()
				assert.Empty(t, s.Stats().Filters, "the source has not been polled yet")
				time.Sleep(every*4/10 + 500*time.Millisecond) // a file that changes is read twice
				synctest.Wait()
				assert.Len(t, s.Stats().Filters, 1, "the poll has loaded the filter")
				states, err := filter.ReadState(dir)
				require.NoError(t, err)
				require.Len(t, states, 1)
				st := states[0]
				assert.Equal(t, every, st.Every)
				require.NoError(t, s.Close(t.Context()))
				at := func(polls time.Duration) time.Time {
					return st.Updated.Add(polls*max(every, time.Second) + 10*time.Second)
				}
				assert.True(t, st.IsRunning(at(3)))
				assert.False(t, st.IsRunning(at(4)))
			})
		})
	}
	_, err := filter.Open(filter.Config{Source: t.TempDir(), App: "a", Every: time.Millisecond})
	assert.ErrorContains(t, err, "Config.Every is 1ms, less than 100ms")
}
