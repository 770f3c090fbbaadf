package main

import (
	"strings"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

// said is a line of a service, as anybody can read it.
type said struct {
	line.Line
	text  string
	media string // the request that it is about, by the path or a field, not by the ID
	run   string // the run of the timer
}

func parse(text string) said {
	s := said{text: text}
	s.Line, _ = line.Parse([]byte(text)) // else it has no ID, and that is a failure
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

// about fills in the request that the line of a call without a path is about: the same as that of
// the request in which the call was made.
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
