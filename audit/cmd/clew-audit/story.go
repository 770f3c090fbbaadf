package main

import (
	"encoding/json"
	"io"
	"time"

	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
)

// clockOnly is the layout of times in a story whose events are all of one day.
const clockOnly = "15:04:05.000000"

// storyText writes a story for people.
func storyText(to io.Writer, s *lake.Story, l *look) error {
	p := newPage(to, l)
	var w widths
	for i := range s.Events {
		w.fit(&s.Events[i].Event)
	}
	first, last := s.Events[0].Time, s.Events[len(s.Events)-1].Time
	p.put("", timeline.Counted(len(s.Events), "event")+" of "+timeline.Counted(s.Traces, "trace")+", from ")
	p.put(bold, first.UTC().Format(dayAndClock))
	p.put("", " UTC, over "+timeline.Short(last.Sub(first)))
	p.end()
	p.end()
	clock := clockOnly
	if first.UTC().Format(time.DateOnly) != last.UTC().Format(time.DateOnly) {
		clock = dayAndClock
	}
	traces := map[string]string{} // the label of each trace in the story
	for i := range s.Events {
		e := &s.Events[i]
		letters, known := traces[e.TraceID]
		if !known && e.TraceID != "" {
			letters = label(len(traces))
			traces[e.TraceID] = letters
			heading(p, letters, e)
		}
		gap := ""
		if i > 0 {
			gap = "+" + timeline.Short(e.Gap)
		}
		p.right(dim, gap, 10)
		p.cell(dim, e.Time.UTC().Format(clock), len(clock))
		p.cell(dim, letters, len(label(s.Traces)))
		p.cell(cyan, e.App, w.app)
		p.cell(bold, e.Message, w.message)
		p.column()
		p.context(&e.Event)
		p.end()
	}
	return p.to.Flush()
}

// label returns the label of the trace number n in a story: A to Z, AA, AB.
func label(n int) string {
	const letters = 26
	text := string(rune('A' + n%letters))
	for n = n/letters - 1; n >= 0; n = n/letters - 1 {
		text = string(rune('A'+n%letters)) + text
	}
	return text
}

// heading writes which trace begins, and which identifier led to it.
func heading(p *page, letters string, e *lake.Step) {
	p.put("", "            "+letters+" is trace ")
	p.whole(bold, e.TraceID)
	if e.By != "" {
		p.put(dim, ", which has "+e.By)
	}
	p.end()
}

// storyJSON writes a story as objects of JSON, one on each line. An object has the members that
// find writes, and also hop, by and since_ms, the time since the previous event.
func storyJSON(to io.Writer, s *lake.Story) error {
	for i := range s.Events {
		e := &s.Events[i]
		line, err := appendJSON(nil, &e.Event)
		if err != nil {
			return err
		}
		more, err := json.Marshal(struct {
			Hop   int     `json:"hop"`
			By    string  `json:"by"`
			Since float64 `json:"since_ms"`
		}{e.Hop, e.By, milliseconds(e.Gap)})
		if err != nil {
			return err
		}
		line = append(append(line[:len(line)-1], ','), timeline.Harmless(string(more[1:]))...)
		if _, err := to.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}
