package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inHaste is a pace for tests. It makes the demo wait only until a filter is on, or off.
var inHaste = pace{items: 40, ticks: 4, every: 100 * time.Millisecond, limit: 30 * time.Second}

// The demo succeeds: the function live itself checks that the graph falls, that the events that
// have passed are found, and that the bad filter goes off.
func TestLive(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	g, err := run(t.Context(), dir, inHaste, &out)
	require.NoError(t, err, out.String())
	for _, want := range []string{
		`\n +→ filters/anton\.yaml: a filter is written\n`, `→ anton_client_filter is on in all services\n`,
		`\n  clew-audit find -d '` + regexp.QuoteMeta(filepath.Join(dir, "audit", "*")) + `' filter=anton_client_filter\n`,
		`→ ALARM, by the callback: hurry_up is off in augment: hurry\.yaml, line \d: 3 calls took more than`,
		`→ ALARM, by the metric: audit\.filter\.off of hurry_up in augment is above 0\n`,
		`\n  clew-audit filters list -d '`, `\n +\d+\.\d s +\d+/s +█+\n`,
	} {
		assert.Regexp(t, want, out.String())
	}
	assert.Equal(t, []string{"a filter is written", "it is on", "a filter that loops for ever", "it is off"}, texts(g))
	for _, p := range g.points {
		assert.Equal(t, p.logged, p.written+p.discarded)
	}
	for _, name := range []string{"intake", "screen", "augment"} {
		assert.FileExists(t, filepath.Join(dir, "audit", name, "_filters", name+".json"))
	}
}

func texts(g *graph) (all []string) {
	for _, m := range g.marks {
		all = append(all, m.text)
	}
	return all
}

// The demo fails if a filter cannot be written, or does not take effect, or if the context has
// ended.
func TestLiveFails(t *testing.T) {
	f, err := start(t.TempDir(), time.Minute)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.close()) }()
	p := inHaste
	p.limit = time.Nanosecond
	_, err = live(t.Context(), f, t.TempDir(), p, io.Discard)
	assert.ErrorContains(t, err, "anton.yaml")
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filters(dir), 0o700))
	_, err = live(t.Context(), f, dir, p, io.Discard) // the services read another directory
	assert.EqualError(t, err, "anton_client_filter is not on: 1ns have passed")
	_, err = live(ended(t), f, dir, p, io.Discard)
	assert.ErrorIs(t, err, context.Canceled)
}

func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// A directory can be used again: start removes the filters of an earlier run, and keeps other
// files.
func TestStartAgain(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filters(dir), 0o700))
	for _, name := range []string{goodFile, badFile, "own.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(filters(dir), name), []byte("# none\n"), 0o600))
	}
	f, err := start(dir, time.Minute)
	require.NoError(t, err)
	require.NoError(t, f.close())
	left, err := filepath.Glob(filepath.Join(filters(dir), "*"))
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(filters(dir), "own.yaml")}, left)
}

func TestFell(t *testing.T) {
	before := []point{{logged: 100, written: 100}, {logged: 100, written: 100}}
	tests := []struct {
		name  string
		after point
		err   string
	}{
		{"the graph fell", point{logged: 100, written: 5}, ""},
		{"the graph did not fall", point{logged: 100, written: 21}, "the graph did not fall: 100 % of the events were written before the filter, and 21 % with it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := lively{pace: pace{ticks: 2}, graph: &graph{points: append(before[:2:2], test.after)}}
			if err := l.fell(2); test.err != "" {
				assert.EqualError(t, err, test.err)
			} else {
				assert.NoError(t, err)
			}
		})
	}
}

func TestBar(t *testing.T) {
	p := point{at: 1500 * time.Millisecond, took: 500 * time.Millisecond, written: 500}
	assert.Equal(t, "   1.5 s   1000/s  "+strings.Repeat("█", 24), p.bar(2000))
	assert.Equal(t, "   1.5 s   1000/s  "+strings.Repeat("█", 48), p.bar(500), "no bar may be longer")
	assert.Equal(t, "   0.0 s      0/s", point{}.bar(0))
}

func TestSVG(t *testing.T) {
	g := &graph{marks: []mark{{time.Second, `<a> & "b"`}, {9 * time.Second, "late"}}}
	for i := range 10 {
		g.points = append(g.points, point{at: time.Duration(i+1) * time.Second, took: time.Second, written: int64(1500 - 100*i)})
	}
	for name, g := range map[string]*graph{"some": g, "empty": {}} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, g.svg(&b))
			assert.NotContains(t, b.String(), "NaN")
			assert.NotContains(t, b.String(), "Inf")
			assert.NotContains(t, b.String(), "%!")
			elements, text := 0, ""
			for d := xml.NewDecoder(&b); ; {
				token, err := d.Token()
				if err == io.EOF {
					break
				}
				require.NoError(t, err)
				switch token := token.(type) {
				case xml.StartElement:
					elements++
				case xml.CharData:
					text += string(token)
				}
			}
			assert.Greater(t, elements, 8)
			assert.Contains(t, text, "events written a second")
			if name == "some" {
				assert.Contains(t, text, `<a> & "b"`)
				assert.Contains(t, text, "2000")
				assert.Contains(t, text, "10 s")
			}
		})
	}
}

func TestCeiling(t *testing.T) {
	for n, want := range map[float64]float64{0: 1, 1: 1, 1.1: 2, 4: 5, 5.5: 10, 1500: 2000, 2001: 5000, 99999: 100000} {
		assert.Equal(t, want, ceiling(n), n)
	}
}
