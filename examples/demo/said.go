package main

import (
	"strings"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

// said is a parsed line of a service.
type said struct {
	line.Line
	text string
	// media is the number of the request to which the line belongs. It comes from the path or from
	// a field, and not from the trace ID.
	media string
	run   string // the run of the timer, or ""
}

func parse(text string) said {
	s := said{text: text}
	// A line that cannot be parsed has no ID, and report fails.
	s.Line, _ = line.Parse([]byte(text))
	media, _ := s.Field("media")
	run, _ := s.Field("run")
	s.media, s.run = media.Value, run.Value
	switch r := s.Record.(type) {
	case *line.Request:
		s.media = r.Path[strings.LastIndexByte(r.Path, '/')+1:]
	case *line.Call:
		s.media = r.Path[strings.LastIndexByte(r.Path, '/')+1:]
	}
	return s
}

// The function about sets the field media in the lines of calls without a path. It takes the value
// from the line of the request that made the call.
func about(lines []said) {
	for _, s := range treeOf(lines).Spans {
		call, ok := record(s).(*line.Call)
		if !ok || !call.Plain || s.Parent == nil || s.Parent.Report == nil {
			continue
		}
		lines[s.Report.Number-1].media = lines[s.Parent.Report.Number-1].media
	}
}

func record(s *timeline.Span) line.Record {
	if s.Report == nil {
		return nil
	}
	return s.Report.Record
}
