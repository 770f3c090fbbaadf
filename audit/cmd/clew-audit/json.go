package main

import (
	"bufio"
	"encoding/json"
	"io"
	"time"

	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
)

// microseconds is the layout of times in JSON lines: RFC 3339, always with six digits, so that the
// texts sort in the order of the times.
const microseconds = "2006-01-02T15:04:05.000000Z"

// object is an event as a line of JSON, with the names of the table's columns. The command ingest
// reads such lines.
type object struct {
	Timestamp  string            `json:"timestamp"`
	TraceID    string            `json:"trace_id"`
	App        string            `json:"app"`
	Message    string            `json:"message"`
	Context    map[string]string `json:"context"`
	TraceNames []string          `json:"trace_names"`
}

// appendJSON appends an event as JSON, with sorted keys, and without characters that a terminal
// obeys.
func appendJSON(dst []byte, e *lake.Event) ([]byte, error) {
	o := object{
		Timestamp: e.Time.UTC().Format(microseconds), TraceID: e.TraceID, App: e.App, Message: e.Message,
		Context: e.Context, TraceNames: e.TraceNames,
	}
	if o.Context == nil {
		o.Context = map[string]string{}
	}
	if o.TraceNames == nil {
		o.TraceNames = []string{}
	}
	text, err := json.Marshal(o)
	return append(dst, timeline.Harmless(string(text))...), err
}

// jsonLines writes events as objects of JSON, one on each line.
type jsonLines struct{ to *bufio.Writer }

func newJSONLines(to io.Writer) *jsonLines { return &jsonLines{bufio.NewWriterSize(to, 64<<10)} }

func (j *jsonLines) event(e lake.Event) error {
	line, err := appendJSON(nil, &e)
	if err != nil {
		return err
	}
	_, err = j.to.Write(append(line, '\n'))
	return err
}

func (j *jsonLines) flush() error { return j.to.Flush() }

// milliseconds returns a duration as a number for JSON.
func milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }

// jsonLine writes a value on one line.
func jsonLine(to io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = io.WriteString(to, timeline.Harmless(string(text))+"\n")
	return err
}
