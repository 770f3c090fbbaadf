package timeline

import (
	"strconv"
	"strings"
	"time"
)

// end writes the end of the view: the services, the linked traces, and how far the tree can be
// trusted.
func (p *page) end() {
	t := p.tree
	p.to.WriteByte('\n')
	p.services()
	for _, l := range t.Links {
		why := "the caller's own trace, which is not trusted"
		if l.Why == "scheduled by" {
			why = "the trace that scheduled the job"
		}
		p.whole(why + ": clew timeline " + l.Trace)
	}
	if t.Sampled && p.style.UI != "" {
		p.whole("in Zipkin: " + ZipkinPage(p.style.UI, t.ID))
	}
	p.note(p.guessed, "[guessed]: no line names the parent. The parent is the only span that encloses this one in time.")
	p.note(p.guessedLine, "A service with ?: it reports no requests. The line is under the only call to it at that time.")
	p.note(p.made, "[made]: no request, call or job line reports the span. Other lines name its ID.")
	p.note(p.missed, "[not reported]: no line has this span's ID. Spans below name it as their parent.")
	p.note(t.Doubles > 0, Counted(t.Doubles, "line")+" in several sources: shown once.")
	p.note(t.Circles > 0, Counted(t.Circles, "circle")+" of spans that are each other's parents: cut where they begin.")
	p.hidden()
}

func (p *page) note(say bool, text string) {
	if say {
		p.line(Word{Dim, text})
	}
}

// whole writes a line that is never cut, because people copy it.
func (p *page) whole(text string) {
	p.put("", visible(text))
	p.to.WriteByte('\n')
}

// maxServices is the largest number of services that a view of limited width lists at its end.
const maxServices = 20

// services writes the counts of each service, and the skew of its clock.
func (p *page) services() {
	for i, s := range p.tree.Services {
		if i == maxServices && p.style.Width > 0 {
			p.line(Word{Dim, "… and " + Counted(len(p.tree.Services)-i, "more service")})
			return
		}
		words := []Word{
			{p.colourOf(s.Name), or(s.Name, "(no service)")},
			{"", "  " + Counted(s.Spans, "span") + ", " + Counted(s.Lines, "line")},
		}
		if s.Errors > 0 {
			words = append(words, Word{Red, ", " + Counted(s.Errors, "error")})
		}
		if s.Skew != 0 {
			words = append(words, Word{Yellow, "  " + skewText(s.Skew)})
		}
		p.line(words...)
	}
}

// skewText describes the skew of a clock.
func skewText(d time.Duration) string {
	if d < 0 {
		return "its clock is " + strings.TrimPrefix(short(d), "-") + " behind: corrected here"
	}
	return "its clock is " + short(d) + " ahead: corrected here"
}

// hidden writes how much the view leaves out.
func (p *page) hidden() {
	var said []string
	if p.shortened > 0 {
		said = append(said, "the ends of "+Counted(p.shortened, "row"))
	}
	if p.hiddenMessageLines > 0 {
		said = append(said, Counted(p.hiddenMessageLines, "message line"))
	}
	if p.hiddenSpans > 0 {
		said = append(said, Counted(p.hiddenSpans, "span")+" with "+Counted(p.hiddenLines, "line"))
	}
	if len(said) > 0 {
		p.whole("Cut to " + strconv.Itoa(p.style.Width) + " columns, without " + strings.Join(said, ", ") + ". Everything: --width 0")
	}
}
