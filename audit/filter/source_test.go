package filter_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A change in a directory takes effect with the next poll. If a file is broken, its last good
// version stays in use.
func TestChanges(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(t *testing.T, dir string)
		want    []string // the verdicts on events of the clients a, b and c
		problem string
	}{
		{"no change", func(*testing.T, string) {}, []string{"f", "g", "discarded"}, ""},
		{"a filter is added", func(t *testing.T, dir string) { write(t, dir, "h.yaml", rule("h", is("c"))) }, []string{"f", "g", "h"}, ""},
		{"a filter is changed", func(t *testing.T, dir string) { write(t, dir, "f.yaml", rule("f", is("c"))) }, []string{"discarded", "g", "f"}, ""},
		{"a filter is removed", func(t *testing.T, dir string) { remove(t, dir, "f.yaml") }, []string{"discarded", "g", "discarded"}, ""},
		{"all filters are removed", func(t *testing.T, dir string) { remove(t, dir, "f.yaml"); remove(t, dir, "g.yaml") }, []string{"", "", ""}, ""},
		{"a filter has expired", func(t *testing.T, dir string) { write(t, dir, "f.yaml", rule("f", is("a"), "expiration: 1")) },
			[]string{"discarded", "g", "discarded"}, ""},
		{"a filter is for another app", func(t *testing.T, dir string) { write(t, dir, "f.yaml", rule("f", is("a"), "apps: [x]")) },
			[]string{"discarded", "g", "discarded"}, ""},
		{"a filter is not YAML", func(t *testing.T, dir string) { write(t, dir, "f.yaml", "name: [") }, []string{"f", "g", "discarded"}, "f.yaml: line 1: not YAML"},
		{"a filter is not JavaScript", func(t *testing.T, dir string) { write(t, dir, "f.yaml", rule("f", "(")) }, []string{"f", "g", "discarded"}, `f.yaml: filter "f": line`},
		{"a filter has no function", func(t *testing.T, dir string) { write(t, dir, "f.yaml", "name: f\njs: var x = 1\n") }, []string{"f", "g", "discarded"}, `f.yaml: filter "f":`},
		{"a file is empty", func(t *testing.T, dir string) { write(t, dir, "f.yaml", "") }, []string{"f", "g", "discarded"}, "f.yaml: the file is empty"},
		{"a filter has another name", func(t *testing.T, dir string) { write(t, dir, "f.yaml", rule("F", is("a"))) }, []string{"F", "g", "discarded"}, ""},
		{"a filter is in another file", func(t *testing.T, dir string) {
			require.NoError(t, os.Rename(filepath.Join(dir, "f.yaml"), filepath.Join(dir, "x.yml")))
		}, []string{"f", "g", "discarded"}, ""},
		{"a file cannot be read", func(t *testing.T, dir string) {
			remove(t, dir, "f.yaml")
			require.NoError(t, os.Mkdir(filepath.Join(dir, "f.yaml"), 0o700))
		}, []string{"f", "g", "discarded"}, "f.yaml: not a regular file"},
		{"a filter takes the name of another", func(t *testing.T, dir string) { write(t, dir, "g.yaml", rule("f", is("c"))) },
			[]string{"f", "discarded", "discarded"}, `g.yaml: filter "f": the name is taken by a filter of f.yaml`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "f.yaml", rule("f", is("a")))
			write(t, dir, "g.yaml", rule("g", is("b")))
			synctest.Test(t, func(t *testing.T) {
				var lines bytes.Buffer
				s := open(t, filter.Config{Source: dir, Logger: slog.New(slog.NewTextHandler(&lines, nil))})
				assert.Equal(t, []string{"f", "g", "discarded"}, verdicts(s, "a", "b", "c"))
				c.change(t, dir)
				assert.Equal(t, []string{"f", "g", "discarded"}, verdicts(s, "a", "b", "c"), "the change has no effect before the poll")
				for range 2 { // the next poll must not change anything
					poll()
					assert.Equal(t, c.want, verdicts(s, "a", "b", "c"))
					problems := strings.Join(s.Stats().Health.Problems, "\n")
					if c.problem == "" {
						assert.Empty(t, problems)
						assert.Empty(t, lines.String())
					} else {
						assert.Contains(t, problems, c.problem)
						assert.Equal(t, 1, strings.Count(lines.String(), "level=WARN"), "the problem must be logged once: %s", lines.String())
					}
				}
				adds(t, s)
			})
		})
	}
}

// If one filter of a file is broken, its last good version stays in use, and the other filters
// change.
func TestOneOfAFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "all.yaml")
	join := func(rules ...string) { write(t, dir, "all.yaml", strings.Join(rules, "---\n")) }
	join(rule("f", is("a")), rule("g", is("b")))
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: path})
		assert.Equal(t, []string{"f", "g", "discarded"}, verdicts(s, "a", "b", "c"))
		join(rule("f", is("a"), "unknown: 1"), rule("g", is("c")))
		poll()
		assert.Equal(t, []string{"f", "discarded", "g"}, verdicts(s, "a", "b", "c"), "if a fault names a filter, only this filter keeps its last good version")
		join("name: [\n", rule("g", is("b")))
		poll()
		assert.Equal(t, []string{"f", "g", "discarded"}, verdicts(s, "a", "b", "c"), "if a fault names no filter, the missing filter f must stay")
		join("name: {\n")
		poll()
		assert.Equal(t, []string{"f", "g", "discarded"}, verdicts(s, "a", "b", "c"), "if the whole file is bad, both filters must stay")
		join(rule("h", is("c")))
		poll()
		assert.Equal(t, []string{"discarded", "discarded", "h"}, verdicts(s, "a", "b", "c"))
		assert.Empty(t, s.Stats().Health.Problems)
	})
}

