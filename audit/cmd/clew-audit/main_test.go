package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// asCommand is an environment variable. If it is set, the test binary runs clew-audit, for tests
// that need a process.
const asCommand = "CLEW_TEST_AS_CLEW_AUDIT"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Unsetenv("CLEW_AUDIT_DIR")
	goleak.VerifyTestMain(m)
}

// result holds the exit code and the outputs of clew-audit.
type result struct {
	code     int
	out, err string // err without the line about the search
	searched string
}

var searchedForm = regexp.MustCompile(`(?m)^clew-audit: (searched .*)\n`)

func clewAudit(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	code := run(context.Background(), args, strings.NewReader(stdin), &out, &err)
	r := result{code: code, out: out.String(), err: searchedForm.ReplaceAllString(err.String(), "")}
	if said := searchedForm.FindAllStringSubmatch(err.String(), -1); len(said) > 0 {
		require.Len(t, said, 1, "there must be one line about the search")
		r.searched = said[0][1]
	}
	return r
}

// The trace IDs of the events in these tests. They begin with the time of their traces.
var (
	start      = time.Now().Add(-90 * time.Minute).UTC().Truncate(time.Microsecond)
	firstTrace = fmt.Sprintf("%08x%024x", start.Unix(), 1)
	other      = fmt.Sprintf("%08x%024x", start.Unix(), 2)
)

// event returns an event as a line of JSON.
func event(after time.Duration, trace, app, message, context string) string {
	return fmt.Sprintf(`{"timestamp":"%s","trace_id":"%s","app":"%s","message":"%s","context":{%s}}`+"\n",
		start.Add(after).Format(time.RFC3339Nano), trace, app, message, context)
}

var events = event(0, firstTrace, "ingest", "received", `"item":"XYZ.123","network":"instagram"`) +
	event(2*time.Millisecond, firstTrace, "augment", "augmented", `"item":"XYZ.123","row":"r-1"`) +
	event(time.Minute, other, "export", "exported", `"row":"r-1","a":"b=c"`) +
	event(2*time.Minute, "463ac35c9f6413ad", "quota", "dropped", `"item":"ABC.456","why":"over the quota"`)

// lakeOf writes events to a new directory, and returns the directory.
func lakeOf(t *testing.T, lines string) string {
	t.Helper()
	dir := t.TempDir()
	r := clewAudit(t, lines, "ingest", "-d", dir)
	require.Equal(t, exitFound, r.code, r.err)
	return dir
}

var wordForm = regexp.MustCompile(`\b(received|augmented|exported|dropped)\b`)

// shown returns the messages of the events in an answer, in order.
func shown(out string) string { return strings.Join(wordForm.FindAllString(out, -1), " ") }

func TestFind(t *testing.T) {
	dir := lakeOf(t, events)
	tests := []struct {
		name string
		args string // separated by bars
		want string // the messages that are found, in order
	}{
		{name: "everything", want: "dropped exported augmented received"},
		{name: "a value", args: "XYZ.123", want: "augmented received"},
		{name: "two values", args: "XYZ.123|r-1", want: "augmented"},
		{name: "a pair", args: "row=r-1", want: "exported augmented"},
		{name: "pairs", args: "item=XYZ.123|row=r-1", want: "augmented"},
		{name: "the value under another key", args: "row=XYZ.123"},
		{name: "a value with = in it", args: "=b=c", want: "exported"},
		{name: "a pair with = in its value", args: "a=b=c", want: "exported"},
		{name: "a trace", args: "--trace|" + firstTrace, want: "augmented received"},
		{name: "a trace in capitals", args: "--trace|" + strings.ToUpper(firstTrace), want: "augmented received"},
		{name: "a trace in a traceparent", args: "--trace|00-" + firstTrace + "-0000000000000001-01", want: "augmented received"},
		{name: "a trace of 16 digits", args: "--trace|463ac35c9f6413ad", want: "dropped"},
		{name: "a trace padded to 32", args: "--trace|0000000000000000463ac35c9f6413ad", want: "dropped"},
		{name: "an app", args: "--app|augment", want: "augmented"},
		{name: "a message", args: "--message|received", want: "received"},
		{name: "the newest", args: "--limit|1", want: "dropped"},
		{name: "since", args: "--since|" + start.Add(2*time.Minute).Format(time.RFC3339Nano), want: "dropped"},
		{name: "until", args: "--until|" + start.Add(time.Second).Format(time.RFC3339Nano), want: "augmented received"},
		{name: "a range without events", args: "--since|10m"},
		{name: "flags first", args: "--limit|1|XYZ.123", want: "augmented"},
		{name: "flags last", args: "XYZ.123|--limit|1", want: "augmented"},
	}
	for _, test := range tests {
		for _, output := range []string{"table", "json"} {
			t.Run(test.name+" as "+output, func(t *testing.T) {
				args := []string{"find", "-d", dir, "-o", output}
				if test.args != "" {
					args = append(args, strings.Split(test.args, "|")...)
				}
				r := clewAudit(t, "", args...)
				assert.Equal(t, test.want, shown(r.out), r.out)
				assert.Equal(t, map[bool]int{true: exitNothing, false: exitFound}[test.want == ""], r.code, r.err)
				assert.Empty(t, r.err)
				assert.Regexp(t, `^searched .*\d+ files? of \d+ partitions?, .* read in `, r.searched)
			})
		}
	}
}

