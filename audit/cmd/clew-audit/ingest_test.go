package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/timeline"
)

// inString begins the error of encoding/json for an escape character in a string. Before Go 1.27,
// the word "literal" follows.
const inString = `invalid character '\x1b' in string`

// afterInString returns what follows inString in the error.
func afterInString() string {
	var value any
	return strings.TrimPrefix(json.Unmarshal([]byte("\"\x1b"), &value).Error(), inString)
}

func TestIngest(t *testing.T) {
	good := `{"message":"received"}` + "\n"
	tests := []struct {
		name, stdin string
		code        int
		written     int
		err         string
	}{
		{name: "no lines", err: "clew-audit: 0 lines read: 0 events written\n"},
		{name: "lines", stdin: good + good, written: 2, err: "clew-audit: 2 lines read: 2 events written\n"},
		{name: "no newline at the end", stdin: good + `{"message":"received"}`, written: 2, err: "clew-audit: 2 lines read: 2 events written\n"},
		{name: "empty lines, and CRLF", stdin: "\n" + `{"message":"received"}` + "\r\n\r\n", written: 1, err: "clew-audit: 3 lines read: 1 event written\n"},
		{name: "bad lines", stdin: good + "nonsense\n" + good + `{"app":"a"}`, code: exitNothing, written: 2, err: "clew-audit: line 2 skipped: it is not JSON: invalid character 'o' in literal null (expecting 'u')\n" +
			"clew-audit: line 4 skipped: it has no message\nclew-audit: 4 lines read: 2 events written, 2 lines skipped\n"},
		{name: "many bad lines", stdin: strings.Repeat("{}\n", 30) + good, code: exitNothing, written: 1, err: skippedLines(20) + "clew-audit: more lines are skipped, and are only counted\nclew-audit: 31 lines read: 1 event written, 30 lines skipped\n"},
		{name: "a long line", stdin: `{"message":"` + strings.Repeat("x", maxLine) + `"}` + "\n" + good, code: exitNothing, written: 1, err: "clew-audit: line 1 skipped: it is longer than 1048576 bytes\nclew-audit: 2 lines read: 1 event written, 1 line skipped\n"},
		{name: "a large event", stdin: `{"message":"` + strings.Repeat("x", maxLine-100) + `"}` + "\n" + good, code: exitNothing, written: 1, err: "clew-audit: line 1 skipped: the event cannot be written: audit: the event is larger than Config.MaxEvent\nclew-audit: 2 lines read: 1 event written, 1 line skipped\n"},
		{name: "a line with an escape sequence", stdin: "{\"\x1b[31m\n", code: exitNothing, err: "clew-audit: line 1 skipped: it is not JSON: " + inString + afterInString() + "\nclew-audit: 1 line read: 0 events written, 1 line skipped\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			r := clewAudit(t, test.stdin, "ingest", "-d", dir, "--app", "shop")
			assert.Equal(t, test.code, r.code)
			assert.Equal(t, test.err, r.err)
			found := clewAudit(t, "", "find", "-d", dir, "--app", "shop", "--message", "received")
			assert.Equal(t, test.written, strings.Count(found.out, "received"))
		})
	}
}

func skippedLines(n int) string {
	text := ""
	for i := range n {
		text += "clew-audit: line " + timeline.Grouped(i+1) + " skipped: it has no message\n"
	}
	return text
}

func TestTTL(t *testing.T) {
	for text, want := range map[string]time.Duration{"14d": 14 * 24 * time.Hour, "36h": 36 * time.Hour, "0": -1, "0s": -1, "0d": -1} {
		got, err := ttlOf(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text) // a negative TTL means for ever
	}
}

// With --ttl 0, ingest keeps old events.
func TestIngestOldEvents(t *testing.T) {
	dir := t.TempDir()
	r := clewAudit(t, `{"timestamp":"2020-01-01T00:00:00Z","app":"a","message":"received"}`, "ingest", "-d", dir, "--ttl", "0")
	require.Equal(t, exitFound, r.code, r.err)
	assert.Equal(t, "received", shown(clewAudit(t, "", "find", "-d", dir, "--since", "2020-01-01").out))
}

// Ingest warns once about events that are older than the TTL.
func TestIngestExpired(t *testing.T) {
	old := `{"timestamp":"2020-01-01T00:00:00Z","app":"a","message":"received"}` + "\n"
	warning := "clew-audit: line 2 is older than --ttl allows: ingest deletes such events after five minutes, and then every hour; --ttl 0 keeps them\n"
	for ttl, want := range map[string]string{"14d": warning, "36500d": "", "0": ""} {
		r := clewAudit(t, `{"message":"received"}`+"\n"+old+old, "ingest", "-d", t.TempDir(), "--app", "shop", "--ttl", ttl)
		assert.Equal(t, exitFound, r.code)
		assert.Equal(t, want+"clew-audit: 3 lines read: 3 events written\n", r.err, ttl)
	}
}

// If another Logger uses the directory, ingest fails.
func TestIngestLocked(t *testing.T) {
	dir := t.TempDir()
	log, err := openEventLog(t.Context(), dir, "other", -1, nil, "")
	require.NoError(t, err)
	r := clewAudit(t, `{"message":"received"}`, "ingest", "-d", dir, "--app", "shop")
	assert.Equal(t, exitIncomplete, r.code)
	assert.Contains(t, r.err, "clew-audit: ")
	assert.NotContains(t, r.err, "event written")
	require.NoError(t, log.close(t.Context()))
}

// After a signal, ingest reads no more although the pipe is still open, and writes the events that
// it has read.
func TestIngestSignal(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			dir := t.TempDir()
			cmd := process(t, "ingest", "-d", dir, "--app", "shop")
			var said bytes.Buffer
			cmd.Stderr = &said
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			// This text is larger than the buffers of the pipe and the reader together. So ingest
			// has read some lines when the write returns.
			_, err = io.WriteString(in, strings.Repeat(`{"message":"received","filler":"`+strings.Repeat("x", 200)+`"}`+"\n", 12_000))
			require.NoError(t, err)
			require.NoError(t, cmd.Process.Signal(signal))
			require.NoError(t, cmd.Wait(), said.String())
			in.Close()
			found := clewAudit(t, "", "find", "-d", dir, "--count").out
			assert.Contains(t, said.String(), " lines read: "+timeline.Grouped(number(t, found))+" events written\n")
			assert.Positive(t, number(t, found))
			left, err := filepath.Glob(filepath.Join(dir, "_journal", "*.*"))
			require.NoError(t, err)
			assert.Empty(t, left, "all journals must be gone")
		})
	}
}

func number(t *testing.T, text string) (n int64) {
	t.Helper()
	for _, r := range strings.TrimSpace(text) {
		require.True(t, r >= '0' && r <= '9', text)
		n = n*10 + int64(r-'0')
	}
	return n
}

// Find finds events that are still in the journal of a running Logger.
func TestFindWhileIngesting(t *testing.T) {
	dir := t.TempDir()
	log, err := openEventLog(t.Context(), dir, "shop", -1, nil, "")
	require.NoError(t, err)
	e, err := parseEvent([]byte(`{"message":"received","item":"XYZ.123"}`), "shop", time.Now())
	require.NoError(t, err)
	require.NoError(t, log.write(t.Context(), e))
	require.NoError(t, log.to.Sync(t.Context()))
	r := clewAudit(t, "", "find", "-d", dir, "XYZ.123")
	assert.Equal(t, "received", shown(r.out))
	assert.Regexp(t, `^searched 1 segment of journals \(.*\) and 0 files of \d partitions?`, r.searched)
	require.NoError(t, log.close(t.Context()))
}
