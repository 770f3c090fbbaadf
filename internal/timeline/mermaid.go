package timeline

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// These limits keep a diagram readable. Mermaid refuses more than 50,000 characters.
const (
	maxSteps   = 200
	maxDiagram = 45_000
	maxLabel   = 60 // the largest number of characters of a text
)

// step is an arrow or a note of a sequence diagram.
type step struct {
	at      time.Time
	span    *Span
	line    *Line // the line of a note; nil: the step is an arrow
	returns bool  // the arrow is an answer
}

// Mermaid writes the tree as a sequence diagram in Mermaid's language. The diagram shows the calls
// between services in the order of time, a cross for each failed call, and a note for each line at
// the level of errors. It shows the first two hundred steps, and states how many it leaves out. No
// text of a line becomes a statement of the diagram, because each character that might have a
// meaning is written as its number.
func (t *Tree) Mermaid(to io.Writer) error {
	d := diagram{to: bufio.NewWriter(to), names: map[string]string{}, answers: t.answers()}
	d.write("sequenceDiagram\n")
	d.write("  title trace " + t.fullID().String() + "\n")
	steps := d.steps(t)
	shown := 0
	for shown < min(len(steps), maxSteps) && d.written < maxDiagram {
		d.step(steps[shown])
		shown++
	}
	d.notShown(steps[shown:])
	return d.to.Flush()
}

// steps returns all arrows and notes in the order of time. Steps of the same time are in the order
// of the tree.
func (d *diagram) steps(t *Tree) []step {
	var steps []step
	// begun has the time at which each span begins in the diagram. No span begins before its
	// parent, even if the clocks disagree.
	begun := make([]time.Time, len(t.Spans))
	notes := func(s *Span, lines []*Line) {
		for _, l := range lines {
			if l.IsError() && l != s.Report {
				steps = append(steps, step{at: latest(l.at(s), begun[s.number]), span: s, line: l})
			}
		}
	}
	var stack []*Span // the spans whose end is not yet in steps
	end := func() {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if d.arrow(s) {
			steps = append(steps, step{at: latest(s.End(), begun[s.number]), span: s, returns: true})
		}
	}
	for _, s := range t.Spans {
		for len(stack) > 0 && stack[len(stack)-1] != s.Parent {
			end()
		}
		begun[s.number] = s.Start
		if s.Parent != nil {
			begun[s.number] = latest(s.Start, begun[s.Parent.number])
		}
		if d.arrow(s) {
			steps = append(steps, step{at: begun[s.number], span: s})
		}
		notes(s, s.Lines)
		stack = append(stack, s)
	}
	for len(stack) > 0 {
		end()
	}
	for _, l := range t.Loose {
		if l.IsError() {
			steps = append(steps, step{at: l.At, span: &Span{Service: l.Service}, line: l})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	return steps
}

// answers maps each call to the request that answers it. If several requests answer a call, it is
// the first of them.
func (t *Tree) answers() map[*Span]*Span {
	answers := map[*Span]*Span{}
	for _, s := range t.Spans {
		if c := s.Parent; s.Kind == Server && c != nil && c.Kind == Client && !c.Missing() && answers[c] == nil {
			answers[c] = s
		}
	}
	return answers
}

// diagram is a diagram in progress.
type diagram struct {
	to      *bufio.Writer
	written int
	names   map[string]string // the participant for each service
	answers map[*Span]*Span
}

// arrow reports whether a span has an arrow of its own. A call and the request that answers it
// share one arrow.
func (d *diagram) arrow(s *Span) bool {
	switch s.Kind {
	case Server:
		return s.Parent == nil || d.answers[s.Parent] != s
	case Client, Job:
		return !s.Missing()
	}
	return false
}

func (d *diagram) write(text string) {
	d.written += len(text)
	d.to.WriteString(text)
}

// participant returns the name of a service in the diagram. The name is made up, because a
// service's own name might be a keyword of Mermaid.
func (d *diagram) participant(service string) string {
	service = or(service, "?")
	p, ok := d.names[service]
	if !ok {
		p = "S" + strconv.Itoa(len(d.names)+1)
		d.names[service] = p
		d.write("  participant " + p + " as " + inert(service) + "\n")
	}
	return p
}

func (d *diagram) step(s step) {
	if s.line != nil {
		p := d.participant(or(s.line.Service, s.span.Service))
		d.write("  Note over " + p + ": " + inert(levelMark(s.line.Level)+" "+firstLine(s.line.said())) + "\n")
		return
	}
	from, to := s.span.ends()
	a, b := d.participant(from), d.participant(to)
	switch {
	case !s.returns:
		d.write("  " + a + "->>" + b + ": " + inert(d.label(s.span)) + "\n")
	case s.span.Failed:
		d.write("  " + b + "--x" + a + ": " + inert(s.span.result()) + "\n")
	default:
		d.write("  " + b + "-->>" + a + ": " + inert(s.span.result()) + "\n")
	}
}

// ends returns the calling service and the called service.
func (s *Span) ends() (from, to string) {
	switch s.Kind {
	case Client:
		return s.Service, s.answerer()
	case Job:
		return s.Service, s.Service
	}
	for p := s.Parent; p != nil; p = p.Parent {
		if p.Service != "" {
			return p.Service, s.Service
		}
	}
	return "caller", s.Service
}

// label returns the operation of a span. For a call, it returns the operation of the answering
// request, because a request has a route instead of a path.
func (d *diagram) label(s *Span) string {
	text := s.Operation
	if answer := d.answers[s]; answer != nil {
		text = answer.Operation
	}
	switch {
	case s.Kind == Job:
		return "job " + text
	case s.Attempt > 1:
		return text + ", attempt " + strconv.Itoa(s.Attempt)
	}
	return text
}

// result returns how a call ended, and how long it took.
func (s *Span) result() string {
	text := short(s.Duration)
	if s.Status != 0 {
		text = strconv.Itoa(s.Status) + ", " + text
	}
	if s.Error != "" {
		text += ", " + s.Error
	}
	return text
}

// notShown writes how many steps are left out.
func (d *diagram) notShown(steps []step) {
	arrows, lines := 0, 0
	for _, s := range steps {
		switch {
		case s.line != nil:
			lines++
		case !s.returns:
			arrows++
		}
	}
	if len(steps) > 0 {
		d.write("  Note over S1: not shown are " + inert(Counted(arrows, "more call")+", "+Counted(len(steps)-arrows-lines, "more answer")+
			", "+Counted(lines, "more error")) + "\n")
	}
}

// inert returns text in a form that Mermaid shows without reading any syntax in it. All characters
// but letters, digits and a few signs become entity codes, which are numbers
// (https://mermaid.js.org/syntax/sequenceDiagram.html). The reason is that each version of Mermaid
// gives a meaning to more characters. Do not let '#', ';' or ':' through: Mermaid's own search for
// entity codes ends at them.
func inert(text string) string {
	text = strings.TrimSpace(visible(clipped(text, 4*maxLabel)))
	if label, was := shorten(text, maxLabel); was {
		text = label
	}
	var b strings.Builder
	for _, r := range or(text, "?") {
		// Mermaid marks entity codes with ﬂ.
		if r != 'ﬂ' && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" /._-,()=?", r)) {
			b.WriteRune(r)
			continue
		}
		b.WriteString("#" + strconv.Itoa(int(r)) + ";")
	}
	return b.String()
}
