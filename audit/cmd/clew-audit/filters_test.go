package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// passed holds two events: one with a key called filter, and one that a filter has passed.
var passed = event(0, firstTrace, "ingest", "received", `"row":"r-1","filter":"slow clients"`) +
	strings.Replace(event(time.Second, other, "export", "exported", `"row":"r-1","a":"b=c"`), "}\n", `,"trace_names":["slow clients"]}`+"\n", 1)

func TestFindFilter(t *testing.T) {
	dir := lakeOf(t, passed)
	tests := []struct {
		name, args string // separated by bars
		want       string // the messages that are found
		err        string
	}{
		{name: "a filter", args: "filter=slow clients", want: "exported"},
		{name: "a filter by the flag", args: "--name|slow clients", want: "exported"},
		{name: "a filter by flag and argument", args: "--name|slow clients|filter=slow clients", want: "exported"},
		{name: "a filter and a value", args: "filter=slow clients|row=r-1", want: "exported"},
		{name: "a filter that has passed nothing", args: "filter=fast clients", err: "clew-audit: filter= asks for the events that a filter has passed; for a key of that name: --context 'filter=fast clients'\n"},
		{name: "a key called filter", args: "--context|filter=slow clients", want: "received"},
		{name: "two pairs by the flag", args: "--context|row=r-1|--context|a=b=c", want: "exported"},
		{name: "an empty value by the flag", args: "--context|filter="},
		{name: "a key and a filter", args: "--context|filter=slow clients|filter=slow clients|r-1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := clewAudit(t, "", append([]string{"find", "-d", dir}, strings.Split(test.args, "|")...)...)
			assert.Equal(t, test.want, shown(r.out))
			assert.Equal(t, test.err, r.err)
		})
	}
	r := clewAudit(t, "", "follow", "-d", dir, "filter=slow clients", "--hops", "1")
	assert.Equal(t, "exported", shown(r.out), "follow accepts filter=NAME")
}

// rule returns a filter in YAML, whose script begins on line 3.
func rule(name, body string) string {
	return fmt.Sprintf("name: %q\njs: |\n  function filter(event) {\n    %s\n  }\n", name, body)
}

// written writes filters to a file, and returns its name.
func written(t *testing.T, texts ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "F.yaml")
	require.NoError(t, os.WriteFile(name, []byte(strings.Join(texts, "---\n")), 0o600))
	return name
}

// stateOf opens and closes a Set of the filters in source, so that dir contains the state of the
// Set.
func stateOf(t *testing.T, dir, source string) {
	t.Helper()
	s, err := filter.Open(filter.Config{Source: source, App: "media-api", Filtered: true, Dir: dir})
	require.NoError(t, err)
	require.NoError(t, s.Close(t.Context()))
}

// hostileFilters writes a valid file of filters, and returns its name, which contains hostile
// bytes. It also writes the state of a service with hostile bytes in its texts to dir.
func hostileFilters(t *testing.T, dir string) string {
	t.Helper()
	const hostile = "\x1b[31m\u009b\u202e"
	name := filepath.Join(t.TempDir(), "F"+hostile+".yaml")
	require.NoError(t, os.WriteFile(name, []byte(rule("ok", "return event.message.length % 2 == 1")), 0o600))
	stateOf(t, dir, name)
	state := stateFile(t, dir)
	text, err := os.ReadFile(state)
	require.NoError(t, err)
	escaped := `\u001b[31m\u009b\u202e`
	changed := strings.NewReplacer(`"name": "ok"`, `"name": "ok`+escaped+`", "off": {"name": "x", "reason": "r`+escaped+`", "file": "f`+escaped+`", "at": "2026-11-27T05:00:00Z"}`,
		`"health": {`, `"health": {"error": "e`+escaped+`", "problems": ["p`+escaped+`"],`, `"app": "media-api"`, `"app": "a`+escaped+`"`).Replace(string(text))
	require.NotEqual(t, string(text), changed)
	require.NoError(t, os.WriteFile(state, []byte(changed), 0o600))
	return name
}

