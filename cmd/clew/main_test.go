package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// asClew is an environment variable. It makes the test binary run as clew, for tests that need a
// process.
const asClew = "CLEW_TEST_AS_CLEW"

func TestMain(m *testing.M) {
	if os.Getenv(asClew) != "" {
		main()
	}
	os.Unsetenv("CLEW_ZIPKIN_UI")
	goleak.VerifyTestMain(m)
}

const (
	id    = "5759e988bd862e3fe1be46a994272793"
	other = "463ac35c9f6413ad"
)

// logLine returns a line of the service shop, at a second of a fixed minute.
func logLine(second int, trace, message string) string {
	return fmt.Sprintf(`{"time":"2026-11-26T10:11:%02dZ","level":"info","service":"shop","trace_id":"%s","message":"%s"}`+"\n", second, trace, message)
}

// write creates a file and its folder, and returns the path.
func write(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// result is the outcome of a run of clew.
type result struct {
	code     int
	out, err string // err without counts
	counts   string // the counts of lines at the end of standard error
}

var countsForm = regexp.MustCompile(`(?m)^clew: ((?:of )?\d+ lines? read.*)\n`)

func withoutCounts(text string) string { return countsForm.ReplaceAllString(text, "") }

func clew(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	code := run(context.Background(), args, strings.NewReader(stdin), &out, &err)
	r := result{code: code, out: out.String(), err: withoutCounts(err.String())}
	if said := countsForm.FindAllStringSubmatch(err.String(), -1); len(said) > 0 {
		require.Len(t, said, 1, "standard error has the counts once")
		r.counts = said[0][1]
	}
	return r
}

// engineOf returns an engine that has read a text.
func engineOf(t *testing.T, q query, v view, text string) *engine {
	t.Helper()
	e := newEngine(q, v, nil)
	p := e.part("app.log", "")
	require.NoError(t, p.read(strings.NewReader(text)))
	p.finish()
	return e
}

// askedOne is the query for the trace of the constant id.
var askedOne = query{id: traceID{High: 0x5759e988bd862e3f, Low: 0xe1be46a994272793}, one: true}

var messageForm = regexp.MustCompile(`(?m)\b(?:INF|info) (\S+)$`)

// messages returns the messages of the log lines in out. Each message is one word.
func messages(out string) []string {
	var words []string
	for _, m := range messageForm.FindAllStringSubmatch(out, -1) {
		words = append(words, m[1])
	}
	return words
}

// commandLines are command lines with the outcome that each must have.
var commandLines = []struct {
	name  string
	stdin string
	args  string // separated by bars
	code  int
	out   string // a part of standard output
	err   string // all of standard error, or its beginning and …
}{
	{name: "no arguments", code: 0, out: "Usage: clew"},
	{name: "help", args: "--help", code: 0, out: "timeline"},
	{name: "help of timeline", args: "timeline|--help", code: 0, out: "Exit codes:"},
	{name: "version", args: "version", code: 0, out: "clew "},
	{name: "no such command", args: "timelin", code: 2, err: "clew: unexpected argument timelin, did you mean \"timeline\"?\nSee: clew --help\n"},
	{name: "no such flag", args: "timeline|--sinse|1m", code: 2, err: "clew: unknown flag --sinse, did you mean \"--since\"?…"},
	{name: "an ID in a file", args: "timeline|" + id + "|app.log", code: 0, out: "shop INF one\n"},
	{name: "the short form of the ID", args: "timeline|E1BE46A994272793|app.log", code: 0, out: "shop INF one\n"},
	{name: "flags behind the file", args: "timeline|" + id + "|app.log|--limit|5", code: 0, out: "shop INF one\n"},
	{name: "an ID in a header", args: "timeline|X-B3-TraceId: " + id + "|app.log", code: 0, out: "shop INF one\n"},
	{name: "standard input", stdin: logLine(1, id, "one"), args: "timeline|" + id, code: 0, out: "shop INF one\n"},
	{name: "standard input by name, twice", stdin: logLine(1, id, "one"), args: "timeline|" + id + "|-|-", code: 0, out: "shop INF one\n"},
	{name: "an ID that nobody has", args: "timeline|ffffffffffffffff|app.log", code: 1},
	{name: "the list", args: "timeline|app.log", code: 0, out: "  " + other + "\n"},
	{name: "an empty list", stdin: "", args: "timeline", code: 1},
	{name: "JSON", args: "timeline|" + id + "|app.log|-o|json", code: 0, out: `"message":"one"`},
	{name: "JSON of nothing", args: "timeline|ffffffffffffffff|app.log|-o|json", code: 1, out: "\"lines\": [\n ]"},
	{name: "no such output", args: "timeline|app.log|-o|xml", code: 2, err: "clew: --output must be one of \"text\",\"json\",\"html\",\"zipkin\",\"otlp\",\"mermaid\" but got \"xml\"…"},
	{name: "neither an ID nor a file", args: "timeline|aplog|app.log", code: 2, err: "clew: \"aplog\" is no file, and there is no trace ID in it…"},
	{name: "a hostile text that is neither an ID nor a file", args: "timeline|\x1b]0;x\x07|app.log", code: 2, err: `clew: "\x1b]0;x\a" is no file…`},
	{name: "a missing file, and one that is read", args: "timeline|" + id + "|none.log|app.log", code: 3, out: "shop INF one\n", err: "clew: stat none.log: no such file or directory\n"},
	{name: "a missing file with a hostile name", args: "timeline|" + id + "|\x1b[31m\u202e.log|app.log", code: 3, out: "shop INF one\n", err: `clew: \x1b[31m\u202e.log: syntax error in pattern…`},
	{name: "a pattern without a match", args: "timeline|" + id + "|no*.log", code: 3, err: "clew: stat no*.log: no such file or directory\n"},
	{name: "a bad pattern", args: "timeline|" + id + "|[.log", code: 3, err: "clew: [.log: syntax error in pattern\n"},
	{name: "strict, with a bad line", args: "timeline|" + id + "|app.log|--strict", code: 3, out: "shop INF one\n"},
	{name: "strict, without a bad line", args: "timeline|" + id + "|good.log|--strict", code: 0, out: "shop INF one\n"},
	{name: "verbose", args: "timeline|" + id + "|good.log|-v", code: 0, out: "shop INF one\n", err: "clew: reading good.log\nclew: good.log: trace=trace_id,service=service,time=time,level=level,message=message\n"},
	{name: "bad since", args: "timeline|app.log|--since|yesterday", code: 2, err: "clew: --since wants a time such as…"},
	{name: "bad until", args: "timeline|app.log|--until|25:00", code: 2, err: "clew: --until wants a time such as…"},
	{name: "until before since", args: "timeline|app.log|--since|2026-11-26|--until|2026-11-25", code: 2, err: "clew: --until is before --since…"},
	{name: "since", args: "timeline|app.log|--since|2026-11-26T10:11:02Z", code: 0, out: other},
	{name: "bad status", args: "timeline|app.log|--status|6xy", code: 2, err: "clew: --status wants…"},
	{name: "good status", args: "timeline|app.log|--status|5xx", code: 1, out: "0 traces"},
	{name: "bad key", args: "timeline|app.log|--keys|tid=trace", code: 2, err: "clew: --keys: …"},
	{name: "keys that no line has", args: "timeline|good.log|--keys|trace=json.tid", code: 0, out: id},
	{name: "statuses", args: "timeline|app.log|--status|4xx,500-504|--status|503", code: 1, out: "0 traces"},
	{name: "a bad status among good ones", args: "timeline|app.log|--status|4xx,x", code: 2, err: "clew: --status wants statuses such as 404, 5xx or 500-504, not \"x\"…"},
	{name: "where", args: "timeline|good.log|--where|message=one|--where|service=shop", code: 0, out: id},
	{name: "where, and no line has both fields", args: "timeline|good.log|--where|message=one|--where|a=b;c,d", code: 1},
	{name: "where without a value", args: "timeline|app.log|--where|a", code: 2},
	{name: "a flag for the list, with an ID", args: "timeline|" + id + "|app.log|--service|shop", code: 2, err: "clew: --service, --route, --status, --error, --slower and --where choose from the list…"},
	{name: "negative limit", args: "timeline|app.log|--limit=-1", code: 2, err: "clew: --limit wants…"},
	{name: "negative width", args: "timeline|app.log|--width=-1", code: 2, err: "clew: --width wants…"},
	{name: "negative slower", args: "timeline|app.log|--slower=-1s", code: 2, err: "clew: --slower wants…"},
	{name: "a script as Zipkin's address", args: "timeline|app.log|--zipkin-ui|javascript:alert(1)", code: 2, err: "clew: --zipkin-ui wants…"},
	{name: "a good address of Zipkin", args: "timeline|app.log|--zipkin-ui|http://127.0.0.1:9411/zipkin", code: 0},
}

func TestRun(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", logLine(1, id, "one")+logLine(2, other, "two")+"{broken\n")
	write(t, "good.log", logLine(1, id, "one"))
	for _, test := range commandLines {
		t.Run(test.name, func(t *testing.T) {
			var args []string
			if test.args != "" {
				args = strings.Split(test.args, "|")
			}
			got := clew(t, test.stdin, args...)
			assert.Equal(t, test.code, got.code, got.err)
			assert.Contains(t, got.out, test.out)
			if start, ok := strings.CutSuffix(test.err, "…"); ok {
				assert.True(t, strings.HasPrefix(got.err, start), got.err)
			} else if test.err != "" || test.code < 2 {
				assert.Equal(t, test.err, got.err)
			}
			if test.code == 2 {
				assert.Empty(t, got.out)
				assert.NotEmpty(t, got.err)
			}
			assert.NotContains(t, got.err+got.out, "\x1b")
		})
	}
}

// Flags may stand anywhere. A flag's value may look like a source, and a source may look like a
// flag.
func TestFlagsAnywhere(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", logLine(1, id, "one"))
	write(t, "-v", logLine(2, id, "two"))
	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"flags in front", []string{"--limit", "5", "-o", "text", id, "app.log"}, []string{"one"}},
		{"flags between the sources", []string{id, "--limit", "5", "app.log"}, []string{"one"}},
		{"flags between the sources, with =", []string{id, "--limit=5", "app.log"}, []string{"one"}},
		{"a flag without a value between the sources", []string{id, "--strict", "app.log"}, []string{"one"}},
		{"short flags in one argument", []string{id, "-votext", "app.log"}, []string{"one"}},
		{"short flags in one argument, and the value in the next", []string{id, "-vo", "text", "app.log"}, []string{"one"}},
		{"sources behind --", []string{id, "--strict", "--", "app.log", "-v"}, []string{"one", "two"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := clew(t, "", append([]string{"timeline"}, test.args...)...)
			assert.Equal(t, exitFound, got.code, got.err)
			assert.Equal(t, test.want, messages(got.out))
		})
	}
	got := clew(t, "", "timeline", id, "app.log", "--limit")
	assert.Equal(t, exitUsage, got.code)
	assert.Contains(t, got.err, "--limit")
}

