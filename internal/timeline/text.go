package timeline

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"time"
)

// Text writes the tree for people: where the time went and what failed, then each span with its
// lines on an axis of time, then how far the tree can be trusted. Control and format characters
// are escaped, so that no terminal obeys a line.
func (t *Tree) Text(to io.Writer, style Style) error {
	p := newPage(to, style)
	p.tree = t
	p.summary()
	p.spans()
	p.end()
	return p.to.Flush()
}

// page is a text view in progress.
type page struct {
	to    *bufio.Writer
	style Style
	tree  *Tree

	bar     int               // the number of columns of the axis
	room    int               // the number of columns to the right of the axis; 0: any number
	colours map[string]string // of services

	shortened          int // the number of texts that were cut
	hiddenMessageLines int // the number of hidden lines of messages
	hiddenSpans        int
	hiddenLines        int
	made, missed       bool // the view shows spans with these marks
	guessed            bool
	guessedLine        bool // the view shows a guessed line under a call of another service
}

// The axis is to the right of the offset and the duration.
const (
	offsetColumns   = 10
	durationColumns = 9
	besideAxis      = offsetColumns + durationColumns + 4
)

func newPage(to io.Writer, style Style) *page {
	p := &page{to: bufio.NewWriterSize(to, 64<<10), style: style, bar: 24, colours: map[string]string{}}
	if style.Width <= 0 {
		p.style.Width = 0
		return p
	}
	p.bar = min(max(style.Width/5, 6), 32)
	p.room = max(style.Width-besideAxis-p.bar, 20)
	return p
}

var serviceColours = [...]string{"36", "35", "34", "32", "96", "95", "94", "92"}

func (p *page) colourOf(service string) string {
	c, ok := p.colours[service]
	if !ok {
		c = serviceColours[len(p.colours)%len(serviceColours)]
		p.colours[service] = c
	}
	return c
}

// put writes a text that needs no escapes.
func (p *page) put(colour, text string) {
	if p.style.Colour {
		text = InColour(colour, text)
	}
	p.to.WriteString(text)
}

// words writes texts from lines, and cuts them. The parameter room is the number of columns for
// all texts together.
func (p *page) words(room int, words ...Word) {
	for i, w := range words {
		text := visible(w.Text)
		if p.style.Width == 0 {
			p.put(w.Colour, text)
			continue
		}
		text, short := shorten(text, room)
		p.put(w.Colour, text)
		if room -= columns(text); short || room == 0 && i+1 < len(words) {
			p.shortened++
			return
		}
	}
}

// line writes a row that consists of words alone.
func (p *page) line(words ...Word) {
	p.words(p.style.Width, words...)
	p.to.WriteByte('\n')
}

// row writes the row of a span or a line: the columns to the left, then the words.
func (p *page) row(offset, took, axis, guide string, words ...Word) {
	p.put(Dim, right(offset, offsetColumns))
	p.put("", right(took, durationColumns)+"  ")
	p.put(words[0].Colour, axis)
	p.put("", strings.Repeat(" ", p.bar-columns(axis))+"  ")
	p.put(Dim, guide)
	room := p.room - columns(guide)
	if p.room > 0 {
		room = max(room, 12)
	}
	p.words(room, words[1:]...)
	p.to.WriteByte('\n')
}

func right(text string, width int) string {
	return strings.Repeat(" ", max(width-columns(text), 0)) + text
}

// offset returns the time since the beginning of the trace.
func (p *page) offset(at time.Time) string {
	if at.IsZero() || p.tree.Start.IsZero() {
		return ""
	}
	d := at.Sub(p.tree.Start)
	if d < 0 {
		return short(d)
	}
	return "+" + short(d)
}

// cell returns the place of a time on the axis, in eighths of a column.
func (p *page) cell(at time.Time) int {
	if p.tree.Duration <= 0 {
		return 0
	}
	share := float64(at.Sub(p.tree.Start)) / float64(p.tree.Duration)
	return int(min(max(share, 0), 1) * float64(8*p.bar))
}

// axisOf draws the time of a span.
func (p *page) axisOf(s *Span) string {
	if s.Start.IsZero() {
		return ""
	}
	from, until := p.cell(s.Start), p.cell(s.End())
	first := min(from/8, p.bar-1)
	bar := strings.Repeat(" ", first)
	if until-from < 8 {
		return bar + string([]rune("▏▏▎▍▌▋▊▉")[until-from])
	}
	return bar + strings.Repeat("█", max((until+4)/8-first, 1))
}

// tick draws the time of a line.
func (p *page) tick(l *Line) string {
	if l.At.IsZero() || p.tree.Duration <= 0 {
		return ""
	}
	mark := "·"
	if l.IsError() {
		mark = "×"
	}
	return strings.Repeat(" ", min(p.cell(l.At)/8, p.bar-1)) + mark
}

