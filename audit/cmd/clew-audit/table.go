package main

import (
	"io"

	"example.com/clew/audit/lake"
)

// rowsAtOnce is the number of rows that a table collects to find the widths of its columns.
const rowsAtOnce = 200

// table writes events as rows. The widths of the columns are chosen for the first rows.
type table struct {
	page   *page
	rows   []lake.Event
	widths widths
	begun  bool
}

func newTable(to io.Writer, l *look) *table {
	return &table{page: newPage(to, l), widths: widths{app: len("app"), message: len("message")}}
}

func (t *table) event(e lake.Event) error {
	t.rows = append(t.rows, e)
	if len(t.rows) < rowsAtOnce {
		return nil
	}
	return t.flush()
}

// flush writes the rows that were collected.
func (t *table) flush() error {
	for i := range t.rows {
		t.widths.fit(&t.rows[i])
	}
	if !t.begun && len(t.rows) > 0 {
		t.begun = true
		t.row("time (UTC)", "app", "message", "context, trace")
	}
	for i := range t.rows {
		e := &t.rows[i]
		t.page.cell(dim, e.Time.UTC().Format(dayAndClock), len(dayAndClock))
		t.page.cell(cyan, e.App, t.widths.app)
		t.page.cell(bold, e.Message, t.widths.message)
		t.page.column()
		t.contextAndTrace(e)
		t.page.end()
	}
	t.rows = t.rows[:0]
	return t.page.to.Flush()
}

// row writes the heads of the columns.
func (t *table) row(time, app, message, context string) {
	t.page.cell(dim, time, len(dayAndClock))
	t.page.cell(dim, app, t.widths.app)
	t.page.cell(dim, message, t.widths.message)
	t.page.cell(dim, context, 0)
	t.page.end()
}

// contextAndTrace writes the context, which it cuts so that the trace ID fits on the line. The ID
// is never cut, because people copy it.
func (t *table) contextAndTrace(e *lake.Event) {
	p := t.page
	before := p.room
	if p.width > 0 && e.TraceID != "" {
		const least = 20
		p.room = max(p.room-len("  ")-len(e.TraceID), least)
	}
	p.context(e)
	if e.TraceID != "" {
		p.room = max(before, len("  "))
		p.put("", "  ")
		p.whole(bold, e.TraceID)
	}
}
