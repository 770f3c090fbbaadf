package filter_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A file whose text is the same is not parsed again, and its problems are told as before.
func TestParsedOnce(t *testing.T) {
	const filters, apps = 100, 500
	other := fmt.Sprintf("apps: [x%s]", strings.Repeat(", x", apps-1))
	dir := t.TempDir()
	set := func(last string) {
		var all []string
		for i := range filters {
			all = append(all, rule(fmt.Sprint("f", i), "true", other))
		}
		write(t, dir, "all.yaml", strings.Join(append(all, last), "---\n"))
	}
	// pollAllocs returns the allocations of a poll.
	pollAllocs := func() uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		poll()
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	set("name: broken\n")
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		problems := s.Stats().Health.Problems
		require.Len(t, problems, 1)
		require.Contains(t, problems[0], `filter "broken": no js`)
		assert.Less(t, pollAllocs(), uint64(filters*apps/2), "the same text")
		assert.Equal(t, problems, s.Stats().Health.Problems)
		set("name: other\n")
		assert.Greater(t, pollAllocs(), uint64(filters*apps), "another text")
		assert.Contains(t, s.Stats().Health.Problems[0], `filter "other": no js`)
	})
}