func stateFile(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "_filters", "*.json"))
	require.NoError(t, err)
	require.Len(t, names, 1)
	return names[0]
}

// sample returns ten events as find -o json writes them, of the clients 0 to 9.
func sample() string {
	var b strings.Builder
	for i := range 10 {
		b.WriteString(event(time.Duration(i)*time.Second, firstTrace, []string{"media-api", "export"}[i%2], "received", fmt.Sprintf(`"client_id":"%d"`, i)))
	}
	return b.String()
}

func TestCheck(t *testing.T) {
	good := rule("anton_client_filter", `var client = event.context.get("client_id"); return client != null && client > 4`)
	apps := "apps: [export]\n" + rule("for export", "return true")
	trap := rule("trap", "return /3/.test(event.context.client_id)")
	fails := rule("fails", `if (event.context.client_id == "7") throw new Error("seven"); return false`)
	tests := []struct {
		name  string
		rules []string
		args  string
		code  int
		out   []string // texts that the output contains
		err   string
	}{
		{name: "a good filter", rules: []string{good}, args: "--rate|1000", out: []string{
			"anton_client_filter (F.yaml, line 3): of 10 events, 5 pass and 5 do not\n", "\n  speed    ", " of a core at 1,000 events a second (--rate)\n",
			"\n  passes   " + start.Add(7*time.Second).Format(dayAndClock) + "  export  received  client_id=7\n           " + start.Add(8*time.Second).Format(dayAndClock), "client_id=9\n",
			"\n  stops    " + start.Add(2*time.Second).Format(dayAndClock), "client_id=4\n"}},
		{name: "without a rate", rules: []string{good}, out: []string{"; --rate says how many events a second the service logs\n"}},
		{name: "a filter with apps", rules: []string{apps}, out: []string{"for export (F.yaml, line 4) for export: of 5 events, 5 pass and 0 do not\n"}},
		{name: "the flag --app", rules: []string{good}, args: "--app|export", out: []string{"of 5 events, 3 pass and 2 do not\n"}},
		{name: "no event has an app of the filter", rules: []string{apps}, args: "--app|media-api", out: []string{"for export: none of the events is of its apps\n"}},
		{name: "no event has the app of --app", rules: []string{good}, args: "--app|x", code: exitNothing, out: []string{"anton_client_filter (F.yaml, line 3)\n"}, err: "clew-audit: there are no events to try the filters on\n"},
		{name: "a limit", rules: []string{good}, args: "--limit|2", out: []string{"of 2 events, 0 pass and 2 do not\n"}},
		{name: "a trap", rules: []string{trap}, out: []string{"1 pass", "\n  warning  line 4: the regular expression is built in each call"}},
		{name: "failures", rules: []string{fails}, code: exitNothing, out: []string{"\n  fails    1 time, line 4: Error: seven\n           ", "client_id=7\n"}},
		{name: "an endless loop", rules: []string{rule("loop", "for (;;) { event.app }"), good}, code: exitNothing, out: []string{
			"loop (F.yaml, line 3): of 3 events, 0 pass", "\n  off      it would be switched off, line ", ": 3 calls took more than", "\n\nanton_client_filter (F.yaml, line 9): of 10 events"}},
		{name: "a class of Java", rules: []string{rule("java", "") + "  var s = new java.util.HashSet()\n"}, code: exitNothing, out: []string{
			"\n  wrong    filter \"java\": line 6: ReferenceError", "write new Set()", "\n  warning  line 6: java is Java's"}},
		{name: "an expired filter", rules: []string{"expiration: 2020-01-01\n" + good}, out: []string{"line 4), which has expired: of 10 events"}},
		{name: "a file without a filter", rules: []string{"# none\n"}, code: exitNothing},
		{name: "not YAML", rules: []string{"{\n"}, code: exitNothing, out: []string{"a filter without a name (F.yaml, line ", "\n  wrong    line "}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(filepath.Dir(written(t, test.rules...)))
			args := []string{"filters", "check", "F.yaml", "--events", "-"}
			if test.args != "" {
				args = append(args, strings.Split(test.args, "|")...)
			}
			r := clewAudit(t, sample(), args...)
			assert.Equal(t, test.code, r.code, r.out)
			assert.Equal(t, test.err, r.err)
			for _, want := range test.out {
				assert.Contains(t, r.out, want)
			}
			assert.Empty(t, r.searched)
		})
	}
}

