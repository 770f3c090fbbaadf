package timeline

import "io"

// The JSON view of a list is one object:
//
//	traces       the newest first:
//	  trace        the trace ID, 16 or 32 hexadecimal digits
//	  start        when the trace began, RFC 3339 in UTC; absent: no line has a time
//	  duration_ms  of the root; without a root, from the first line to the last
//	  service      of the root; without a root, of the first line
//	  operation    of the root; empty: no line reports a span
//	  kind         of the root (server, client, job); absent: no line reports a span
//	  status       of the root; absent: the root has no status
//	  services     the names of the trace's services
//	  spans, lines, errors: how many the trace has
//	left         what the list leaves out:
//	  limited      the number of further traces that match
//	  traces       the number of older traces for which there was no room
//	  lines        the number of lines of these older traces
//	  before       the older traces began at this time or earlier; absent: there are none
//	  no_id        the number of lines without a trace ID

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
