package timeline

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Line is an entry in its trace.
type Line struct {
	*Entry

	// At is the time by which lines are ordered: the entry's time, corrected by the skew of the
	// service's clock. If the entry has no time, At is the time of a neighbour in the same source,
	// or zero if the source has no times at all. Entry.Time stays as it was written.
	At time.Time

	Span  *Span // the span that contains the line; nil: the line is in no span
	Guess bool  // the line names no span, and Span is the only span that fits the line's time

	inexact time.Duration // how much later than At the line may have been written
}

// compareLines orders lines by time. Lines without a time come last.
func compareLines(a, b *Line) int {
	if a.At.IsZero() != b.At.IsZero() {
		if a.At.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(a.At.Compare(b.At), compareInSource(a.Entry, b.Entry))
}

// lineUp returns the entries of one source as lines. It gives a time to entries without one.
func lineUp(entries []*Entry) []*Line {
	lines := make([]*Line, len(entries))
	last := &Line{Entry: &Entry{}}
	untimed := 0 // lines without a time at the beginning
	for i, e := range entries {
		l := &Line{Entry: e, At: e.Time, inexact: e.Precision}
		switch {
		case l.At.IsZero():
			l.At, l.inexact = last.At, last.inexact
		case l.inexact > 0 && l.At.Before(last.At) && last.At.Sub(l.At) < l.inexact:
			// The line follows the last one in its source, so it was not written earlier.
			l.inexact -= last.At.Sub(l.At)
			l.At = last.At
		}
		if l.At.IsZero() {
			untimed++
		} else if last.At.IsZero() {
			for _, before := range lines[:untimed] {
				before.At, before.inexact = l.At, l.inexact
			}
		}
		lines[i], last = l, l
	}
	return lines
}

// reports returns true if l is the line that reports its span.
func (l *Line) reports() bool { return l.Span != nil && l.Span.Report == l }

// sharpen moves each line that is before the beginning of its span only because its time is
// inexact. The line moves to that beginning.
func sharpen(lines []*Line, begin time.Time, report *Line) {
	for _, l := range lines {
		if l != report && l.At.Before(begin) && !l.At.IsZero() && begin.Sub(l.At) < l.inexact {
			l.At = begin
		}
	}
	slices.SortFunc(lines, compareLines)
}

// said returns the message. Without a message, it returns the whole text of the line, or "" if
// otherFields shows the fields.
func (l *Line) said() string {
	if l.Message != "" {
		return l.Message
	}
	if len(l.Fields) > 0 && l.otherFields() != "" {
		return ""
	}
	return l.Text
}

// otherFields returns the fields of the line that no other place of a view shows.
func (l *Line) otherFields() string {
	var b strings.Builder
	for _, f := range l.Fields {
		switch {
		case usual[f.Key], l.reports() && ofRecords[f.Key], f.Value == l.Message, f.Value == l.Service, f.Value == l.Text, f.Value == l.Level:
			continue
		}
		b.WriteByte(' ')
		b.WriteString(f.Key)
		b.WriteByte('=')
		if f.Text && (f.Value == "" || strings.ContainsAny(f.Value, " \"=\n\t")) {
			b.WriteString(strconv.Quote(f.Value))
		} else {
			b.WriteString(f.Value)
		}
	}
	return b.String()
}
