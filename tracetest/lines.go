package tracetest

import (
	"bytes"
	"sync"
	"testing"

	"example.com/clew/internal/line"
)

// Log collects log lines. It is the io.Writer of a logctx.New, a logctx.Console, a zerolog.New, a
// slog.NewJSONHandler or a slog.NewTextHandler. Make it with [Lines]. Its methods are safe for
// concurrent use.
type Log struct {
	// TraceKey is the field of the trace ID, by default trace_id. The key of a field in an object
	// is the object's key, a dot, and the field's own key. For lines of a logctx.Console, only the
	// keys of clew's Configs work.
	TraceKey string

	t       testing.TB
	mu      sync.Mutex
	written bytes.Buffer
}

// Lines returns an empty Log, whose assertions fail t.
func Lines(t testing.TB) *Log { return &Log{t: t} }

// Write implements io.Writer. It keeps no reference to p, and returns no error.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written.Write(p)
}

// traced is a line and its trace ID, which is empty if the line has none.
type traced struct{ text, id string }

// lines returns the lines that have been written so far. It fails the test if there is no line, or
// if a line cannot be read.
func (l *Log) lines() []traced {
	l.t.Helper()
	key := l.TraceKey
	if key == "" {
		key = line.Default.Key(line.TraceID)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []traced
	for text := range bytes.Lines(l.written.Bytes()) {
		read, err := line.Parse(text)
		if err != nil {
			l.t.Errorf("log line cannot be read: %v: %s", err, text)
			continue
		}
		all = append(all, traced{string(bytes.TrimRight(text, "\n")), textOf(read, key)})
	}
	if len(all) == 0 {
		l.t.Error("no log lines")
	}
	return all
}

// textOf returns the value of a field if the value is a string, or else "". Outside of JSON, a
// value that looks like a number is a string too.
func textOf(l line.Line, key string) string {
	f, ok := l.Field(key)
	if ok && !f.Text && l.JSON {
		return ""
	}
	return f.Value
}

// EveryLineHas fails the test for each line so far whose trace ID is not id. It also fails if
// there is no line, or if id is empty.
func (l *Log) EveryLineHas(id string) {
	l.t.Helper()
	if id == "" { // for instance the ID of a context that has lost its trace
		l.t.Error("EveryLineHas: the trace ID to look for is empty")
		return
	}
	for _, line := range l.lines() {
		if line.id != id {
			l.t.Errorf("trace ID is %q, want %q: %s", line.id, id, line.text)
		}
	}
}

// OneTrace fails the test if the lines so far are not all of one trace, or if there is no line. It
// returns the ID of that trace.
func (l *Log) OneTrace() string {
	l.t.Helper()
	id := ""
	for _, line := range l.lines() {
		switch {
		case line.id == "":
			l.t.Errorf("no trace ID: %s", line.text)
		case id == "":
			id = line.id
		case line.id != id:
			l.t.Errorf("trace ID is %q, before it was %q: %s", line.id, id, line.text)
		}
	}
	return id
}
