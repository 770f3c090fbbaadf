package filter_test

import (
	"context"
	"encoding/json"
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

// state returns the only state of a directory.
func state(t testing.TB, dir string) filter.State {
	t.Helper()
	states, err := filter.ReadState(dir)
	require.NoError(t, err)
	require.Len(t, states, 1)
	return states[0]
}

func TestState(t *testing.T) {
	dir, source := t.TempDir(), t.TempDir()
	write(t, source, "bad.yaml", rule("bad", throws))
	write(t, source, "good.yaml", rule("good", is("a"), "expiration: 2036-12-24", "apps: [media-api]"))
	synctest.Test(t, func(t *testing.T) {
		opened := time.Now()
		s := open(t, filter.Config{Source: source, Dir: dir})
		synctest.Wait()
		st := state(t, dir)
		assert.Equal(t, []any{1, "media-api", true, os.Getpid()}, []any{st.Version, st.App, st.Filtered, st.PID})
		assert.True(t, st.Opened.Equal(opened))
		assert.True(t, st.IsRunning(opened.Add(time.Minute)))
		assert.False(t, st.IsRunning(opened.Add(2*time.Minute+10*time.Second)), "a service that no longer updates its state has ended")
		assert.Equal(t, source, st.Health.Source)

		exhaust(t, s)
		synctest.Wait()
		assert.NotNil(t, state(t, dir).Filters[0].Off, "the state is written when a filter is switched off")
		verdicts(s, "a")
		poll()
		st = state(t, dir)
		assert.True(t, st.Updated.After(opened), "the state is written at each poll")
		assertSame(t, s.Stats(), st.Stats)

		require.NoError(t, s.Close(context.Background()))
		st = state(t, dir)
		assert.True(t, st.Closed.Equal(time.Now()))
		assert.False(t, st.IsRunning(time.Now()))
		files, err := os.ReadDir(filepath.Join(dir, "_filters"))
		require.NoError(t, err)
		assert.Len(t, files, 1, "no temporary file is left")
	})
}

// assertSame compares two Stats as JSON, because JSON contains no monotonic clock reading.
func assertSame(t testing.TB, want, got filter.Stats) {
	t.Helper()
	texts := [2]string{}
	for i, s := range []filter.Stats{want, got} {
		text, err := json.Marshal(s)
		require.NoError(t, err)
		texts[i] = strings.ReplaceAll(string(text), "+00:00", "Z")
	}
	assert.JSONEq(t, texts[0], texts[1])
}

func TestStateFileNames(t *testing.T) {
	for _, c := range []struct {
		name, app, want string
	}{
		{"unchanged", "media-api_2.x", "media-api_2.x.json"},
		{"a path to another directory", "../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd.json"},
		{"bytes that Windows forbids", `a\b:c*`, "a%5Cb%3Ac%2A.json"},
		{"not ASCII", "größe", "gr%C3%B6%C3%9Fe.json"},
		{"a percent sign", "a%2F", "a%252F.json"},
		{"long", strings.Repeat("a", 1000), strings.Repeat("a", 75) + "-41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := filter.Open(filter.Config{Source: dir, App: c.app, Dir: dir})
			require.NoError(t, err)
			require.NoError(t, s.Close(context.Background()))
			files, err := os.ReadDir(filepath.Join(dir, "_filters"))
			require.NoError(t, err)
			require.Len(t, files, 1)
			assert.Equal(t, c.want, files[0].Name())
			assert.Equal(t, c.app, state(t, dir).App)
		})
	}
}

func TestReadState(t *testing.T) {
	dir := t.TempDir()
	states, err := filter.ReadState(filepath.Join(dir, "gone"))
	assert.Empty(t, states)
	assert.NoError(t, err, "a directory without states is no error")

	s, err := filter.Open(filter.Config{Source: dir, App: "good", Dir: dir})
	require.NoError(t, err)
	require.NoError(t, s.Close(context.Background()))
	for name, text := range map[string]string{"cut.json": `{"version":1,`, "newer.json": `{"version":2}`, "empty.json": "",
		"big.json": strings.Repeat(" ", 9<<20), "x.json.tmp": "{", "list.json": "[]"} {
		write(t, filepath.Join(dir, "_filters"), name, text)
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "_filters", "dir.json"), 0o700))
	states, err = filter.ReadState(dir)
	require.Len(t, states, 1)
	assert.Equal(t, "good", states[0].App)
	for _, name := range []string{"cut.json", "newer.json", "empty.json", "big.json", "list.json"} {
		assert.ErrorContains(t, err, name)
	}
	assert.NotContains(t, err.Error(), ".json.tmp")
}

// If the state cannot be written, Stats reports why, and the filters still work.
func TestStateThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "_filters", "a file, where the directory should be")
	write(t, dir, "f.yaml", rule("f", is("a")))
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir, Dir: dir})
		synctest.Wait()
		assert.NotEmpty(t, s.Stats().StateError)
		assert.Equal(t, []string{"f"}, verdicts(s, "a"))
		remove(t, dir, "_filters")
		poll()
		assert.Empty(t, s.Stats().StateError)
	})
}
