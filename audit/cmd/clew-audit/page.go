package main

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
)

// The colours of a terminal.
const (
	bold = "1"
	dim  = "2"
	cyan = "36"
)

// printable returns text with escapes for characters that a terminal may obey. The values of
// events and the names of files may come from strangers.
func printable(text string) string { return timeline.Visible(text) }

// page writes an answer for people.
type page struct {
	to     *bufio.Writer
	width  int // 0: nothing is cut
	colour bool
	room   int // the number of columns that are free in the current line
	begun  bool
}

func newPage(to io.Writer, l *look) *page {
	p := &page{to: bufio.NewWriterSize(to, 64<<10), width: l.width(to), colour: l.colour(to)}
	p.room = p.width
	return p
}

// put writes a text. It cuts the text at the width of the line.
func (p *page) put(colour, text string) {
	text = printable(text)
	if p.width > 0 {
		text = timeline.Cut(text, p.room)
		p.room -= timeline.Columns(text)
	}
	p.write(colour, text)
}

// whole writes a text without cutting it, because people copy it.
func (p *page) whole(colour, text string) {
	text = printable(text)
	p.room = max(p.room-timeline.Columns(text), 0)
	p.write(colour, text)
}

func (p *page) write(colour, text string) {
	if text == "" {
		return
	}
	if p.colour && colour != "" {
		text = "\x1b[" + colour + "m" + text + "\x1b[0m"
	}
	p.to.WriteString(text)
}

// cell writes a text in a column.
func (p *page) cell(colour, text string, width int) {
	text = printable(text)
	p.column()
	p.put(colour, text+strings.Repeat(" ", max(width-timeline.Columns(text), 0)))
}

// right writes a text in a column, aligned to the right.
func (p *page) right(colour, text string, width int) {
	text = printable(text)
	p.column()
	p.put(colour, strings.Repeat(" ", max(width-timeline.Columns(text), 0))+text)
}

// column writes the space between two columns.
func (p *page) column() {
	if p.begun {
		p.put("", "  ")
	}
	p.begun = true
}

// end ends a line.
func (p *page) end() {
	p.to.WriteByte('\n')
	p.room, p.begun = p.width, false
}

const dayAndClock = "2006-01-02 15:04:05.000000"

// widths holds the widths of the columns app and message, whose texts have different lengths.
type widths struct{ app, message int }

func (w *widths) fit(e *lake.Event) {
	// most is the largest width. In a line with a longer text, the columns to the right of this
	// text are not aligned.
	const most = 40
	w.app = min(max(w.app, timeline.Columns(printable(e.App))), most)
	w.message = min(max(w.message, timeline.Columns(printable(e.Message))), most)
}

// context writes the context of an event, and the filters that it has passed.
func (p *page) context(e *lake.Event) {
	for i, key := range keysOf(e.Context) {
		if i > 0 {
			p.put("", " ")
		}
		p.put(dim, key+"=")
		p.put("", quotedValue(e.Context[key]))
	}
	if len(e.TraceNames) > 0 {
		p.put(dim, " passed "+strings.Join(e.TraceNames, ", "))
	}
}

func keysOf(context map[string]string) []string {
	keys := make([]string, 0, len(context))
	for key := range context {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// bare lists the bytes that no shell interprets.
const bare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+,=-"

// quotedValue returns a value for a command line. The value is in quotes if it is empty or a shell
// may interpret it.
func quotedValue(value string) string {
	if value == "" || strings.Trim(value, bare) != "" {
		return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
	}
	return value
}
