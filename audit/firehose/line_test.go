package firehose_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/clew/audit"
	"example.com/clew/audit/firehose"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var hostile = []string{
	"", "plain", `"quoted" \ /`, "a\nb\r\tc\x00\x01\x1f\x7f", "zwei ü, 日本, 🙂", "<script>&amp;", "\x1b[31mred", "\u009b31m", "\u202egnp.exe", "\u2028\u2029", "\ufeffBOM",
	"\u200e\u200f\u061c\u2066\u2069", "\ufffd", "bad \xff\xfe bytes \xe2\x82", strings.Repeat("x", 70_000), strings.Repeat("\x01", 10_000), "ends in \\",
}

// want returns the object that the line of e must contain. encoding/json writes and reads the
// object, so that invalid UTF-8 is replaced.
func want(t testing.TB, e audit.Event) (o object) {
	t.Helper()
	o = object{e.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), e.TraceID, e.App, e.Message, e.Context, e.TraceNames}
	if o.Context == nil {
		o.Context = map[string]string{}
	}
	if o.TraceNames == nil {
		o.TraceNames = []string{}
	}
	text, err := json.Marshal(o)
	require.NoError(t, err)
	var again object
	require.NoError(t, json.Unmarshal(text, &again))
	return again
}

// checkLine asserts that the line of e contains e, is a single line, and contains no character
// that a terminal obeys.
func checkLine(t testing.TB, e audit.Event) {
	t.Helper()
	line := firehose.Line(&e)
	require.True(t, utf8.ValidString(line))
	for _, r := range strings.TrimSuffix(line, "\n") {
		require.False(t, r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e, "line %q contains %U, which a terminal may obey", line, r)
	}
	got := objects(t, []byte(line))
	require.Len(t, got, 1)
	require.Equal(t, want(t, e), got[0])
}

func TestLine(t *testing.T) {
	checkLine(t, audit.Event{})
	checkLine(t, audit.Event{Time: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)})
	checkLine(t, audit.Event{Time: time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.FixedZone("", 3600))})
	for i, text := range hostile {
		other := hostile[(i+1)%len(hostile)]
		checkLine(t, audit.Event{Time: start, TraceID: text, App: text, Message: text, Context: map[string]string{text: other, "k": text}, TraceNames: []string{text, other}})
	}
	assert.Equal(t, `{"timestamp":"2026-11-27T04:15:00.123456Z","trace_id":"463ac35c9f6413ad","app":"a","message":"m","context":{"a":"1","b":"2"},"trace_names":["f","g"]}`+"\n",
		firehose.Line(&audit.Event{Time: start, TraceID: "463ac35c9f6413ad", App: "a", Message: "m", Context: map[string]string{"b": "2", "a": "1"}, TraceNames: []string{"f", "g"}}))
}

func FuzzLine(f *testing.F) {
	for i, text := range hostile {
		f.Add(int64(i), text, hostile[len(hostile)-1-i])
	}
	f.Fuzz(func(t *testing.T, us int64, a, b string) {
		at := time.UnixMicro(us % (1 << 57)).UTC()
		if at.Year() < 1 || at.Year() > 9999 {
			at = start
		}
		if strings.ToValidUTF8(a, "\ufffd") == strings.ToValidUTF8(b, "\ufffd") {
			b += "other" // two keys that become the same key have no defined order
		}
		checkLine(t, audit.Event{Time: at, TraceID: a, App: b, Message: a + b, Context: map[string]string{a: b, b: a}, TraceNames: []string{b, a}})
	})
}

func TestLineAllocatesNothing(t *testing.T) {
	e := numbered(0, 1)[0]
	line := firehose.NewLine()
	line(&e)
	assert.Zero(t, testing.AllocsPerRun(100, func() { line(&e) }))
}

// clew-audit find -o json must write the same objects for the same events.
func TestLineIsThatOfFind(t *testing.T) {
	command := filepath.Join(t.TempDir(), "clew-audit")
	build := exec.Command("go", "build", "-o", command, ".")
	build.Dir = filepath.Join("..", "cmd", "clew-audit")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	dir := t.TempDir()
	var lines []byte
	refuse := true
	sink := sinkFunc(func(_ context.Context, events iter.Seq[audit.Event]) (sent, refused int, err error) {
		if refuse {
			return 0, 0, errors.New("not yet")
		}
		for e := range events {
			lines = append(lines, firehose.Line(&e)...)
			sent++
		}
		return sent, 0, nil
	})
	l, err := audit.Open(audit.Config{Dir: dir, App: "app", Sink: sink})
	require.NoError(t, err)
	for i, text := range hostile {
		if i%2 == 0 {
			l.Log(t.Context(), "m"+text, slog.String(text, text), slog.String("k", text), slog.String("k", "last"))
			continue
		}
		require.NoError(t, l.Ingest(t.Context(), audit.Event{TraceID: "463ac35c9f6413ad", App: "a" + text, Message: "m" + text,
			Context: map[string]string{"k" + text: text}, TraceNames: []string{text, "f"}}))
	}
	require.Error(t, l.Close(t.Context()))
	found, err := exec.Command(command, "find", "-d", dir, "-o", "json").Output()
	require.NoError(t, err)
	refuse = false
	l, err = audit.Open(audit.Config{Dir: dir, App: "app", Sink: sink})
	require.NoError(t, err)
	require.NoError(t, l.Close(t.Context()))
	got := objects(t, lines)
	assert.Len(t, got, len(hostile)-1, "all events are sent, except one that is too large for the journal")
	assert.ElementsMatch(t, objects(t, found), got)
}

// sinkFunc is a function that is used as a Sink.
type sinkFunc func(ctx context.Context, events iter.Seq[audit.Event]) (sent, refused int, err error)

func (f sinkFunc) Send(ctx context.Context, events iter.Seq[audit.Event]) (sent, refused int, err error) {
	return f(ctx, events)
}
