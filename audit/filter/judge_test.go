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
		want     []string // the verdicts on events of the clients a, b and c
	}{
		{"no filter", true, nil, []string{"", "", ""}},
		{"one filter", true, map[string]string{"1.yaml": rule("f", is("a"))}, []string{"f", "discarded", "discarded"}},
		{"two filters, and the event has the names of all that pass it", true,
			map[string]string{"1.yaml": rule("f", is("a")), "2.yaml": rule("g", is("b")+"||"+is("a"))}, []string{"f g", "g", "discarded"}},
		{"a filter that passes nothing", true, map[string]string{"1.yaml": rule("f", "false")}, []string{"discarded", "discarded", "discarded"}},
		{"a filter without apps, in a service that is not filtered", false, map[string]string{"1.yaml": rule("f", is("a"))}, []string{"", "", ""}},
		{"a filter for this app", false, map[string]string{"1.yaml": rule("f", is("a"), mine)}, []string{"f", "discarded", "discarded"}},
		{"a filter for another app", true, map[string]string{"1.yaml": rule("f", is("a"), other)}, []string{"", "", ""}},
		{"a filter for another app, and one that applies", true,
			map[string]string{"1.yaml": rule("f", is("a"), other), "2.yaml": rule("g", is("b"))}, []string{"discarded", "g", "discarded"}},
		{"an expired filter", true, map[string]string{"1.yaml": rule("f", is("a"), "expiration: 1999-12-31")}, []string{"", "", ""}},
		{"an expired filter, and one that has not expired", true,
			map[string]string{"1.yaml": rule("f", is("a"), "expiration: 1999-12-31"), "2.yaml": rule("g", is("b"))}, []string{"discarded", "g", "discarded"}},
		{"a broken filter does not affect the other filters", true,
			map[string]string{"1.yaml": "name: [", "2.yaml": rule("f", is("a")), "3.yaml": rule("g", "syntax error"), "4.yaml": "name: h\njs: var x = 1\n"},
			[]string{"f", "discarded", "discarded"}},
		{"a broken filter alone", true, map[string]string{"1.yaml": rule("g", "syntax error")}, []string{"", "", ""}},
		{"two filters of one name: the first is used", true,
			map[string]string{"1.yaml": rule("f", is("a")), "2.yaml": rule("f", is("b"))}, []string{"f", "discarded", "discarded"}},
		{"two filters of one name in a file", true,
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

// A filter expires at the right time, even between two polls.
func TestExpiresBetweenPolls(t *testing.T) {
	dir := t.TempDir()
	// The clock of synctest begins at 2000-01-01.
	write(t, dir, "f.yaml", rule("f", is("a"), "expiration: 2000-01-01T00:00:10Z"))
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
		assert.Equal(t, []string{"f", "discarded"}, verdicts(s, "a", "b"), "the filter has a later expiration")
	})
}

// A script that does not change keeps its globals.
func TestScopeIsKept(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "f.yaml", "name: f\njs: |\n  let n = 0\n  function filter(event) { return ++n > 2 }\n")
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		since := s.Stats().Filters[0].Since
		assert.Equal(t, []string{"discarded", "discarded"}, verdicts(s, "a", "a"))
		write(t, dir, "f.yaml", "# another comment\nname: f\napps: [media-api]\njs: |\n  let n = 0\n  function filter(event) { return ++n > 2 }\n")
		poll()
		assert.Equal(t, []string{"f"}, verdicts(s, "a"), "an unchanged script must keep its globals")
		st := s.Stats().Filters[0]
		assert.Equal(t, since, st.Since)
		assert.Equal(t, []string{"media-api"}, st.Apps)
		assert.Equal(t, 5, st.Line)
		assert.EqualValues(t, 3, st.Calls)

		write(t, dir, "f.yaml", "name: f\njs: |\n  let n = 1\n  function filter(event) { return ++n > 2 }\n")
		poll()
		assert.Equal(t, []string{"discarded", "f"}, verdicts(s, "a", "a"), "a new script has new globals")
		st = s.Stats().Filters[0]
		assert.True(t, st.Since.After(since))
		assert.EqualValues(t, 2, st.Calls, "Calls counts the calls of this version")
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
	assert.NoError(t, s.Close(ctx), "Close does not wait if the Set has already ended")
	assert.Equal(t, []string{""}, verdicts(s, "a"), "events pass unchanged after Close")
	assert.EqualValues(t, 1, s.Stats().Filters[0].Calls, "Stats keeps the figures after Close")
}
