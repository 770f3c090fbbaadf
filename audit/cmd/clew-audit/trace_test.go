package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// logLine returns a log line of a service.
func logLine(after time.Duration, trace, service, message string) string {
	return fmt.Sprintf(`{"time":"%s","level":"info","service":"%s","trace_id":"%s","message":"%s"}`+"\n", start.Add(after).Format(time.RFC3339Nano), service, trace, message)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

// zipped compresses a text.
func zipped(t *testing.T, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// messagesOf returns the levels and messages of the lines in a trace's JSON, in the order of time.
func messagesOf(t *testing.T, text string) string {
	t.Helper()
	var all struct {
		Lines   []struct{ Message, Level string }
		Doubles int
	}
	require.NoError(t, json.Unmarshal([]byte(text), &all), text)
	require.Zero(t, all.Doubles, "a line must not be read twice")
	var words []string
	for _, line := range all.Lines {
		words = append(words, line.Level+":"+line.Message)
	}
	return strings.Join(words, " ")
}

// Events and lines are shown together in the order of time, for each kind of log source.
func TestTraceBesideLogs(t *testing.T) {
	dir := lakeOf(t, events)
	t.Chdir(t.TempDir())
	line := logLine(time.Millisecond, firstTrace, "augment", "asking") + logLine(0, other, "augment", "elsewhere")
	write(t, "plain/augment.log", line)
	write(t, "zip/augment.log.1.gz", zipped(t, line))
	encoder, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	write(t, "zstd/augment.log.zst", string(encoder.EncodeAll([]byte(line), nil)))
	write(t, "mixed/sub/augment.log", line)
	write(t, "mixed/.hidden.log", logLine(0, firstTrace, "a", "hidden"))
	write(t, "mixed/picture.png", logLine(0, firstTrace, "a", "picture"))
	write(t, "mixed/binary.log", "\x00\x01"+logLine(0, firstTrace, "a", "binary"))
	write(t, "xz.log", "\xfd7zXZ\x00")
	const both = "audit:received info:asking audit:augmented"
	tests := []struct {
		name, stdin string
		logs        []string
		want        string
		code        int
		err         string
	}{
		{name: "no logs", want: "audit:received audit:augmented"},
		{name: "a file", logs: []string{"plain/augment.log"}, want: both},
		{name: "a file twice", logs: []string{"plain/augment.log", "./plain/augment.log"}, want: both},
		{name: "a folder", logs: []string{"plain"}, want: both},
		{name: "a pattern", logs: []string{"pl*/*.log"}, want: both},
		{name: "gzip", logs: []string{"zip/"}, want: both},
		{name: "zstd", logs: []string{"zstd/augment.log.zst"}, want: both},
		{name: "a folder that also has other files", logs: []string{"mixed"}, want: both},
		{name: "standard input", stdin: line, logs: []string{"-", "-"}, want: both},
		{name: "a missing file and a good one", logs: []string{"nothing.log", "plain"}, want: both, code: exitIncomplete, err: "clew-audit: stat nothing.log: no such file or directory\n"},
		{name: "a format that is not read", logs: []string{"xz.log"}, want: "audit:received audit:augmented", code: exitIncomplete, err: "clew-audit: xz.log: this is xz, which clew-audit does not read: xzcat FILE | clew-audit trace ID --logs -\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := []string{"trace", "-d", dir, firstTrace, "-o", "json"}
			for _, source := range test.logs {
				args = append(args, "--logs", source)
			}
			r := clewAudit(t, test.stdin, args...)
			assert.Equal(t, test.want, messagesOf(t, r.out))
			assert.Equal(t, test.code, r.code)
			assert.Equal(t, test.err, r.err)
		})
	}
}

func TestTraceViews(t *testing.T) {
	dir := lakeOf(t, events)
	text := clewAudit(t, logLine(time.Millisecond, firstTrace, "augment", "asking"), "trace", "-d", dir, firstTrace, "--logs", "-")
	assert.Regexp(t, `(?s)\+0 .* ingest AUDIT received item=XYZ.123 network=instagram\n.*\+1.00 ms .* augment INF asking\n.*\+2.00 ms .* augment AUDIT augmented item=XYZ.123 row=r-1\n`, text.out)
	assert.Equal(t, exitFound, text.code)
	html := clewAudit(t, "", "trace", "-d", dir, firstTrace, "-o", "html")
	assert.True(t, strings.HasPrefix(html.out, "<!doctype html>"))
	assert.True(t, strings.Contains(html.out, `"augmented"`))
	none := clewAudit(t, "", "trace", "-d", dir, "ffffffffffffffff")
	assert.Equal(t, exitNothing, none.code)
	assert.Empty(t, none.out)
	later := clewAudit(t, logLine(time.Millisecond, firstTrace, "augment", "asking"), "trace", "-d", dir, firstTrace, "--logs", "-", "-o", "json", "--since", start.Add(2*time.Millisecond).Format(time.RFC3339Nano))
	assert.Equal(t, "audit:augmented", messagesOf(t, later.out))
}

func TestServiceOf(t *testing.T) {
	for name, want := range map[string]string{"-": "", "logs/shop.log.1.gz": "shop", "pods/shop/0.log": "shop", "syslog": "syslog"} {
		assert.Equal(t, want, serviceOf(name), name)
	}
}
