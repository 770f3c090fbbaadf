package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pageData is what a test reads of a page.
type pageData struct {
	After  string
	List   json.RawMessage
	Traces []struct {
		Zipkin string
		Tree   json.RawMessage
	}
}

var pageDataForm = regexp.MustCompile(`(?s)<script id="data" type="application/json">(.*?)</script>`)

func pageOf(t *testing.T, args ...string) (data pageData) {
	t.Helper()
	r := clew(t, "", append([]string{"timeline", "-o", "html"}, args...)...)
	require.Equal(t, exitFound, r.code, r.err)
	return dataOf(t, r.out)
}

// dataOf returns the data in a page.
func dataOf(t *testing.T, page string) (data pageData) {
	t.Helper()
	found := pageDataForm.FindStringSubmatch(page)
	require.NotNil(t, found)
	require.NoError(t, json.Unmarshal([]byte(found[1]), &data))
	return data
}

// The page contains the same data as -o json, and the arguments for the command that shows the
// trace.
func TestPage(t *testing.T) {
	data := pageOf(t, fleetTraces[0].id, fleet, "--keys", "trace=json tid", "--since", "2026-11-26T00:00:00Z", "--until", "2026-11-27T00:00:00+01:00")
	assert.Equal(t, "--keys 'trace=json tid' --since 2026-11-26T00:00:00Z --until 2026-11-26T23:00:00Z testdata/fleet", data.After)
	require.Len(t, data.Traces, 1)
	want := clew(t, "", "timeline", "-o", "json", fleetTraces[0].id, fleet)
	assert.JSONEq(t, want.out, string(data.Traces[0].Tree))
	assert.Empty(t, data.List)
}

// The page of a list contains the lines of the traces.
func TestPageList(t *testing.T) {
	data := pageOf(t, fleet, "--error", "--since", "2026-11-01T00:00:00Z")
	assert.Equal(t, "testdata/fleet", data.After, "without --since, because the command shows the whole trace")
	want := clew(t, "", "timeline", "-o", "json", "--error", fleet)
	assert.JSONEq(t, want.out, string(data.List))
	var list struct{ Traces []struct{ Trace string } }
	require.NoError(t, json.Unmarshal(data.List, &list))
	require.Len(t, data.Traces, len(list.Traces))
	for i, trace := range data.Traces {
		assert.Contains(t, string(trace.Tree), `"trace": "`+list.Traces[i].Trace+`"`)
	}
}

// If the lines of all traces are too many for a page, the list still has all traces, and the page
// has the lines of the newest.
func TestPageListFull(t *testing.T) {
	var b strings.Builder
	for i := range 20 {
		for range 60 {
			fmt.Fprintf(&b, `{"time":"2026-11-26T10:%02d:00Z","trace_id":"5759e988bd862e%02x","message":%q}`+"\n", i, i, strings.Repeat("x", 1_000))
		}
	}
	e := engineOf(t, query{}, view{output: "html", whole: true, room: 1 << 20}, b.String())
	var page bytes.Buffer
	found, err := e.show(&page)
	require.NoError(t, err)
	assert.True(t, found)
	data := dataOf(t, page.String())
	var list struct{ Traces []struct{ Trace string } }
	require.NoError(t, json.Unmarshal(data.List, &list))
	assert.Len(t, list.Traces, 20)
	assert.Less(t, len(data.Traces), 15)
	require.Greater(t, len(data.Traces), 2)
	assert.Contains(t, string(data.Traces[0].Tree), `"trace": "5759e988bd862e13"`, "the newest trace is the first")
}

// A page contains fewer lines than an export, because the browser holds the whole page in memory.
func TestRoom(t *testing.T) {
	for output, room := range map[string]int{"html": 32 << 20, "zipkin": 64 << 20, "otlp": 64 << 20} {
		command := timelineCommand{Output: output}
		assert.Equal(t, room, command.view(io.Discard, query{}, nil).room, output)
	}
}

// A page is written even if nothing was found.
func TestPageNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", "")
	r := clew(t, "", "timeline", id, "app.log", "-o", "html")
	assert.Equal(t, exitNothing, r.code)
	assert.True(t, strings.HasPrefix(r.out, "<!doctype html>"))
}

// A shell turns each quoted word back into the word.
func TestQuoted(t *testing.T) {
	for _, word := range []string{"", "a", "logs/app.log", "a b", "it's", "$(touch x)", "`x`", "a;b", "*", "~", "#", "é", `\`, `"`, "-", "'", "''", "!x", "a&b", "{a,b}"} {
		out, err := exec.Command("sh", "-c", "printf %s "+quoted(word)).Output()
		require.NoError(t, err)
		assert.Equal(t, word, string(out))
	}
	assert.Equal(t, "logs/app.log.1", quoted("logs/app.log.1"), "a word that needs no quotes gets none")
}