// A script that cannot be evaluated is tried again when its file has changed.
func TestMended(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "f.yaml", rule("f", "("))
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		assert.Equal(t, []string{"", ""}, verdicts(s, "a", "b"))
		write(t, dir, "f.yaml", rule("f", is("a")))
		poll()
		assert.Equal(t, []string{"f", "discarded"}, verdicts(s, "a", "b"))
		assert.Empty(t, s.Stats().Health.Problems)
	})
}

// If the source cannot be read, the filters stay in use, and a warning is logged once.
func TestUnreachable(t *testing.T) {
	parent := t.TempDir()
	dir, away := filepath.Join(parent, "filters"), filepath.Join(parent, "away")
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		s := open(t, filter.Config{Source: dir, Logger: slog.New(slog.NewTextHandler(&lines, nil))})
		h := s.Stats().Health
		assert.Contains(t, h.Error, "no such file")
		assert.Zero(t, h.Read)
		assert.Equal(t, []string{""}, verdicts(s, "b"), "without filters, all events are kept")

		require.NoError(t, os.Mkdir(dir, 0o700))
		write(t, dir, "f.yaml", rule("f", is("a")))
		poll()
		h = s.Stats().Health
		assert.Empty(t, h.Error)
		assert.Zero(t, h.Since)
		assert.Equal(t, h.Read, h.Changed)
		assert.Equal(t, []string{"f", "discarded"}, verdicts(s, "a", "b"))

		require.NoError(t, os.Rename(dir, away))
		since := time.Now()
		poll()
		poll()
		h = s.Stats().Health
		assert.Contains(t, h.Error, "no such file")
		assert.True(t, h.Since.After(since) && h.Since.Before(since.Add(34*time.Second)), "Since must be the time of the first poll that failed: %v", h.Since)
		assert.Equal(t, []string{"f", "discarded"}, verdicts(s, "a", "b"), "the last good filters stay in use")
		assert.Equal(t, 2, strings.Count(lines.String(), "cannot be read"), lines.String())
		assert.Equal(t, 1, strings.Count(lines.String(), "can be read again"), lines.String())
	})
}

func TestPollsHaveJitter(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		read := s.Stats().Health.Read
		least, most := time.Hour, time.Duration(0)
		for range 20 {
			time.Sleep(26 * time.Second)
			assert.Equal(t, read, s.Stats().Health.Read, "the source is not read before 27 s")
			for s.Stats().Health.Read.Equal(read) {
				time.Sleep(time.Millisecond)
				synctest.Wait()
			}
			next := s.Stats().Health.Read
			gap := next.Sub(read)
			assert.GreaterOrEqual(t, gap, 27*time.Second)
			assert.LessOrEqual(t, gap, 33*time.Second+time.Millisecond)
			least, most = min(least, gap), max(most, gap)
			read = next
		}
		assert.Greater(t, most-least, time.Second, "the gaps between polls must vary by more than a second")
	})
}

// A synctest bubble cannot wait for the network, so this test only covers the first read of a URL.
// The tests of package source cover other answers.
func TestURL(t *testing.T) {
	const secret = "s3cr3t"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Token") != secret {
			w.WriteHeader(403)
			return
		}
		fmt.Fprint(w, rule("f", is("a"))+"---\n"+rule("g", "(")+"---\nname: [\n")
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	write(t, dir, "header", "X-Token: "+secret)
	var lines bytes.Buffer
	s := open(t, filter.Config{Source: server.URL + "/f?token=" + secret, Header: filepath.Join(dir, "header"), Dir: dir,
		Logger: slog.New(slog.NewTextHandler(&lines, nil))})
	assert.Equal(t, []string{"f", "discarded"}, verdicts(s, "a", "b"))
	assert.Equal(t, server.URL+"/f", s.Stats().Health.Source)
	assert.Len(t, s.Stats().Health.Problems, 2)
	require.NoError(t, s.Close(t.Context()))
	state, err := os.ReadFile(filepath.Join(dir, "_filters", "media-api.json"))
	require.NoError(t, err)
	assert.Contains(t, lines.String(), "audit filter is wrong")
	assert.NotContains(t, lines.String()+string(state)+fmt.Sprintf("%+v", s.Stats()), secret)

	s = open(t, filter.Config{Source: server.URL})
	assert.Equal(t, "status 403", s.Stats().Health.Error)
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  filter.Config
		want string
	}{
		{"an empty Config", filter.Config{}, "Config.Source is empty\nfilter: Config.App must be a name"},
		{"http to another machine", filter.Config{Source: "http://filters.example/", App: "a"}, "filter: Config.Source: http is for localhost"},
		{"a long app", filter.Config{Source: "dir", App: strings.Repeat("a", 1025)}, "Config.App must be a name of 1 to 1024 bytes"},
		{"an app that is not UTF-8", filter.Config{Source: "dir", App: "\xff"}, "Config.App must be a name"},
		{"an unknown policy", filter.Config{Source: "dir", App: "a", Broken: 2}, "Config.Broken is 2, which is neither Keep nor Discard"},
		{"a negative rate", filter.Config{Source: "dir", App: "a", KeepRate: -1}, "Config.KeepRate is -1, less than 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := filter.Open(c.cfg)
			assert.Nil(t, s)
			assert.ErrorContains(t, err, c.want)
		})
	}
}