// askedFor finds the ID and the sources in the arguments.
func TestQuery(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, id, "")
	write(t, "app.log", "")
	tests := []struct {
		name  string
		args  []string
		one   bool
		names []string
	}{
		{"no arguments", nil, false, nil},
		{"a file", []string{"app.log"}, false, []string{"app.log"}},
		{"a folder", []string{"."}, false, []string{"."}},
		{"a pattern", []string{"*.log"}, false, []string{"*.log"}},
		{"standard input", []string{"-"}, false, []string{"-"}},
		{"an ID that is also the name of a file", []string{id}, true, []string{}},
		{"./ and a name that looks like an ID", []string{"./" + id}, false, []string{"./" + id}},
		{"an ID and files", []string{id, "a", "b"}, true, []string{"a", "b"}},
		{"a log line", []string{logLine(1, id, "x"), "a"}, true, []string{"a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, one, names, err := askedFor(test.args)
			require.NoError(t, err)
			assert.Equal(t, test.one, one)
			assert.Equal(t, test.names, names)
			if one {
				assert.Equal(t, askedOne.id, got)
			}
		})
	}
	_, _, _, err := askedFor([]string{""})
	assert.Error(t, err)
}

func TestColour(t *testing.T) {
	for _, test := range []struct {
		color string
		want  bool
	}{{"auto", false}, {"always", true}, {"never", false}} {
		command := timelineCommand{Color: test.color}
		assert.Equal(t, test.want, command.colour(&bytes.Buffer{}), test.color)
	}
	forty := 40
	assert.Equal(t, forty, (&timelineCommand{Width: &forty}).width(&bytes.Buffer{}))
	assert.Zero(t, (&timelineCommand{}).width(&bytes.Buffer{}), "without a terminal, nothing is cut")
}

// The environment variable CLEW_ZIPKIN_UI sets --zipkin-ui.
func TestZipkinUI(t *testing.T) {
	t.Setenv("CLEW_ZIPKIN_UI", "nonsense")
	got := clew(t, "", "timeline")
	assert.Equal(t, exitUsage, got.code)
	assert.Contains(t, got.err, "--zipkin-ui")
}

// An answer that cannot be written is an error.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	var said bytes.Buffer
	code := run(context.Background(), []string{"timeline", id}, strings.NewReader(logLine(1, id, "one")), full, &said)
	assert.Equal(t, exitIncomplete, code)
	assert.Equal(t, "clew: write /dev/full: no space left on device\n", said.String())
}
