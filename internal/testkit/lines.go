package testkit

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Line is a log line as parsed JSON.
type Line = map[string]any

// ParseLine parses text as one log line. A key that occurs twice fails the test: a map would hide
// an ID that was written twice.
func ParseLine(t testing.TB, text string) Line {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	open, err := d.Token()
	require.NoError(t, err, "line %q", text)
	require.Equal(t, json.Delim('{'), open, "line %q", text)
	line := Line{}
	for d.More() {
		key, err := d.Token()
		require.NoError(t, err, "line %q", text)
		require.NotContains(t, line, key, "keys of line %q", text)
		var value any
		require.NoError(t, d.Decode(&value), "line %q", text)
		line[key.(string)] = value
	}
	_, err = d.Token()
	require.NoError(t, err, "the end of line %q", text)
	_, err = d.Token()
	require.Equal(t, io.EOF, err, "text after the object in line %q", text)
	return line
}

// ParseLines returns the lines of text.
func ParseLines(t testing.TB, text string) (lines []Line) {
	t.Helper()
	for one := range strings.Lines(text) {
		lines = append(lines, ParseLine(t, one))
	}
	return lines
}

// TakeLines returns the lines in out, and empties out.
func TakeLines(t testing.TB, out *bytes.Buffer) []Line {
	t.Helper()
	text := out.String()
	out.Reset()
	return ParseLines(t, text)
}

// TakeLine returns the only line in out, and empties out.
func TakeLine(t testing.TB, out *bytes.Buffer) Line {
	t.Helper()
	return only(t, TakeLines(t, out))
}

// TakeLoosely is like [TakeLine], for a line in which a key may occur twice. The result has the
// last value, as with most parsers.
func TakeLoosely(t testing.TB, out *bytes.Buffer) (line Line) {
	t.Helper()
	text := out.String()
	out.Reset()
	require.NoError(t, json.Unmarshal([]byte(text), &line), "the only line %q", text)
	return line
}

func only(t testing.TB, lines []Line) Line {
	t.Helper()
	require.Len(t, lines, 1, "log lines: %v", lines)
	return lines[0]
}

// Log is an output for loggers. Its methods are safe for concurrent use.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements [io.Writer].
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns what has been written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Reset forgets what has been written.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Reset()
}

// Lines returns the lines that have been written.
func (l *Log) Lines(t testing.TB) []Line {
	t.Helper()
	return ParseLines(t, l.String())
}

// Line returns the only line that has been written.
func (l *Log) Line(t testing.TB) Line {
	t.Helper()
	return only(t, l.Lines(t))
}

// TakeLines returns the lines that have been written since the last call.
func (l *Log) TakeLines(t testing.TB) []Line {
	t.Helper()
	l.mu.Lock()
	text := l.buf.String()
	l.buf.Reset()
	l.mu.Unlock()
	return ParseLines(t, text)
}

// TakeLine returns the only line that has been written since the last call.
func (l *Log) TakeLine(t testing.TB) Line {
	t.Helper()
	return only(t, l.TakeLines(t))
}
