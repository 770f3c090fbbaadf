package timeline

import (
	"encoding/json"
	"io"
	"math"
	"time"
)

// The JSON view is one object:
//
//	trace        the trace ID, 16 or 32 hexadecimal digits
//	start        the beginning of the first span, RFC 3339 in UTC; absent: no line has a time
//	duration_ms  from start to the end of the last span
//	sampled      true: a backend has spans of the trace
//	services     [{name, spans, lines, errors, skew_ms}]; skew_ms: the time by which the service's
//	             clock is ahead of the clock of the first service
//	links        [{trace, why}]: other traces that lines name; why is "scheduled by" or "untrusted"
//	spans        each behind its parent:
//	  id           a unique name in this trace: the span ID, with "/2" behind it if another span
//	               has the same ID, or "#7" if the line had none
//	  parent       the id of another span; absent: a root
//	  parent_id    the parent that the line names; absent: none
//	  service, operation, kind (server, client, job, internal)
//	  start, duration_ms    corrected by the service's skew; start is absent if it is not known
//	  critical_ms  its part of the trace's duration, without the time that it waited for children
//	  status, attempt, error: absent if there is none
//	  failed       true: the request, the call or the job failed
//	  made         true: no line reports the span; other lines name its ID
//	  guess        true: no line names the parent; it was found by time
//	  skew_ms      the skew of its service, as in services
//	lines        all lines, in the order of time:
//	  time         as written; absent: none
//	  at           corrected by the skew; absent: none
//	  service, level, message
//	  span         the id of the span above the line; absent: none
//	  guess        true: the line names no span, and only this span fits the line's time
//	  report       true: the line reports the span
//	  source, number, text: the line's source, its number in the source, and its whole text
//	doubles      the number of lines that are omitted, because another source has them too
//	circles      the number of circles of parents that were cut
//
// Later versions keep these names, and may add others. Control and format characters are escaped.

type jsonService struct {
	Name   string  `json:"name"`
	Spans  int     `json:"spans"`
	Lines  int     `json:"lines"`
	Errors int     `json:"errors"`
	Skew   float64 `json:"skew_ms"`
}

type jsonLink struct {
	Trace string `json:"trace"`
	Why   string `json:"why"`
}

type jsonSpan struct {
	ID        string  `json:"id"`
	Parent    string  `json:"parent,omitempty"`
	ParentID  string  `json:"parent_id,omitempty"`
	Service   string  `json:"service"`
	Operation string  `json:"operation"`
	Kind      Kind    `json:"kind"`
	Start     string  `json:"start,omitempty"`
	Duration  float64 `json:"duration_ms"`
	Critical  float64 `json:"critical_ms"`
	Status    int     `json:"status,omitempty"`
	Attempt   int     `json:"attempt,omitempty"`
	Error     string  `json:"error,omitempty"`
	Failed    bool    `json:"failed,omitempty"`
	Made      bool    `json:"made,omitempty"`
	Guess     bool    `json:"guess,omitempty"`
	Skew      float64 `json:"skew_ms"`
}

type jsonLine struct {
	Time    string `json:"time,omitempty"`
	At      string `json:"at,omitempty"`
	Service string `json:"service"`
	Level   string `json:"level"`
	Message string `json:"message"`
	Span    string `json:"span,omitempty"`
	Guess   bool   `json:"guess,omitempty"`
	Report  bool   `json:"report,omitempty"`
	Source  string `json:"source"`
	Number  int    `json:"number"`
	Text    string `json:"text"`
}

// JSON writes the tree as one JSON object with a newline behind it. It does not hold the whole
// object in memory.
func (t *Tree) JSON(to io.Writer) error { return t.json(to, math.MaxInt) }

// json does the work of JSON. The parameter most is the largest number of spans, and also the
// largest number of lines.
func (t *Tree) json(to io.Writer, most int) error {
	w := newJSONWriter(to)
	w.open("{")
	w.member("trace", t.ID.String())
	if !t.Start.IsZero() {
		w.member("start", timeText(t.Start))
	}
	w.member("duration_ms", milliseconds(t.Duration))
	w.member("sampled", t.Sampled)
	w.member("doubles", t.Doubles)
	w.member("circles", t.Circles)

	skew := map[string]float64{}
	w.list("services")
	for _, s := range t.Services {
		skew[s.Name] = milliseconds(s.Skew)
		w.element(jsonService{s.Name, s.Spans, s.Lines, s.Errors, milliseconds(s.Skew)})
	}
	w.close("]")
	w.list("links")
	for _, l := range t.Links {
		w.element(jsonLink(l))
	}
	w.close("]")
	w.list("spans")
	for _, s := range t.Spans[:min(len(t.Spans), most)] {
		w.element(s.json(skew[s.Service]))
	}
	w.close("]")
	w.list("lines")
	for _, l := range t.Entries[:min(len(t.Entries), most)] {
		w.element(l.json())
	}
	w.close("]")
	w.close("}\n")
	return w.end()
}

func (s *Span) json(skew float64) jsonSpan {
	j := jsonSpan{
		ID: s.Key(), ParentID: s.ParentID, Service: s.Service, Operation: s.Operation, Kind: s.Kind, Start: timeText(s.Start),
		Duration: milliseconds(s.Duration), Critical: milliseconds(s.Critical), Status: s.Status, Attempt: s.Attempt,
		Error: s.Error, Failed: s.Failed, Made: s.Made, Guess: s.Guess, Skew: skew,
	}
	if s.Parent != nil {
		j.Parent = s.Parent.Key()
	}
	return j
}

func (l *Line) json() jsonLine {
	j := jsonLine{
		Time: timeText(l.Time), At: timeText(l.At), Service: l.Service, Level: l.Level, Message: l.Message,
		Guess: l.Guess, Report: l.reports(), Source: l.Source, Number: l.Number, Text: l.Text,
	}
	if l.Span != nil {
		j.Span = l.Span.Key()
	}
	return j
}

// AppendJSON appends the entry as a JSON object with a newline behind it. The object has the same
// members as an element of "lines" in the JSON view. Its member "span" is the ID of the span that
// the entry names.
func (e *Entry) AppendJSON(dst []byte) []byte {
	j := (&Line{Entry: e}).json()
	j.Span = e.Span
	text, _ := json.Marshal(j) // Marshal never fails for texts and numbers
	return append(append(dst, harmless(string(text))...), '\n')
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
