package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
)

// requestLine is the log line of a request.
const requestLine = `{"level":"info","service":"shop","time":"2026-11-26T10:11:05Z","method":"GET","path":"/","status":200,"bytes":1,"duration_ms":2,` +
	`"remote":"192.0.2.1:1","trace_id":"` + id + `","span_id":"a2fb4a1d1a96d312","message":"request"}` + "\n"

func TestMap(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", requestLine+logLine(6, other, "two")+"{broken\n")
	write(t, "good.log", requestLine)
	write(t, "none.log", logLine(1, id, "one"))
	tests := []struct {
		name  string
		stdin string
		args  string // separated by bars
		code  int
		out   string // a part of standard output
		err   string // all of standard error, or its beginning and …
	}{
		{name: "help", args: "--help", code: 0, out: "Exit codes:"},
		{name: "a file", args: "good.log", code: 0, out: `"requests": 1`},
		{name: "a folder", args: ".", code: 0, out: `"requests": 1`},
		{name: "standard input", stdin: requestLine, code: 0, out: `"requests": 1`},
		{name: "by route", args: "good.log|--by|route", code: 0, out: `"name":"shop GET /"`},
		{name: "by an unknown kind of node", args: "good.log|--by|host", code: 2, err: "clew: --by must be…"},
		{name: "no request", args: "none.log", code: 1, out: `"requests": 0`},
		{name: "no line", stdin: "", code: 1, out: `"nodes": []`},
		{name: "too old", args: "good.log|--since|2026-11-26T10:11:06Z", code: 1, out: `"requests": 0`},
		{name: "too new", args: "good.log|--until|2026-11-26T10:11:04Z", code: 1, out: `"requests": 0`},
		{name: "until before since", args: "good.log|--since|2026-11-26|--until|2026-11-25", code: 2, err: "clew: --until is before --since…"},
		{name: "bad key", args: "good.log|--keys|tid=trace", code: 2, err: "clew: --keys: …"},
		{name: "keys", args: "good.log|--keys|service=path", code: 0, out: `"name":"/"`},
		{name: "a missing file, and one that is read", args: "no.log|good.log", code: 3, out: `"requests": 1`, err: "clew: stat no.log: no such file or directory\n"},
		{name: "strict, with a bad line", args: "app.log|--strict", code: 3, out: `"requests": 1`},
		{name: "strict, without a bad line", args: "good.log|--strict", code: 0},
		{name: "text", args: "good.log|-o|text", code: 0, out: "1 request"},
		{name: "Mermaid", args: "good.log|-o|mermaid", code: 0, out: "flowchart LR"},
		{name: "DOT", args: "good.log|-o|dot", code: 0, out: "digraph"},
		{name: "HTML", args: "good.log|-o|html|--keys|level=l|--zipkin-ui|http://127.0.0.1:9411/zipkin", code: 0, out: "--keys level=l good.log"},
		{name: "no such output", args: "good.log|-o|zipkin", code: 2, err: "clew: --output must be…"},
		{name: "negative width", args: "good.log|--width=-1", code: 2, err: "clew: --width wants…"},
		{name: "a script as Zipkin's address", args: "good.log|--zipkin-ui|javascript:alert(1)", code: 2, err: "clew: --zipkin-ui wants…"},
		{name: "verbose", args: "good.log|-v", code: 0, err: "clew: reading good.log\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := []string{"map", "-o", "json"}
			if test.args != "" {
				args = append(args, strings.Split(test.args, "|")...)
			}
			got := clew(t, test.stdin, args...)
			assert.Equal(t, test.code, got.code, got.err)
			assert.Contains(t, got.out, test.out)
			if start, ok := strings.CutSuffix(test.err, "…"); ok {
				assert.True(t, strings.HasPrefix(got.err, start), got.err)
			} else if test.code < 2 || test.err != "" {
				assert.Equal(t, test.err, got.err)
			}
		})
	}
}

// A map is compared with an earlier one. The exit code is 1 if something has changed for the
// worse.
func TestMapDiff(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", strings.Repeat(requestLine, 1))
	before := clew(t, "", "map", "app.log", "-o", "json")
	require.Equal(t, exitFound, before.code)
	write(t, "before.json", before.out)
	write(t, "route.json", clew(t, "", "map", "app.log", "-o", "json", "--by", "route").out)
	write(t, "nothing.json", clew(t, "", "map", "nothing.log", "-o", "json").out)
	var broken strings.Builder
	for i := range 200 {
		broken.WriteString(strings.Replace(strings.Replace(requestLine, "a2fb4a1d1a96d312", fmt.Sprintf("%016x", i+1), 1), `"status":200`, `"status":500`, 1))
	}
	write(t, "broken.log", broken.String())
	write(t, "well.log", strings.ReplaceAll(broken.String(), `"status":500`, `"status":200`))
	write(t, "well.json", clew(t, "", "map", "well.log", "-o", "json").out)
	tests := []struct {
		name, args string
		code       int
		out, err   string
	}{
		{"no change", "app.log|--diff|before.json", 0, "1 request", ""},
		{"no change, as JSON", "app.log|--diff|before.json|-o|json", 0, `"changes": []`, ""},
		{"more errors", "broken.log|--diff|well.json", 1, "more errors", ""},
		{"the earlier map is missing", "app.log|--diff|none.json", 2, "", "clew: --diff: open none.json"},
		{"the earlier map is no map", "app.log|--diff|app.log", 2, "", "clew: --diff: app.log: "},
		{"the earlier map is by route", "app.log|--diff|route.json", 2, "", "clew: --diff: route.json is a map by route: say --by route"},
		{"HTML", "app.log|--diff|before.json|-o|html", 2, "", "clew: --diff works only with -o text and -o json"},
		{"the earlier map is empty", "app.log|--diff|nothing.json", 3, "", "clew: --diff: nothing.json: "},
		{"the later log is missing", "nothing.log|--diff|before.json", 3, "", "clew: stat nothing.log"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := clew(t, "", append([]string{"map"}, strings.Split(test.args, "|")...)...)
			assert.Equal(t, test.code, got.code, got.err)
			assert.Contains(t, got.out, test.out)
			assert.True(t, strings.HasPrefix(got.err, test.err), got.err)
		})
	}
}

