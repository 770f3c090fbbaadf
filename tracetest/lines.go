package tracetest

import (
	"bytes"
	"encoding/json"
	"sync"
	"testing"
)

// Log collects log lines: it is the io.Writer of a logctx.New, a zerolog.New or a
// slog.NewJSONHandler. Make it with [Lines]. Its methods are safe for concurrent use.
type Log struct {
	TraceKey string // the field of the trace ID; "": trace_id

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

// line is a line and its trace ID; "": it has none.
type line struct{ text, id string }

// lines returns what has been written. It fails the test if that is nothing, or not JSON.
func (l *Log) lines() []line {
	l.t.Helper()
	key := l.TraceKey
	if key == "" {
		key = "trace_id"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []line
	for text := range bytes.Lines(l.written.Bytes()) {
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			l.t.Errorf("log line is no JSON object: %v: %s", err, text)
			continue
		}
		id, _ := fields[key].(string)
		all = append(all, line{string(bytes.TrimRight(text, "\n")), id})
	}
	if len(all) == 0 {
		l.t.Error("no log lines")
	}
	return all
}

// EveryLineHas fails the test for each line so far that has not the trace ID id, if there is no line,
// and if id is empty.
func (l *Log) EveryLineHas(id string) {
	l.t.Helper()
	if id == "" { // of a context that has lost its trace, say
		l.t.Error("EveryLineHas: the trace ID to look for is empty")
		return
	}
	for _, line := range l.lines() {
		if line.id != id {
			l.t.Errorf("trace ID is %q, want %q: %s", line.id, id, line.text)
		}
	}
}

// OneTrace fails the test if the lines so far are not all of one trace, or there is no line. It
// returns that trace's ID.
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
