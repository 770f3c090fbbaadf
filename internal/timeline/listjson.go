package timeline

import "io"

// The JSON view of a list is one object:
//
//	traces  [{trace, start, duration_ms, service, operation, kind, status, services, spans, lines,
//	        errors}], the newest first. service, operation, kind and status are the root's. kind is
//	        absent if no line reports a span, status if the root has none, and start if no line has
//	        a time
//	left    {limited, traces, lines, before, no_id}. limited is the number of further traces that
//	        match. traces is the number of older traces for which there was no room, lines is the
//	        number of their lines, and before is when the last of them began. no_id is the number
//	        of lines without a trace ID

type jsonSummary struct {
	Trace     string   `json:"trace"`
	Start     string   `json:"start,omitempty"`
	Duration  float64  `json:"duration_ms"`
	Service   string   `json:"service"`
	Operation string   `json:"operation"`
	Kind      Kind     `json:"kind,omitempty"`
	Status    int      `json:"status,omitempty"`
	Services  []string `json:"services"`
	Spans     int      `json:"spans"`
	Lines     int      `json:"lines"`
	Errors    int      `json:"errors"`
}

type jsonLeft struct {
	Limited int    `json:"limited"`
	Traces  int    `json:"traces"`
	Lines   int    `json:"lines"`
	Before  string `json:"before,omitempty"`
	NoID    int    `json:"no_id"`
}

// ListJSON writes a list of traces as one JSON object with a newline behind it.
func ListJSON(to io.Writer, traces []Summary, left Left) error {
	w := newJSONWriter(to)
	w.open("{")
	w.list("traces")
	for _, s := range traces {
		if s.Services == nil {
			s.Services = []string{}
		}
		w.element(jsonSummary{
			s.ID.String(), timeText(s.Start), milliseconds(s.Duration), s.Service, s.Operation, kinds[s.Record], s.Status,
			s.Services, s.Spans, s.Lines, s.Errors,
		})
	}
	w.close("]")
	w.member("left", jsonLeft{left.Limited, left.Traces, left.Lines, timeText(left.Before), left.NoID})
	w.close("}\n")
	return w.end()
}