func TestFindCount(t *testing.T) {
	dir := lakeOf(t, events)
	assert.Equal(t, "2\n", clewAudit(t, "", "find", "-d", dir, "XYZ.123", "--count", "--limit", "1").out)
	assert.Equal(t, "{\"count\":4}\n", clewAudit(t, "", "find", "-d", dir, "--count", "-o", "json").out)
	r := clewAudit(t, "", "find", "-d", dir, "nobody", "--count")
	assert.Equal(t, "0\n", r.out)
	assert.Equal(t, exitNothing, r.code)
}

func TestTableAndJSON(t *testing.T) {
	dir := lakeOf(t, event(0, firstTrace, "shop", "sold", `"b":"two words","a":"1"`))
	day := start.Format("2006-01-02 15:04:05.000000")
	assert.Equal(t, "time (UTC)                  app   message  context, trace\n"+
		day+"  shop  sold     a=1 b='two words'  "+firstTrace+"\n", clewAudit(t, "", "find", "-d", dir).out)
	assert.Equal(t, "time (UTC)                  app   message  context, tra…\n"+
		day+"  shop  sold     a=1 b='two words'  "+firstTrace+"\n", clewAudit(t, "", "find", "-d", dir, "--width", "56").out)
	line := `{"timestamp":"` + start.Format("2006-01-02T15:04:05.000000Z") + `","trace_id":"` + firstTrace + `","app":"shop","message":"sold","context":{"a":"1","b":"two words"},"trace_names":[]}` + "\n"
	assert.Equal(t, line, clewAudit(t, "", "find", "-d", dir, "-o", "json").out)
	assert.Equal(t, line, clewAudit(t, "", "find", "-d", lakeOf(t, line), "-o", "json").out, "ingest reads the output of find")
	coloured := clewAudit(t, "", "find", "-d", dir, "--color", "always").out
	assert.Contains(t, coloured, "\x1b[1m"+firstTrace+"\x1b[0m")
}