// mapOf runs clew map with these arguments, and returns the map.
func mapOf(t *testing.T, args ...string) (g servicemap.Graph) {
	t.Helper()
	r := clew(t, "", append([]string{"map", "-o", "json"}, args...)...)
	require.Equal(t, exitFound, r.code, r.err)
	require.NoError(t, json.Unmarshal([]byte(r.out), &g))
	return g
}

// In testdata/fleet, two services log requests, and one logs its calls.
func TestMapOfFleet(t *testing.T) {
	g := mapOf(t, fleet)
	assert.EqualValues(t, 3, g.Traces)
	assert.EqualValues(t, 57, g.Lines)
	assert.EqualValues(t, 10, g.NoID)
	assert.Zero(t, g.Untold)
	require.Len(t, g.Edges, 2)
	toImage, toPrice := g.Edges[0], g.Edges[1]
	assert.Equal(t, [...]any{"shop", "image", int64(3), int64(3), int64(1)}, [...]any{toImage.From, toImage.To, toImage.Calls, toImage.Answered, toImage.Errors})
	assert.Equal(t, [...]any{"shop", "price", int64(4), int64(0), int64(1), int64(1)},
		[...]any{toPrice.From, toPrice.To, toPrice.Calls, toPrice.Answered, toPrice.Errors, toPrice.Retries}, "price logs no requests")
	for _, b := range g.Breaks {
		assert.Equal(t, servicemap.NoID, b.Kind, b.Says)
	}
	var places []string
	for _, b := range g.Breaks {
		if b.To == "price" {
			places = append(places, b.Place)
		}
	}
	assert.Equal(t, []string{"c.e.price.Cache", "c.e.price.Prices"}, places)
}

// If a line is read several times, each copy counts as a line, but its request or call counts
// once. That is so even if kubectl has put the pod's name in front of a copy.
func TestMapOfCopies(t *testing.T) {
	want := mapOf(t, fleet)
	text, err := os.ReadFile(fleet + "/shop.log")
	require.NoError(t, err)
	var wrapped strings.Builder
	for l := range strings.Lines(string(text)) {
		wrapped.WriteString("[pod/shop-7d9f8c6b5-x2x9z/shop] " + l)
	}
	copies := []string{fleet, write(t, t.TempDir()+"/copy.log", string(text)), write(t, t.TempDir()+"/kubectl.log", wrapped.String())}
	got := mapOf(t, copies...)
	assert.Equal(t, want.Lines+2*int64(strings.Count(string(text), "\n")), got.Lines)
	assert.Equal(t, [...]int64{want.Requests, want.Calls, want.Traces}, [...]int64{got.Requests, got.Calls, got.Traces})
	assert.Equal(t, want.Edges, got.Edges)
	assert.Equal(t, want.Traced, got.Traced)
}

// After Ctrl-C, clew shows what it has found until then.
func TestMapInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var out, err bytes.Buffer
	in := readerFunc(func(p []byte) (int, error) {
		cancel()
		return copy(p, requestLine), nil
	})
	assert.Equal(t, exitInterrupted, run(ctx, []string{"map", "-o", "json"}, in, &out, &err))
	assert.Contains(t, out.String(), `"version": 1`)
}

// The last line may be cut, by Ctrl-C or because it is being written. Such a line adds no service
// to the map, and does not count as a place where a trace breaks.
func TestMapCutLine(t *testing.T) {
	const wholeLine = "time=2026-11-26T10:11:06Z service=shop trace_id=" + id + " span_id=a2fb4a1d1a96d312 msg=well\n"
	for name, cut := range map[string]string{
		"JSON":                `{"level":"info","service":"pri`,
		"JSON with an ID":     `{"trace_id":"` + id + `","span_id":"a2fb4a1d1a96d313","service":"pri`,
		"logfmt":              "time=2026-11-26T10:11:06Z service=pri",
		"logfmt with an ID":   "trace_id=" + id + " span_id=a2fb4a1d1a96d313 service=pri",
		"logfmt after a line": wholeLine + "time=2026-11-26T10:11:06Z service=pri",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			var out, err bytes.Buffer
			in := readerFunc(func(p []byte) (int, error) {
				cancel()
				return copy(p, requestLine+cut), io.EOF
			})
			assert.Equal(t, exitInterrupted, run(ctx, []string{"map", "-o", "json"}, in, &out, &err))
			g, wrong := servicemap.ReadJSON(&out)
			require.NoError(t, wrong)
			assert.LessOrEqual(t, len(g.Nodes), 1)
			assert.Empty(t, g.Breaks)
		})
	}
	got := clew(t, requestLine+`{"level":"info","service":"pri`, "map")
	assert.NotContains(t, got.out, "no id")
	assert.Contains(t, got.out, "1 service ")
	got = clew(t, requestLine+strings.TrimSuffix(wholeLine, "\n"), "map", "-o", "json")
	assert.Contains(t, got.out, `"lines":2`, "the last line is whole, although it has no newline")
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A map that cannot be written is an error.
func TestMapFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	var said bytes.Buffer
	assert.Equal(t, exitIncomplete, run(context.Background(), []string{"map"}, strings.NewReader(requestLine), full, &said))
	assert.Contains(t, said.String(), "no space left on device")
}
