package filter_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit/audittest"
	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A hundred filters change at once while batches are judged. Each batch is judged by all filters
// of one version, and by none of another version.
func TestReload(t *testing.T) {
	const filters, versions = 100, 4
	dir := t.TempDir()
	set := func(version int) {
		var all []string
		for i := range filters {
			all = append(all, rule(fmt.Sprintf("f%d", i), fmt.Sprintf("event.context.client == 'v%d' || event.context.client == 'all'", version)))
		}
		write(t, dir, "all.yaml", strings.Join(all, "---\n"))
	}
	set(0)
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		require.Len(t, s.Stats().Filters, filters, "%v", s.Stats().Health)
		go func() {
			for version := 1; version < versions; version++ {
				time.Sleep(40 * time.Second)
				set(version)
			}
		}()
		events, seen := int64(0), map[int]int{}
		for range 180 / 2 {
			time.Sleep(2 * time.Second)
			batch := audittest.Candidates(event("v0"), event("v1"), event("v2"), event("v3"), event("all"))
			s.Judge(batch)
			version := -1
			for i := range versions {
				switch n := len(batch[i].Names()); n {
				case 0:
					assert.True(t, batch[i].Discarded())
				case filters:
					assert.Equal(t, -1, version, "two versions judged one batch")
					version = i
				default:
					t.Fatalf("an event was judged by %d filters of %d", n, filters)
				}
			}
			assert.Len(t, batch[versions].Names(), filters)
			seen[version]++
			events += int64(len(batch))
		}
		assert.Len(t, seen, versions, "not every version was used, only %v", seen)
		assert.Equal(t, events, s.Stats().Events.Judged)
		adds(t, s)
	})
}

// Several goroutines may call Judge at once, as the Loggers of a program do. Their batches wait
// for each other.
func TestJudgeOfManyGoroutines(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		write(t, dir, fmt.Sprint(i, ".yaml"), rule(fmt.Sprint("f", i), is(fmt.Sprint(i))))
	}
	s := open(t, filter.Config{Source: dir, Dir: dir})
	done := make(chan []string)
	for range 4 {
		go func() {
			var got []string
			for range 50 {
				got = verdicts(s, "0", "1", "2", "3", "4", "5")
				s.Stats()
			}
			done <- got
		}()
	}
	for range 4 {
		assert.Equal(t, []string{"f0", "f1", "f2", "f3", "f4", "discarded"}, <-done)
	}
	assert.EqualValues(t, 4*50*6, s.Stats().Events.Judged)
	adds(t, s)
}
