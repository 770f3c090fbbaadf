package timeline

import (
	"strings"
	"time"
)

// maxGuides is the greatest depth to which the text view draws guides. Deeper rows show their
// depth as a number.
const maxGuides = 24

// item is a row under a span: a line, a span, or the number of hidden spans.
type item struct {
	line *Line
	span *Span
	fold *fold
}

// frame is a span with the items that are still to be written.
type frame struct {
	items    []item
	branches int   // the number of items that are no lines
	span     *Span // nil: the trace itself
	guide    string
	depth    int
	service  string
}

func newFrame(items []item) frame {
	f := frame{items: items}
	for _, it := range items {
		if it.line == nil {
			f.branches++
		}
	}
	return f
}

// spans writes all spans and lines. It does not recurse, because traces may be very deep.
func (p *page) spans() {
	t := p.tree
	stack := []frame{newFrame(p.items(t.Roots, t.Loose, nil))}
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		if len(f.items) == 0 {
			stack = stack[:len(stack)-1]
			continue
		}
		it := f.items[0]
		f.items = f.items[1:]
		if it.line == nil {
			f.branches--
		}
		branch, below := f.guides()
		switch {
		case it.line != nil:
			p.entry(it.line, f.service, below)
		case it.fold != nil:
			p.folded(it.fold, branch)
		default:
			p.span(it.span, f, branch)
			under := newFrame(p.items(it.span.Children, it.span.Lines, it.span.Report))
			under.span, under.guide, under.depth, under.service = it.span, below, f.depth+1, it.span.Service
			stack = append(stack, under)
		}
	}
}

// guides returns the guide of the next item of f, and the guide of the rows below that item. A
// guide is the text that draws the branches of the tree.
func (f *frame) guides() (branch, below string) {
	if f.depth == 0 {
		return "", ""
	}
	switch {
	case f.depth > maxGuides:
		return f.guide + "[" + Grouped(f.depth) + "] ", f.guide
	case f.branches > 0:
		return f.guide + "├─ ", f.guide + "│  "
	}
	return f.guide + "└─ ", f.guide + "   "
}

// items puts spans and lines into the order of time. It leaves out the line that reports the span,
// because the span's row shows it.
func (p *page) items(spans []*Span, lines []*Line, report *Line) []item {
	var alike folds
	if p.style.Width > 0 && len(spans) >= foldFrom {
		alike = foldsOf(spans)
	}
	items := make([]item, 0, len(spans)+len(lines))
	for len(spans) > 0 || len(lines) > 0 {
		switch {
		case len(lines) > 0 && lines[0] == report:
			lines = lines[1:]
		case len(spans) == 0 || len(lines) > 0 && !lines[0].At.IsZero() && !lines[0].At.After(spans[0].Start):
			items = append(items, item{line: lines[0]})
			lines = lines[1:]
		default:
			items = p.withSpan(items, spans[0], alike)
			spans = spans[1:]
		}
	}
	return items
}

// span writes the row of a span.
func (p *page) span(s *Span, f *frame, branch string) {
	same := f.span != nil && f.service == s.Service && s.Kind == Client
	words := []Word{{p.colourOf(s.Service), p.axisOf(s)}}
	if s.Failed {
		words[0].Colour = Red
	}
	switch {
	case s.Missing():
		p.missed = true
		words = append(words, Word{Dim, missingName[s.Kind] + " " + s.ID + " [not reported]"})
	case s.Made:
		p.made = true
		words = append(words, Word{Bold + ";" + p.colourOf(s.Service), or(s.Service, "?")}, Word{"", " span " + s.ID}, Word{Dim, " [made]"})
	default:
		name := p.name(s.Service, s.Kind, s.Operation, same)
		if !same {
			name[0].Colour = Bold + ";" + name[0].Colour
		}
		words = append(append(words, name...), outcome(s)...)
	}
	if s.Guess {
		p.guessed = true
		words = append(words, Word{Yellow, " [guessed]"})
	}
	took := ""
	if !s.Start.IsZero() {
		took = short(s.Duration)
	}
	p.row(p.offset(s.Start), took, words[0].Text, branch, words...)
}

// missingName is the name of a span without a line, by its kind. The kind of such a span is Client
// if a request names the span as the caller's.
var missingName = map[Kind]string{Client: "caller's span", Internal: "span"}

// Missing reports whether other spans name s as their parent, but no line has the ID of s.
func (s *Span) Missing() bool { return s.Made && len(s.Lines) == 0 }

// maxMessage is the largest number of lines of a message that a view with a width shows.
const maxMessage = 4

// entry writes a line with all lines of its message.
func (p *page) entry(l *Line, service, guide string) {
	levelColour, textColour := Dim, ""
	switch {
	case l.IsError():
		levelColour, textColour = Red, Red
	case strings.HasPrefix(strings.ToLower(l.Level), "warn"):
		levelColour = Yellow
	}
	words := []Word{{levelColour, p.tick(l)}}
	if l.Service != service && l.Service != "" {
		mark := ""
		if l.Guess { // a guess within the same service needs no mark
			p.guessedLine, mark = true, "?"
		}
		words = append(words, Word{p.colourOf(l.Service), l.Service + mark + " "})
	}
	if level := levelMark(l.Level); level != "" {
		words = append(words, Word{levelColour, level + " "})
	}
	first, further, _ := strings.Cut(strings.TrimRight(l.said(), "\r\n"), "\n")
	words = append(words, Word{textColour, strings.TrimRight(first, "\r")}, Word{Dim, l.otherFields()})
	if d := l.Time.Sub(l.At); !l.Time.IsZero() && (d > time.Second || d < -time.Second) {
		words = append(words, Word{Dim, " [" + l.Time.Format("15:04:05.000") + " by its clock]"})
	}
	p.row(p.offset(l.At), "", words[0].Text, guide, words...)
	p.more(further, textColour, guide)
}

// more writes the further lines of a message. In a view with a width, it writes only the first
// lines, and the causes in a stack trace of Java. The causes are often far below the first lines.
func (p *page) more(further, colour, guide string) {
	skipped := 0
	skip := func() {
		if skipped > 0 {
			p.row("", "", "", guide, Word{}, Word{Dim, "  … " + Counted(skipped, "more line")})
		}
		p.hiddenMessageLines += skipped
		skipped = 0
	}
	for n := 1; further != ""; n++ {
		var text string
		text, further, _ = strings.Cut(further, "\n")
		if p.style.Width > 0 && n >= maxMessage && !strings.HasPrefix(text, "Caused by: ") {
			skipped++
			continue
		}
		skip()
		p.row("", "", "", guide, Word{}, Word{colour, "  " + strings.TrimRight(text, "\r")})
	}
	skip()
}

// levelMark returns the short name of a level, as logctx.Console writes it.
func levelMark(level string) string {
	switch level {
	case "trace":
		return "TRC"
	case "debug":
		return "DBG"
	case "info":
		return "INF"
	case "warn":
		return "WRN"
	case "error":
		return "ERR"
	case "fatal":
		return "FTL"
	case "panic":
		return "PNC"
	}
	text, _ := shorten(strings.ToUpper(level), 8)
	return text
}
