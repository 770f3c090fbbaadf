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

// The Zipkin view is an array of spans in Zipkin's v2 JSON. Zipkin's server accepts it at
// /api/v2/spans (openzipkin/zipkin-api, zipkin2-api.yaml). Besides Zipkin's own tags there are:
//
//	clew.made        no line reports the span; other lines name its ID
//	clew.guessed     no line names the parent; it was found by time
//	clew.attempt     the number of the attempt, for a repeated call
//	clew.skew_ms     the time by which the service's clock is ahead; all times are corrected by it
//	clew.span_id     the ID in the lines, if another span has it too or it is not valid
//	clew.lines_left  the number of lines that are left out
//
// Zipkin corrects clocks by the IP addresses of services. Lines do not contain these addresses, so
// the times are corrected here.

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

// ZipkinJSON writes traces in the form that Zipkin's server accepts, with a newline at the end. It
// does not hold all the traces in memory.
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
// No object has more than about 2 MB.
func (t *Tree) ZipkinSpans() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		w := newWire(t, true)
		for s := range w.spans() {
			text, _ := json.Marshal(w.zipkin(s)) // Marshal never fails for texts and numbers
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
		z.Duration = max(s.Duration.Microseconds(), 1) // Zipkin rounds up, and reads 0 as none
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

// annotate adds lines as annotations. Zipkin drops an annotation that equals another one. So if a
// text occurs twice at the same time, the second one gets a number.
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

// micros returns a time in microseconds since 1970, and 0 for an earlier time or none.
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

// answerer returns the service that answers a call: the service of the request, else the service
// of lines below the call, else the host.
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

// tags returns the facts about a span for which Zipkin has no field.
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

// marks returns all tags clew.… of a span, except clew.lines_left.
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
