package timeline

import (
	"bufio"
	"encoding/json"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"example.com/clew/internal/line"
)

// The Zipkin view is an array of spans in Zipkin's v2 JSON, as its server takes it at
// /api/v2/spans (openzipkin/zipkin-api, zipkin2-api.yaml). Besides Zipkin's own tags there are:
//
//	clew.made        no line reports the span, others name its ID
//	clew.guessed     the parent was found by time, no line names it
//	clew.attempt     of a call that was tried again
//	clew.skew_ms     how much later the service's clock is; the times are put right by it
//	clew.span_id     the ID that the lines have; another span has it too, or it is none
//	clew.lines_left  how many more lines the span has
//
// Zipkin puts clocks right by the IP addresses of services, which lines do not have. So the times
// are put right here.

type zipkinSpan struct {
	TraceID     string            `json:"traceId"`
	ID          string            `json:"id"`
	ParentID    string            `json:"parentId,omitempty"`
	Kind        string            `json:"kind,omitempty"`
	Name        string            `json:"name,omitempty"`
	Timestamp   int64             `json:"timestamp,omitempty"` // in microseconds
	Duration    int64             `json:"duration,omitempty"`
	Shared      bool              `json:"shared,omitempty"`
	Local       *zipkinEndpoint   `json:"localEndpoint,omitempty"`
	Remote      *zipkinEndpoint   `json:"remoteEndpoint,omitempty"`
	Annotations []zipkinNote      `json:"annotations,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
}

type zipkinEndpoint struct {
	Service string `json:"serviceName"`
}

type zipkinNote struct {
	Timestamp int64  `json:"timestamp"`
	Value     string `json:"value"`
}

var zipkinKinds = map[Kind]string{Server: "SERVER", Client: "CLIENT"}

// ZipkinJSON writes traces as Zipkin's server takes them, without keeping a copy, with a newline
// behind it.
func ZipkinJSON(to io.Writer, trees iter.Seq[*Tree]) error {
	w := bufio.NewWriterSize(to, 64<<10)
	opening := "["
	for t := range trees {
		for s := range t.ZipkinSpans() {
			w.WriteString(opening + "\n")
			w.Write(s)
			opening = ","
		}
	}
	if opening == "[" {
		w.WriteString(opening)
	}
	w.WriteString("\n]\n")
	return w.Flush()
}

// ZipkinSpans returns the spans of the Zipkin view, each a JSON object that belongs to the caller.
// None has more than about 2 MB.
func (t *Tree) ZipkinSpans() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		w := newWire(t, true)
		for s := range w.spans() {
			text, _ := json.Marshal(w.zipkin(s)) // texts and numbers alone: there is no error
			if !yield([]byte(harmless(string(text)))) {
				return
			}
		}
	}
}

// zipkin returns a span in Zipkin's form.
func (w *wire) zipkin(s *Span) *zipkinSpan {
	z := &zipkinSpan{
		TraceID: w.traceID.String(), ID: w.id(s), ParentID: w.parentID(s), Kind: zipkinKinds[s.Kind],
		Name: strings.ToLower(name(s.Operation)), Timestamp: micros(s.Start), Shared: w.shared[s], Local: endpoint(s.Service), Tags: w.tags(s),
	}
	if z.Timestamp > 0 {
		z.Duration = max(s.Duration.Microseconds(), 1) // Zipkin rounds up, and takes 0 for none
	}
	if s.Kind == Client {
		z.Remote = endpoint(s.answerer())
	}
	lines, omitted := s.notes()
	z.annotate(s, lines)
	if omitted > 0 {
		z.Tags["clew.lines_left"] = strconv.Itoa(omitted)
	}
	return z
}

// annotate adds lines. Zipkin drops an annotation that is equal to another one, so the same text at
// the same time is numbered.
func (z *zipkinSpan) annotate(s *Span, lines []*Line) {
	seen := make(map[zipkinNote]int, len(lines))
	for _, l := range lines {
		note := zipkinNote{max(micros(l.at(s)), 1), l.note(s)}
		first := note
		for seen[note] > 0 {
			seen[first]++
			note.Value = first.Value + " (" + strconv.Itoa(seen[first]) + ")"
		}
		seen[note]++
		z.Annotations = append(z.Annotations, note)
	}
}

// micros returns a time in microseconds since 1970; 0 for one before that, and for none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(t.UnixMicro(), 0)
}

func endpoint(service string) *zipkinEndpoint {
	if service == "" {
		return nil
	}
	return &zipkinEndpoint{strings.ToLower(name(service))}
}

// answerer returns the service that answers a call: that of the request that it was, else that of
// lines below it, else the host.
func (s *Span) answerer() string {
	for _, c := range s.Children {
		if c.Kind == Server && c.Service != "" {
			return c.Service
		}
	}
	for _, l := range s.Lines {
		if l.Service != s.Service && l.Service != "" {
			return l.Service
		}
	}
	return s.http().host
}

// tags returns what else there is to say of a span.
func (w *wire) tags(s *Span) map[string]string {
	tags := map[string]string{}
	set := func(key, value string) {
		if value != "" {
			tags[key] = name(value)
		}
	}
	h := s.http()
	set("http.method", h.method)
	set("http.path", h.path)
	set("http.route", h.route)
	if s.Status != 0 {
		set("http.status_code", strconv.Itoa(s.Status))
	}
	set("error", s.why())
	for _, f := range w.marks(s) {
		set(f.Key, f.Value)
	}
	return tags
}

// marks returns how far a span can be trusted.
func (w *wire) marks(s *Span) (marks []line.Field) {
	mark := func(say bool, key, value string) {
		if say {
			marks = append(marks, line.Field{Key: key, Value: value})
		}
	}
	mark(s.Made, "clew.made", "no line reports the span")
	mark(s.Guess, "clew.guessed", "the parent was found by time")
	mark(s.Attempt > 1, "clew.attempt", strconv.Itoa(s.Attempt))
	skew := w.skew[s.Service]
	mark(skew != 0, "clew.skew_ms", strconv.FormatFloat(milliseconds(skew), 'f', -1, 64))
	mark(s.ID != "" && w.id(s) != s.ID, "clew.span_id", s.ID)
	return marks
}