// summary writes the head of the view: when the trace began, what it contains, where the time
// went, and what failed.
func (p *page) summary() {
	t := p.tree
	words := []Word{{"", "trace "}, {Bold, t.ID.String()}}
	if !t.Start.IsZero() {
		words = append(words, Word{"", "   " + t.Start.UTC().Format("2006-01-02 15:04:05.000000 MST")})
		words = append(words, Word{"", "   took "}, Word{Bold, short(t.Duration)})
	}
	p.line(words...)
	words = []Word{{"", Counted(len(t.Spans), "span") + " of " + Counted(t.serving(), "service") + ", " + Counted(len(t.Entries), "line") + ", "}}
	if n := t.Errors(); n > 0 {
		words = append(words, Word{Red, Counted(n, "error")})
	} else {
		words = append(words, Word{"", "no error"})
	}
	p.line(words...)
	p.shares()
	p.causes()
	p.to.WriteByte('\n')
}

// serving returns the number of services with a name.
func (t *Tree) serving() int {
	n := 0
	for _, s := range t.Services {
		if s.Name != "" {
			n++
		}
	}
	return n
}

// maxItems is the largest number of items that a view shows of a list.
const maxItems = 3

// shares writes where the time went.
func (p *page) shares() {
	shares, root := p.tree.mainShares()
	for i, s := range shares {
		words := []Word{{"", itemHead(i, "time went to")}, {Bold, right(strconv.Itoa(s.percentOf(root)), 3) + " %"}, {"", right(short(s.Time), durationColumns) + "  "}}
		words = append(words, p.name(s.Service, s.Kind, s.Operation, false)...)
		if s.Answered {
			words = append(words, Word{Dim, " (network and waiting)"})
		}
		if s.Spans > 1 {
			words = append(words, Word{Dim, " × " + Grouped(s.Spans)})
		}
		p.line(words...)
	}
}

// itemHead returns the text before the i-th item of a list.
func itemHead(i int, text string) string {
	if i > 0 {
		text = ""
	}
	return text + strings.Repeat(" ", 13-len(text))
}

// causes writes where failures began. Similar failures are written once, with their number. If no
// span failed, it writes the first lines at the level of errors.
func (p *page) causes() {
	causes := p.tree.Causes()
	if len(causes) == 0 {
		p.errorLines()
		return
	}
	times := map[failure]int{}
	var first []*Span
	for _, s := range causes {
		if times[s.failure()]++; times[s.failure()] == 1 {
			first = append(first, s)
		}
	}
	for i, s := range first {
		if i == maxItems {
			p.line(Word{"", itemHead(i, "") + "… and " + Grouped(len(first)-maxItems) + " other kinds"})
			return
		}
		words := []Word{{Red, itemHead(i, "failed")}, {Dim, right(p.offset(s.Start), offsetColumns) + "  "}}
		if n := times[s.failure()]; n > 1 {
			words = append(words, Word{Bold, Grouped(n) + " × "})
		}
		words = append(words, p.name(s.Service, s.Kind, s.Operation, false)...)
		words = append(words, outcome(s)...)
		if s.Error == "" {
			words = append(words, firstError(s)...)
		}
		p.line(words...)
	}
}

// Similar failures have equal values of this type.
type failure struct {
	service, operation, err string
	status                  int
}

func (s *Span) failure() failure {
	return failure{s.Service, alike(s.Operation), s.Error, s.Status}
}

// errorLines writes the first lines at the level of errors.
func (p *page) errorLines() {
	n := 0
	for _, l := range p.tree.Entries {
		if !l.IsError() {
			continue
		}
		if n == maxItems {
			p.line(Word{"", itemHead(n, "") + "… and more"})
			return
		}
		p.line(Word{Red, itemHead(n, "errors")}, Word{Dim, right(p.offset(l.At), offsetColumns) + "  "},
			Word{p.colourOf(l.Service), or(l.Service, "?") + " "}, Word{"", firstLine(or(l.Message, l.Text))})
		n++
	}
}

// firstError returns the message of the first line at the level of errors under s.
func firstError(s *Span) []Word {
	for _, l := range s.Lines {
		if l.IsError() && l != s.Report {
			return []Word{{"", ": "}, {Red, firstLine(or(l.Message, l.Text))}}
		}
	}
	return nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// name returns the name of a span. If same is true, it leaves out the service, because the span is
// a call under a span of the same service.
func (p *page) name(service string, kind Kind, operation string, same bool) []Word {
	var words []Word
	if !same || service == "" {
		words = append(words, Word{p.colourOf(service), or(service, "?") + " "})
	}
	switch kind {
	case Client:
		words = append(words, Word{Dim, "→ "})
	case Job:
		words = append(words, Word{Dim, "job "})
	}
	return append(words, Word{"", operation})
}

// outcome returns how a span ended.
func outcome(s *Span) []Word {
	var words []Word
	colour := ""
	switch {
	case s.Failed:
		colour = Red
	case s.Status >= 400:
		colour = Yellow
	}
	if s.Status != 0 {
		words = append(words, Word{colour, " " + strconv.Itoa(s.Status)})
	}
	if s.Attempt > 1 {
		words = append(words, Word{Yellow, " attempt " + strconv.Itoa(s.Attempt)})
	}
	if s.Error != "" {
		words = append(words, Word{or(colour, Yellow), " " + s.Error})
	}
	return words
}