// With -d, check uses the events of a directory, and the rate of its service.
func TestCheckDirectory(t *testing.T) {
	// These are 300 events in two minutes, 75 of each app.
	dir := lakeOf(t, strings.Repeat(events, 75))
	name := written(t, rule("items", `return event.context.item == "XYZ.123"`), "apps: [quota]\n"+rule("quota", "return true"))
	r := clewAudit(t, "", "filters", "check", name, "-d", dir)
	assert.Equal(t, exitFound, r.code, r.err)
	assert.Contains(t, r.out, ": of 300 events, 150 pass and 150 do not\n")
	assert.Contains(t, r.out, " of a core at 2.5 events a second (the rate of the newest events)\n")
	rates := ratesOf(t, clewAudit(t, "", "filters", "check", name, "-d", dir, "-o", "json").out)
	require.Len(t, rates, 2)
	assert.InEpsilon(t, rates[0]/4, rates[1], 0.01, "the rate of a filter with apps is that of the events of these apps")
	assert.Contains(t, r.out, "dropped", "the newest events are shown")
	assert.Regexp(t, "^searched ", r.searched)
	first := clewAudit(t, "", "filters", "check", written(t, rule("first", "filter.calls = (filter.calls || 0) + 1; return filter.calls == 1")), "-d", dir)
	assert.Contains(t, first.out, "\n  passes   "+start.Format(dayAndClock)+"  ingest", "events are tried in the order of time")
	newest := clewAudit(t, "", "filters", "check", name, "-d", dir, "--limit", "75").out
	assert.Contains(t, newest, ": of 75 events, 0 pass and 75 do not\n")
	assert.Contains(t, newest, " for quota: of 75 events, 75 pass and 0 do not\n")
	r = clewAudit(t, "", "filters", "check", name, "-d", dir, "--since", "5m")
	assert.Equal(t, exitNothing, r.code)
	assert.Equal(t, "clew-audit: there are no events to try the filters on\n", r.err)
	both := clewAudit(t, sample(), "filters", "check", name, "-d", dir, "--events", "-")
	assert.Contains(t, both.out, ": of 310 events, 150 pass and 160 do not\n")
	r = clewAudit(t, "", "filters", "check", name, "-d", dir+"/none")
	assert.Equal(t, exitIncomplete, r.code)
}

// ratesOf returns the rates of findings in JSON.
func ratesOf(t *testing.T, out string) (rates []float64) {
	t.Helper()
	for line := range strings.Lines(out) {
		var f struct{ Rate float64 }
		require.NoError(t, json.Unmarshal([]byte(line), &f))
		rates = append(rates, f.Rate)
	}
	return rates
}

// The rate is that of the busiest five minutes of the last hours. If there are only older events,
// the rate follows from their times.
func TestCheckRateOfEvents(t *testing.T) {
	busy := event(-20*time.Minute, firstTrace, "a", "received", "") + strings.Repeat(event(-10*time.Minute, firstTrace, "a", "received", ""), 300)
	for i := range 600 {
		busy += event(time.Duration(i)*time.Microsecond, firstTrace, "a", "received", "")
	}
	served := clewAudit(t, "", "filters", "check", written(t, rule("all", "return true")), "-d", lakeOf(t, busy), "--limit", "600").out
	assert.Contains(t, served, " of a core at 2 events a second (the busiest five minutes of the last three hours)\n")
	lines := ""
	for i := range 11 {
		lines += event(time.Duration(i)*time.Second-5*time.Hour, firstTrace, "a", "received", "")
	}
	out := clewAudit(t, "", "filters", "check", written(t, rule("all", "return true")), "-d", lakeOf(t, lines)).out
	assert.Contains(t, out, " of a core at 1.1 events a second (the rate of the newest events)\n")
}

