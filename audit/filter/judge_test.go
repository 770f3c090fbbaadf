package filter_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMeaning(t *testing.T) {
	const other, mine = "apps: [media-store]", "apps: [media-store, media-api]"
	for _, c := range []struct {
		name     string
		filtered bool
		files    map[string]string
		want     []string // of the clients a, b and c
	}{
		{"no filter", true, nil, []string{"", "", ""}},
		{"one", true, map[string]string{"1.yaml": rule("f", is("a"))}, []string{"f", "discarded", "discarded"}},
		{"any of two, with the names of all that pass", true,
			map[string]string{"1.yaml": rule("f", is("a")), "2.yaml": rule("g", is("b")+"||"+is("a"))}, []string{"f g", "g", "discarded"}},
		{"one that passes nothing", true, map[string]string{"1.yaml": rule("f", "false")}, []string{"discarded", "discarded", "discarded"}},
		{"without apps, of a service that is not filtered", false, map[string]string{"1.yaml": rule("f", is("a"))}, []string{"", "", ""}},
		{"with the app", false, map[string]string{"1.yaml": rule("f", is("a"), mine)}, []string{"f", "discarded", "discarded"}},
		{"with another app", true, map[string]string{"1.yaml": rule("f", is("a"), other)}, []string{"", "", ""}},
		{"with another app beside one that applies", true,
			map[string]string{"1.yaml": rule("f", is("a"), other), "2.yaml": rule("g", is("b"))}, []string{"discarded", "g", "discarded"}},
		{"expired", true, map[string]string{"1.yaml": rule("f", is("a"), "expiration: 1999-12-31")}, []string{"", "", ""}},
		{"expired beside one that is not", true,
			map[string]string{"1.yaml": rule("f", is("a"), "expiration: 1999-12-31"), "2.yaml": rule("g", is("b"))}, []string{"discarded", "g", "discarded"}},
		{"a broken one does not take the others with it", true,
			map[string]string{"1.yaml": "name: [", "2.yaml": rule("f", is("a")), "3.yaml": rule("g", "syntax error"), "4.yaml": "name: h\njs: var x = 1\n"},
			[]string{"f", "discarded", "discarded"}},
		{"a broken one alone", true, map[string]string{"1.yaml": rule("g", "syntax error")}, []string{"", "", ""}},
		{"a name twice: the first counts", true,
			map[string]string{"1.yaml": rule("f", is("a")), "2.yaml": rule("f", is("b"))}, []string{"f", "discarded", "discarded"}},
		{"a name twice in a file", true,
			map[string]string{"1.yaml": rule("f", is("a")) + "---\n" + rule("f", is("b"))}, []string{"f", "discarded", "discarded"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range c.files {
				write(t, dir, name, text)
			}
			synctest.Test(t, func(t *testing.T) {
				s := openAs(t, filter.Config{Source: dir, App: "media-api", Filtered: c.filtered})
				assert.Equal(t, c.want, verdicts(s, "a", "b", "c"))
				adds(t, s)
			})
		})
	}
}

// A filter ends by the clock, between two polls too.
func TestExpiresBetweenPolls(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "f.yaml", rule("f", is("a"), "expiration: 2000-01-01T00:00:10Z")) // a bubble begins in 2000
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		assert.Equal(t, []string{"f", "discarded"}, verdicts(s, "a", "b"))
		time.Sleep(9 * time.Second)
		assert.Equal(t, []string{"f", "discarded"}, verdicts(s, "a", "b"))
		time.Sleep(time.Second)
		assert.Equal(t, []string{"", ""}, verdicts(s, "a", "b"))
		assert.True(t, s.Stats().Filters[0].Expired)
		poll()
		assert.Equal(t, []string{"", ""}, verdicts(s, "a", "b"))
		assert.EqualValues(t, 2, s.Stats().Events.Passed)

		write(t, dir, "f.yaml", rule("f", is("a"), "expiration: 2000-01-02"))
		poll()
		assert.Equal(t, []string{"f", "discarded"}, verdicts(s, "a", "b"), "it has another expiration")
	})
}

// Globals of a script that did not change live on.
func TestScopeIsKept(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "f.yaml", "name: f\njs: |\n  let n = 0\n  function filter(event) { return ++n > 2 }\n")
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		since := s.Stats().Filters[0].Since
		assert.Equal(t, []string{"discarded", "discarded"}, verdicts(s, "a", "a"))
		write(t, dir, "f.yaml", "# another comment\nname: f\napps: [media-api]\njs: |\n  let n = 0\n  function filter(event) { return ++n > 2 }\n")
		poll()
		assert.Equal(t, []string{"f"}, verdicts(s, "a"), "the script is the same")
		st := s.Stats().Filters[0]
		assert.Equal(t, since, st.Since)
		assert.Equal(t, []string{"media-api"}, st.Apps)
		assert.Equal(t, 5, st.Line)
		assert.EqualValues(t, 3, st.Calls)

		write(t, dir, "f.yaml", "name: f\njs: |\n  let n = 1\n  function filter(event) { return ++n > 2 }\n")
		poll()
		assert.Equal(t, []string{"discarded", "f"}, verdicts(s, "a", "a"), "another script has globals of its own")
		st = s.Stats().Filters[0]
		assert.True(t, st.Since.After(since))
		assert.EqualValues(t, 2, st.Calls, "of this version")
	})
}

func TestNil(t *testing.T) {
	var s *filter.Set
	assert.Equal(t, []string{""}, verdicts(s, "a"))
	assert.Zero(t, s.Stats())
	assert.NoError(t, s.Close(context.Background()))
}

func TestClosed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "f.yaml", rule("f", "false"))
	s := open(t, filter.Config{Source: dir})
	assert.Equal(t, []string{"discarded"}, verdicts(s, "a"))
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, s.Close(nil)) //lint:ignore SA1012 a nil ctx is allowed
	cancel()
	assert.NoError(t, s.Close(ctx), "what has ended needs no time")
	assert.Equal(t, []string{""}, verdicts(s, "a"), "events pass as they are")
	assert.EqualValues(t, 1, s.Stats().Filters[0].Calls, "the figures stay")
}