// If the command line is wrong, clew-audit does nothing, and the exit code is 2.
func TestUsage(t *testing.T) {
	dir := t.TempDir()
	tests := []struct{ name, args, err string }{
		{"an unknown command", "findd", "unexpected argument findd, did you mean \"find\"?"},
		{"an unknown flag", "find|-d|" + dir + "|--sinse|1m", "unknown flag --sinse, did you mean \"--since\"?"},
		{"no directory", "find|x", "say where the events are: --dir DIRECTORY, or CLEW_AUDIT_DIR"},
		{"no directory to write to", "ingest", "say where to write: --dir DIRECTORY, or CLEW_AUDIT_DIR"},
		{"two directories to write to", "ingest|-d|a|-d|b", "give one directory to write to, not 2: a, b"},
		{"a file as source", "ingest|-d|" + dir + "|events.json", "ingest reads standard input, or a directory of objects: clew-audit ingest … < events.json"},
		{"a bad --since", "find|-d|" + dir + "|--since|yesterday", "--since wants a time such as"},
		{"a bad --until", "follow|-d|" + dir + "|x|--until|25:00", "--until wants a time such as"},
		{"until before since", "find|-d|" + dir + "|--since|1h|--until|2h", "--until is before --since"},
		{"a bad --within", "find|-d|" + dir + "|--within|0s", "--within wants a duration"},
		{"a bad --max-bytes", "find|-d|" + dir + "|--max-bytes|1XB", "--max-bytes wants a number of bytes such as 500MB or 2GB, not \"1XB\""},
		{"two filters", "find|-d|" + dir + "|filter=a|filter=b", "only the events of one filter can be asked for, not of \"a\" and \"b\""},
		{"a filter as argument and another by flag", "find|-d|" + dir + "|filter=a|--name|b", "only the events of one filter can be asked for"},
		{"an empty name of a filter", "find|-d|" + dir + "|filter=", "filter= wants the name of a filter; for an empty value under a key called filter, write --context filter="},
		{"a context that is no pair", "find|-d|" + dir + "|--context|filter", "--context wants a key and its value, as in --context filter=slow, not \"filter\""},
		{"a negative limit", "find|-d|" + dir + "|--limit=-1", "--limit wants a number that is not negative"},
		{"a negative width", "find|-d|" + dir + "|--width=-1", "--width wants a number that is not negative"},
		{"an unknown output", "find|-d|" + dir + "|-o|xml", "--output must be one of \"table\",\"json\" but got \"xml\""},
		{"a bad trace ID", "find|-d|" + dir + "|--trace|nonsense", "--trace wants a trace ID of 16 or 32 digits, or a text that has one in it, not \"nonsense\""},
		{"a hostile trace ID", "trace|-d|" + dir + "|\x1b]0;x\x07", `trace wants a trace ID of 16 or 32 digits, or a text that has one in it, not "\x1b]0;x\a"`},
		{"an empty trace", "find|-d|" + dir + "|--trace|", "--trace is empty; leave it out to ask for all"},
		{"an empty app", "sql|trino|--app=", "--app is empty"},
		{"an empty value", "find|-d|" + dir + "|", "an empty value is in no event"},
		{"no hops", "follow|-d|" + dir + "|x|--hops|0", "--hops wants a number of at least 1"},
		{"nothing to follow", "follow|-d|" + dir, "expected \"<value|key=value|trace>\""},
		{"a bad --ttl of ingest", "ingest|-d|" + dir + "|--ttl|soon", "--ttl wants a duration such as 14d or 36h, or 0, not \"soon\""},
		{"--every for standard input", "ingest|-d|" + dir + "|--every|1m", "--every is for a directory of objects: standard input is read once"},
		{"a bad --every", "ingest|" + dir + "|-d|x|--every|soon", "--every wants a duration such as 1m, not \"soon\""},
		{"two directories for objects", "ingest|" + dir + "|-d|a|-d|b", "give one directory to write to, not 2: a, b"},
		{"objects in the directory to write to", "ingest|" + dir + "/.|-d|" + dir + "/y", "the objects and the files need separate directories"},
		{"an unknown kind of store", "ingest|ftp://x|-d|" + dir, "ftp://x: this kind of store is not known"},
		{"a bad --ttl of compact", "compact|-d|" + dir + "|--ttl|0s", "--ttl wants a duration such as 14d"},
		{"a bad --after", "compact|-d|" + dir + "|--after|x", "--after wants a duration such as 1h, not \"x\""},
		{"no events in the demo", "demo|-d|" + dir + "|--events|0", "--events wants a number of at least 1"},
		{"a bad --over", "demo|-d|" + dir + "|--over|0s", "--over wants a duration such as 2h, not \"0s\""},
		{"an unknown command of filters", "filters|chek", "unexpected argument chek, did you mean \"check\"?"},
		{"filters without a command", "filters", "expected one of \"check\", \"list\""},
		{"check without a file", "filters|check", "expected \"<file> ...\""},
		{"a limit of check that is too low", "filters|check|x.yaml|--limit|0", "--limit wants a number of 1 to 1,000,000"},
		{"a limit of check that is too high", "filters|check|x.yaml|--limit|1000001", "--limit wants a number of 1 to 1,000,000"},
		{"a negative rate", "filters|check|x.yaml|--rate=-1", "--rate wants a number that is not negative"},
		{"a rate that is no number", "filters|check|x.yaml|--rate|NaN", "--rate wants a number that is not negative"},
		{"a bad --since of check", "filters|check|x.yaml|--since|soon", "--since wants a time such as"},
		{"no directory to list", "filters|list", "say where the events are: --dir DIRECTORY, or CLEW_AUDIT_DIR"},
		{"a negative width of list", "filters|list|-d|" + dir + "|--width=-1", "--width wants a number that is not negative"},
		{"a bad pattern", "find|-d|[", "--dir: [: syntax error in pattern"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := clewAudit(t, "", strings.Split(test.args, "|")...)
			assert.Equal(t, exitUsage, r.code, r.out)
			assert.Contains(t, r.err, "clew-audit: "+test.err)
			assert.Contains(t, r.err, "\nSee: clew-audit ")
			assert.Empty(t, r.out)
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, left, "the directory must stay empty")
		})
	}
}

func TestHelp(t *testing.T) {
	assert.Contains(t, clewAudit(t, "").out, "Usage: clew-audit")
	for _, command := range commands {
		r := clewAudit(t, "", append(strings.Fields(command), "--help")...)
		assert.Equal(t, exitFound, r.code)
		assert.Contains(t, r.out, "Examples:", command)
	}
	assert.Regexp(t, `^clew-audit .* go1`, clewAudit(t, "", "version").out)
}

// README.md has a heading for each command, and documents each flag below it.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	manual := string(text)
	parser, err := kong.New(&command{})
	require.NoError(t, err)
	for _, c := range parser.Model.Leaves(false) {
		name := strings.TrimPrefix(c.FullPath(), parser.Model.Name+" ")
		_, section, found := strings.Cut(manual, "\n## "+name+"\n")
		require.True(t, found, name)
		section, _, _ = strings.Cut(section, "\n## ")
		for _, flag := range c.Flags {
			switch {
			case flag.Name == "help":
				continue
			case flag.Short != 0:
				assert.Regexp(t, "`-"+string(flag.Short)+"[`, ]", section, "%s --%s", c.Name, flag.Name)
			default:
				assert.Regexp(t, "`--"+flag.Name+"[` ]", section, "%s --%s", c.Name, flag.Name)
			}
		}
	}
}
