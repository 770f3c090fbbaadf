package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

// treeOf finds out who called whom, by the lines alone.
func treeOf(lines []said) *timeline.Tree {
	entries := make([]*timeline.Entry, len(lines))
	for i := range lines {
		entries[i] = lines[i].entry(i + 1)
	}
	var id timeline.ID
	if len(entries) > 0 {
		id = entries[0].Trace
	}
	return timeline.NewTree(timeline.NewTrace(id, entries))
}

// entry is the line as the engine of clew timeline has it.
func (s *said) entry(number int) *timeline.Entry {
	at, precision := dated(s.Time, time.Now())
	return &timeline.Entry{
		Source: "demo", Number: number, Time: at, Precision: precision, Trace: number128(s.TraceID), Span: s.SpanID,
		Service: s.Service, Level: strings.ToLower(s.Level), Message: s.Message, Sampled: s.Sampled, Record: s.Record,
		Fields: s.Fields, Text: s.text,
	}
}

// dated gives a date to the times of logctx.Console, which writes the time of the day in the zone
// of its program: the day on which it is nearest to now. slog's text has milliseconds.
func dated(t, now time.Time) (at time.Time, precision time.Duration) {
	if t.IsZero() {
		return t, 0
	}
	if t.Nanosecond()%int(time.Millisecond) == 0 {
		precision = time.Millisecond
	}
	if t.Year() != 0 {
		return t, precision
	}
	for days := -1; days <= 1; days++ {
		on := time.Date(now.Year(), now.Month(), now.Day()+days, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.Local)
		if at.IsZero() || on.Sub(now).Abs() < at.Sub(now).Abs() {
			at = on
		}
	}
	return at.UTC(), precision
}

// number128 is the ID that a text has in hexadecimal digits; zero: none.
func number128(text string) (id timeline.ID) {
	half := max(len(text)-16, 0)
	id.High, _ = strconv.ParseUint(text[:half], 16, 64)
	id.Low, _ = strconv.ParseUint(text[half:], 16, 64)
	return id
}

// outline is the tree without times: a call or a request a line.
func outline(t *timeline.Tree) string {
	var b strings.Builder
	level := map[*timeline.Span]string{}
	for _, s := range t.Spans { // parents come first
		indent := "  "
		if s.Parent != nil {
			indent = level[s.Parent]
		}
		level[s] = indent
		if s.Made { // who has called from outside has no line
			continue
		}
		level[s] += "  "
		fmt.Fprintf(&b, "%s%s%s\n", indent, title(s), map[bool]string{true: " (guessed)"}[s.Guess])
	}
	return b.String()
}

func title(s *timeline.Span) string {
	switch r := s.Report.Record.(type) {
	case *line.Request:
		return fmt.Sprintf("%s %s %s %d", s.Service, r.Method, r.Route, r.Status)
	case *line.Call:
		callee := r.Path
		if r.Plain {
			callee = r.Host
		}
		return fmt.Sprintf("-> %s %s", r.Method, callee)
	}
	return s.Operation
}

// wantOutline is the outline of a request's tree.
func wantOutline(c call) string {
	return strings.ReplaceAll(`  media-api GET /media/{id} 200
    -> GET /bandwidth/N
      network-information GET /bandwidth/{id} 200
    -> GET /images/N
      image-store GET /images/{id} 200
        -> GetItem dynamodb
`, "N", c.media)
}
