package timeline

import (
	"io"
	"strings"

	"example.com/clew/internal/line"
)

// ListText writes a list of traces as a table. Each trace has one line, which ends with the whole
// ID.
func ListText(to io.Writer, traces []Summary, left Left, style Style) error {
	p := newPage(to, style)
	if len(traces) > 0 {
		p.line(Word{Dim, "began (UTC)                    took   spans   lines  errors  root, its other services, trace"})
	}
	for i := range traces {
		p.listed(&traces[i])
	}
	p.leftOut(len(traces), left)
	return p.to.Flush()
}

// kinds contains the kind of span that each record reports.
var kinds = map[string]Kind{line.MessageRequest: Server, line.MessageCall: Client, line.MessageJob: Job}

// listed writes the line of a trace. It never cuts the ID, because people copy it.
func (p *page) listed(s *Summary) {
	began := "(no time)"
	if !s.Start.IsZero() {
		began = s.Start.Format("2006-01-02 15:04:05.000")
	}
	errors := Word{"", right(Grouped(s.Errors), 8)}
	if s.Errors > 0 {
		errors.Colour = Red
	}
	p.put(Dim, began+strings.Repeat(" ", max(23-len(began), 0)))
	p.put("", right(short(s.Duration), 12)+right(Grouped(s.Spans), 8)+right(Grouped(s.Lines), 8))
	p.put(errors.Colour, errors.Text)
	p.put("", "  ")

	id := s.ID.String()
	words := p.name(s.Service, kinds[s.Record], s.Operation, false)
	if s.Record == "" {
		words = append(words[:1], Word{Dim, "(no request, call or job)"})
	}
	if s.Status != 0 {
		words = append(words, outcome(&Span{Status: s.Status, Failed: s.Status >= 500})...)
	}
	others := ""
	for _, name := range s.Services {
		if name != s.Service {
			others += " " + name
		}
	}
	if s.More > 0 {
		others += " …"
	}
	words = append(words, Word{Dim, others})
	const columnsBefore = 23 + 12 + 8 + 8 + 8 + 2
	p.words(max(p.style.Width-columnsBefore-2-len(id), 20), words...)
	p.put("", "  ")
	p.put(Bold, id)
	p.to.WriteByte('\n')
}

// leftOut writes how many traces and lines the list leaves out.
func (p *page) leftOut(listed int, left Left) {
	text := Counted(listed, "trace")
	if left.Limited > 0 {
		text += ", the newest of " + Grouped(listed+left.Limited) + ": --limit shows more"
	}
	p.line(Word{Dim, text})
	p.note(left.Traces > 0 || left.Lines > 0, "Left out: "+Counted(left.Traces, "older trace")+", which began at "+left.Before.Format("2006-01-02 15:04:05.000")+
		" or before, with "+Counted(left.Lines, "line")+". There was no room for them: list a shorter time with --since and --until.")
	p.note(left.NoID > 0, Counted(left.NoID, "line")+" without a trace ID.")
}
