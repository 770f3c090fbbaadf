package timeline

import (
	"hash/fnv"
	"iter"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/clew/internal/line"
)

// These limits are for the views that other programs read.
const (
	maxNotes = 1000 // lines of a span; the span states how many more there are
	maxNote  = 400  // bytes of a line
	maxValue = 200  // bytes of a name or a value
)

// wire is a tree in the form that Zipkin and OpenTelemetry need: each span has an ID, and each
// line is in a span. A span without a line is left out. Its children still name it as their
// parent. So a backend that has the span from another source puts the children under it.
type wire struct {
	tree    *Tree
	traceID ID
	ids     map[*Span]string // the new IDs of spans; a span that is not in ids keeps its ID
	shared  map[*Span]bool   // requests that have the ID of the call that they answer
	loose   []*Span          // new spans for lines without one, one for each service
	skew    map[string]time.Duration

	used  map[uint64]bool
	tries map[uint64]uint64
}

// newWire gives an ID to each span. If sharing is true, a request may have the ID of its call.
func newWire(t *Tree, sharing bool) *wire {
	w := &wire{tree: t, traceID: t.fullID(), ids: map[*Span]string{}, shared: map[*Span]bool{}, skew: map[string]time.Duration{}}
	for _, s := range t.Services {
		w.skew[s.Name] = s.Skew
	}
	kept, answered := map[string]bool{}, map[string]bool{}
	for _, s := range t.Spans { // a call comes before its answer
		switch {
		case !isSpanID(s.ID):
			w.derive(s)
		case sharing && w.answers(s) && !answered[s.ID]:
			answered[s.ID] = true
			w.shared[s] = true
		case s.nth == 0 && s.next == nil:
		case kept[s.ID]:
			w.derive(s)
		default:
			kept[s.ID] = true
		}
	}
	w.gather()
	return w
}

// fullID returns the trace ID in 32 digits if a line has them, even if only 16 were asked for.
func (t *Tree) fullID() ID {
	for _, l := range t.Entries {
		if t.ID.High == 0 && l.Trace.High != 0 && l.Trace.Low == t.ID.Low {
			return l.Trace
		}
	}
	return t.ID
}

// answers reports whether s has the ID of the call that it answers, and the call keeps that ID.
func (w *wire) answers(s *Span) bool {
	return s.Kind == Server && s.Parent != nil && s.Parent.Kind == Client && w.id(s.Parent) == s.ID
}

// isSpanID reports whether an ID can be sent: it has 16 lower-case digits, and is not zero.
func isSpanID(id string) bool {
	return len(id) == 16 && id != "0000000000000000" && strings.Trim(id, sixteen) == ""
}

// id returns the ID of a span.
func (w *wire) id(s *Span) string {
	if id, ok := w.ids[s]; ok {
		return id
	}
	return s.ID
}

// parentID returns the ID of the parent; "": there is none.
func (w *wire) parentID(s *Span) string {
	if w.shared[s] { // the parent of a shared span is the parent of the call
		s = s.Parent
	}
	if s.Parent == nil {
		return ""
	}
	return w.id(s.Parent)
}

// derive gives a new ID to a span that needs one. The ID is a hash of the span's line, so it stays
// the same when the trace is read again, even with more lines.
func (w *wire) derive(s *Span) {
	if w.used == nil {
		w.used, w.tries = map[uint64]bool{0: true}, map[uint64]uint64{}
		for _, other := range w.tree.Spans {
			w.used[spanNumber(other.ID)] = true
		}
	}
	text := ""
	if s.Report != nil {
		text = s.Report.Text
	}
	h := fnv.New64a()
	for _, part := range []string{w.traceID.String(), s.ID, s.Service, string(s.Kind), text} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	first := h.Sum64()
	for id := first; ; {
		id += w.tries[first] * 0x9e3779b97f4a7c15
		w.tries[first]++ // the next line with the same text tries other IDs
		if !w.used[id] {
			w.used[id] = true
			w.ids[s] = hex16(id)
			return
		}
	}
}

// gather makes spans for the lines without a span, one for each service.
func (w *wire) gather() {
	of := map[string]*Span{}
	for _, l := range w.tree.Loose {
		s := of[l.Service]
		if s == nil {
			s = &Span{Kind: Internal, Service: l.Service, Operation: "lines of no span", Made: true}
			of[l.Service] = s
			w.loose = append(w.loose, s)
			w.derive(s)
		}
		s.Lines = append(s.Lines, l)
		s.cover(l.At, l.At)
	}
}

// spans returns the spans to send, parents first.
func (w *wire) spans() iter.Seq[*Span] {
	return func(yield func(*Span) bool) {
		for _, spans := range [][]*Span{w.tree.Spans, w.loose} {
			for _, s := range spans {
				if !s.Missing() && !yield(s) {
					return
				}
			}
		}
	}
}

// notes returns the lines of a span to send, in the order of time, and the number of omitted
// lines. If there are too many lines, lines at the level of errors are preferred.
func (s *Span) notes() (lines []*Line, omitted int) {
	errors, others := 0, 0
	for _, l := range s.Lines {
		switch {
		case l == s.Report:
		case l.IsError():
			errors++
		default:
			others++
		}
	}
	keptErrors := min(errors, maxNotes)
	keptOthers := min(others, maxNotes-keptErrors)
	omitted = errors + others - keptErrors - keptOthers
	for _, l := range s.Lines {
		room := &keptOthers
		if l.IsError() {
			room = &keptErrors
		}
		if l == s.Report || *room == 0 {
			continue
		}
		*room--
		lines = append(lines, l)
	}
	return lines, omitted
}

// note returns the text of a line under a span: its level, its service if it is not the span's,
// its message and its fields.
func (l *Line) note(under *Span) string {
	text := clipped(l.said()+l.otherFields(), maxNote)
	if l.Service != under.Service && l.Service != "" {
		text = clipped(l.Service, maxValue) + " " + text
	}
	return strings.TrimSpace(levelMark(l.Level) + " " + visible(text))
}

// at returns the time of a line, or the time of its span if the line has none.
func (l *Line) at(under *Span) time.Time {
	if l.At.IsZero() {
		return under.Start
	}
	return l.At
}

// clipped returns s if it has no more bytes than limit says. If s is longer, clipped cuts it
// between characters and adds an ellipsis.
func clipped(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}

// name returns a text for a field that another program shows. It shortens the text, and escapes
// invisible characters.
func name(text string) string { return visible(clipped(text, maxValue)) }

// why returns the cause of a span's failure, or "".
func (s *Span) why() string {
	switch {
	case s.Error != "":
		return s.Error
	case s.Failed && s.Status != 0:
		return strconv.Itoa(s.Status)
	case s.Failed:
		return "failed"
	}
	return ""
}

// httpParts are the facts about HTTP in the line of a request or a call.
type httpParts struct {
	method, path, route string
	host                string // the called host, without its port
}

func (s *Span) http() (h httpParts) {
	if s.Report == nil {
		return h
	}
	switch r := s.Report.Record.(type) {
	case *line.Request:
		h.method, h.path, h.route = r.Method, r.Path, r.Route
	case *line.Call:
		if h.host = hostname(r.Host); !r.Plain {
			h.method, h.path = r.Method, r.Path
		}
	}
	return h
}

// hostname returns a host without its port.
func hostname(host string) string {
	if bracketed, ok := strings.CutPrefix(host, "["); ok { // IPv6
		address, _, _ := strings.Cut(bracketed, "]")
		return address
	}
	if strings.Count(host, ":") == 1 {
		host, _, _ = strings.Cut(host, ":")
	}
	return host
}
