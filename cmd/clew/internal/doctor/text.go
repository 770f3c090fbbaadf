package doctor

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"example.com/clew/internal/timeline"
)

// Style is how the text looks. The zero value is for files and pipes.
type Style struct {
	Width  int // in columns; 0: lines are not broken
	Colour bool

	// Visible makes text harmless for a terminal, because the service may have chosen the text. If
	// Visible is nil, text stays as it is.
	Visible func(string) string
}

var whereText = map[string]string{inResponse: "in the response", inLogs: "in its lines", inSentOn: "in what it sends on"}

// Text writes the report for people.
func (r *Report) Text(w io.Writer, style Style) error {
	p := &page{bufio.NewWriter(w), style}
	for i, d := range r.Targets {
		if i > 0 {
			p.to.WriteByte('\n')
		}
		p.diagnosis(d)
	}
	return p.to.Flush()
}

type page struct {
	to    *bufio.Writer
	style Style
}

func (p *page) diagnosis(d *Diagnosis) {
	colour := timeline.Yellow
	switch {
	case d.fault():
		colour = timeline.Red
	case d.Verdict == Adopted || d.Verdict == Unchanged:
		colour = timeline.Green
	}
	p.put("", d.URL+": ")
	p.put(colour, string(d.Verdict))
	p.to.WriteByte('\n')
	p.paragraph("", 2, sentenceCase(d.Says))
	for _, f := range d.Findings {
		p.finding(f)
	}
	if len(d.Notes) > 0 {
		p.to.WriteByte('\n')
	}
	for _, note := range d.Notes {
		p.paragraph(timeline.Dim, 2, sentenceCase(note))
	}
}

func (p *page) finding(f Finding) {
	colour, mark := timeline.Green, "✓"
	switch {
	case f.Fault:
		colour, mark = timeline.Red, "✗"
	case f.Kind != Adopted && f.Kind != Unchanged:
		colour, mark = timeline.Yellow, "·"
	}
	p.to.WriteString("\n  ")
	p.put(colour, mark+" "+string(f.Kind))
	canaries := "canaries"
	if f.Of == 1 {
		canaries = "canary"
	}
	p.put("", fmt.Sprintf(", %s: %d of %d %s", whereText[f.Where], f.Count, f.Of, canaries))
	if len(f.Services) > 0 {
		p.put("", ", by "+list(f.Services))
	}
	if f.Fault {
		p.put(timeline.Dim, ", the first: "+f.Canary)
	}
	p.to.WriteByte('\n')
	p.paragraph("", 4, f.Says)
	if f.Remedy != "" {
		p.paragraph("", 4, "Remedy: "+f.Remedy)
	}
}

// list joins the first names for a sentence, and adds how many more there are.
func list(names []string) string {
	const most = 5
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

func (p *page) put(colour, text string) {
	if p.style.Visible != nil {
		text = p.style.Visible(text)
	}
	if p.style.Colour {
		text = timeline.InColour(colour, text)
	}
	p.to.WriteString(text)
}

// paragraph writes a text in lines that fit into the width of the style.
func (p *page) paragraph(colour string, indent int, text string) {
	room := 0
	if p.style.Width > 0 {
		room = max(p.style.Width-indent, 20)
	}
	for _, line := range timeline.Lines(text, room) {
		p.to.WriteString(strings.Repeat(" ", indent))
		p.put(colour, line)
		p.to.WriteByte('\n')
	}
}
