package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/audittest"
	"example.com/clew/audit/filter"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// filters list shows the filters of a service that runs, of a service that was closed, and of a
// service that is silent.
func TestFiltersList(t *testing.T) {
	dir := t.TempDir()
	source := written(t, rule("anton_client_filter", `return event.context.client_id == "3136"`), rule("bad", "for (;;) { event.app }"),
		"expiration: 2020-01-01\n"+rule("old", "return true"), "name: broken\n")
	s, err := filter.Open(filter.Config{Source: source, App: "media-api", Filtered: true, Dir: dir})
	require.NoError(t, err)
	for range 5 {
		s.Judge(audittest.Candidates(lake.Event{Message: "m", Context: map[string]string{"client_id": "3136"}}, lake.Event{Message: "m"}))
	}
	require.Eventually(t, func() bool { return strings.Contains(clewAudit(t, "", "filters", "list", "-d", dir).out, "  off ") }, 10*time.Second, 10*time.Millisecond)
	r := clewAudit(t, "", "filters", "list", "-d", dir)
	assert.Equal(t, exitFound, r.code, r.err)
	assert.Regexp(t, `^media-api in .*, process \d+, since 20.*\n  filters of .*F\.yaml, last read at 20`, r.out)
	assert.Regexp(t, `\n  filter +state +since \(UTC\) +calls +passed +errors +mean time\n`, r.out)
	assert.Regexp(t, `\n  anton_client_filter +on +20[-0-9]+ [:0-9]+ +\d+ +\d+ +0 +[0-9.e+]+ µs\n`, r.out)
	assert.Regexp(t, `\n  bad +off +20.*\n    F\.yaml, line (9|10): 3 calls took more than`, r.out)
	assert.Regexp(t, `\n  old +expired +20.* 0 +0 +0 +-\n`, r.out)
	assert.Regexp(t, `\n  wrong F\.yaml: line \d+: filter "broken": no js\n$`, r.out)
	assert.NotContains(t, r.out, " \n")

	require.NoError(t, s.Close(t.Context()))
	r = clewAudit(t, "", "filters", "list", "-d", dir)
	assert.Regexp(t, `^media-api in .*, stopped at 20.*\n`, r.out)
	assert.Regexp(t, `10 events judged: 5 passed, 5 discarded\n`, r.out)
	assert.Regexp(t, `\n  anton_client_filter +was on `, r.out)

	change(t, dir, `"closed": `, `"x": `)
	change(t, dir, `"updated": "20`, `"updated": "19`)
	r = clewAudit(t, "", "filters", "list", "-d", dir)
	assert.Regexp(t, `^media-api in .*, silent since 19.*: it has died, or hangs\n`, r.out)
	var one struct {
		Dir, App string
		Running  bool
		Filters  []struct {
			Name  string
			Calls int64
			Off   *struct{ Line int }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(clewAudit(t, "", "filters", "list", "-d", dir, "-o", "json").out), &one))
	assert.Equal(t, []any{dir, "media-api", false, 3}, []any{one.Dir, one.App, one.Running, len(one.Filters)})
	assert.Equal(t, int64(10), one.Filters[0].Calls)
	assert.Contains(t, []int{9, 10}, one.Filters[1].Off.Line, "the line of the function, or of the loop")
}

// change replaces a text in the state of a directory.
func change(t *testing.T, dir, old, text string) {
	t.Helper()
	name := stateFile(t, dir)
	state, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Contains(t, string(state), old)
	require.NoError(t, os.WriteFile(name, []byte(strings.Replace(string(state), old, text, 1)), 0o600))
}

func TestFiltersListOfNone(t *testing.T) {
	dir := t.TempDir()
	r := clewAudit(t, "", "filters", "list", "-d", dir)
	assert.Equal(t, exitNothing, r.code)
	assert.Equal(t, "clew-audit: no service has filters there\n", r.err)
	assert.Empty(t, r.out)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "_filters"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "_filters", "a.json"), []byte("{\x1b"), 0o600))
	r = clewAudit(t, "", "filters", "list", "-d", dir)
	assert.Equal(t, exitIncomplete, r.code)
	assert.Contains(t, r.err, "a.json: ")
	assert.NotContains(t, r.err, "\x1b")
	r = clewAudit(t, "", "filters", "list", "-d", dir+"/none")
	assert.Equal(t, exitIncomplete, r.code)
}

// Check warns if filters are on in a service, because its directory then does not have all events.
func TestCheckWhereFiltersAreOn(t *testing.T) {
	dir := lakeOf(t, events)
	name := written(t, rule("none", "return false"))
	s, err := filter.Open(filter.Config{Source: name, App: "media-api", Filtered: true, Dir: dir, Every: 100 * time.Millisecond})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close(t.Context())) }()
	s.Judge(audittest.Candidates(lake.Event{Message: "m"}))
	require.Eventually(t, func() bool {
		return strings.Contains(clewAudit(t, "", "filters", "check", name, "-d", dir).err, ": filters are on in media-api, so the directory has only the events that they let through")
	}, 10*time.Second, 50*time.Millisecond)
}

func TestMicros(t *testing.T) {
	for nanoseconds, want := range map[float64]string{0: "0 µs", 266: "0.266 µs", 999_400: "999 µs", 1e6: "1,000 µs", 10_102_000: "10,102 µs"} {
		assert.Equal(t, want, micros(nanoseconds))
	}
}