func TestCheckAsJSON(t *testing.T) {
	name := written(t, rule("f", `if (event.context.client_id == "7") throw new Error("seven"); return /3/.test(event.context.client_id)`), rule("java", "")+"  java.x\n")
	r := clewAudit(t, sample(), "filters", "check", name, "--events", "-", "-o", "json", "--rate", "1000")
	assert.Equal(t, exitNothing, r.code)
	type finding struct {
		File, Filter, Error     string
		Line                    int
		Passed, Stopped, Failed int
		Failures                []struct {
			Reason      string
			Line, Calls int
			Event       object
		}
		CallsPerSecond float64 `json:"calls_per_second"`
		Rate           float64
		Share          float64 `json:"share_of_core"`
		Passes, Stops  []object
		Warnings       []struct{ Line int }
	}
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	require.Len(t, lines, 2)
	var all [2]finding
	for i, line := range lines {
		require.NoError(t, json.Unmarshal([]byte(line), &all[i]))
	}
	f := all[0]
	assert.Equal(t, []any{name, "f", 3, 1, 9, 1}, []any{f.File, f.Filter, f.Line, f.Passed, f.Stopped, f.Failed})
	require.Len(t, f.Failures, 1)
	assert.Equal(t, []any{"Error: seven", 4, 1, "7"}, []any{f.Failures[0].Reason, f.Failures[0].Line, f.Failures[0].Calls, f.Failures[0].Event.Context["client_id"]})
	assert.InEpsilon(t, f.Rate/f.CallsPerSecond, f.Share, 1e-9)
	assert.Equal(t, 1000., f.Rate)
	assert.Len(t, f.Passes, 1)
	assert.Len(t, f.Stops, 3)
	assert.Len(t, f.Warnings, 1)
	assert.Contains(t, all[1].Error, "ReferenceError")
	assert.Equal(t, []int{12, 12}, []int{all[1].Line, all[1].Warnings[0].Line}, "the finding and its warning have the line of the error")
}

// If a file cannot be read, check reports it, and tries the other files.
func TestCheckIncomplete(t *testing.T) {
	good := written(t, rule("good", "return true"))
	r := clewAudit(t, "", "filters", "check", good+".none", good)
	assert.Equal(t, exitIncomplete, r.code)
	assert.Contains(t, r.err, "no such file")
	assert.Contains(t, r.out, "good (")
	r = clewAudit(t, "nonsense\n"+sample()+`{"app":"a","message":"`+strings.Repeat("x", 300_000)+`"}`+"\n", "filters", "check", good, "--events", "-")
	assert.Equal(t, exitIncomplete, r.code)
	assert.Contains(t, r.out, "of 10 events, 10 pass")
	assert.Contains(t, r.err, "clew-audit: line 1 skipped: it is not JSON")
	assert.Contains(t, r.err, "clew-audit: line 12 skipped: the event cannot be written: audit: the event is larger")
	r = clewAudit(t, "", "filters", "check", good, "--events", good+".none")
	assert.Equal(t, exitIncomplete, r.code)
	assert.Equal(t, exitFound, clewAudit(t, "", "filters", "check", good).code, "without events, check only reports whether the filters can be used")
}

// Ctrl-C ends the trial.
func TestCheckInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := lakeOf(t, events)
	var out, said strings.Builder
	code := run(ctx, []string{"filters", "check", written(t, rule("a", "return true")), "-d", dir}, strings.NewReader(""), &out, &said)
	assert.Equal(t, exitInterrupted, code, said.String())
}
