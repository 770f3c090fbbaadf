package filter_test

import (
	"context"
	"testing"
	"testing/synctest"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// If the scripts of one poll take too long, the remaining scripts are reported and wait for the
// next poll. Their old versions stay in use.
func TestLoadingTakesLong(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		both := func(client string) {
			write(t, dir, "a.yaml", rule("a", is(client)))
			write(t, dir, "b.yaml", rule("b", is(client)))
		}
		both("x")
		s, err := filter.OpenFor(filter.Config{Source: dir, App: "media-api", Filtered: true}, -1)
		require.NoError(t, err)
		assert.Equal(t, []string{"a", "discarded"}, verdicts(s, "x", "y"), "the first poll evaluates one script only")
		require.Len(t, s.Stats().Health.Problems, 1)
		assert.Contains(t, s.Stats().Health.Problems[0], `b.yaml: filter "b": not evaluated yet`)
		poll()
		assert.Equal(t, []string{"a b", "discarded"}, verdicts(s, "x", "y"))
		assert.Empty(t, s.Stats().Health.Problems)
		both("y")
		poll()
		assert.Equal(t, []string{"b", "a"}, verdicts(s, "x", "y"))
		poll()
		assert.Equal(t, []string{"discarded", "a b"}, verdicts(s, "x", "y"))
		require.NoError(t, s.Close(context.Background()))
	})
}

// A change outside of the script changes the filter, but the script keeps its scope.
func TestChanged(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", rule("a", is("a")))
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		before := s.Stats()
		poll()
		assert.Equal(t, before.Health.Changed, s.Stats().Health.Changed)
		for _, more := range []string{"expiration: 2036-12-24", "apps: [media-api]"} {
			write(t, dir, "a.yaml", rule("a", is("a"), more))
			poll()
			now := s.Stats()
			assert.True(t, now.Health.Changed.After(before.Health.Changed), more)
			assert.Equal(t, before.Filters[0].Since, now.Filters[0].Since)
			before = now
		}
	})
}

// If a script moves in its file, the line of its last error moves too.
func TestLineOfAnErrorThatMoved(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bad.yaml", rule("bad", "event.context.client == 'a' ? true : "+throws))
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		verdicts(s, "b")
		assert.Contains(t, s.Stats().Filters[0].LastError, "line 5: ")
		write(t, dir, "bad.yaml", "# a comment\n\n"+rule("bad", "event.context.client == 'a' ? true : "+throws))
		poll()
		assert.Contains(t, s.Stats().Filters[0].LastError, "line 7: ")
	})
}
