package servicemap

import (
	"io"
	"slices"
	"strings"

	"example.com/clew/internal/timeline"
)

// JSON writes the comparison as one JSON object and a newline. Each change has a line of its own.
func (c *Comparison) JSON(to io.Writer) error { return writeJSON(to, c) }

// Text writes the comparison for people. The two runs come first. Then come the changes for the
// worse, what is new or gone, the changes for the better, those of lines without an ID, and those
// that one bad minute would explain.
func (c *Comparison) Text(to io.Writer, style Style) error {
	p := newPage(to, style)
	p.run("before", c.Before)
	p.run("after", c.After)
	p.put("", "\n")
	worse, other, better, noted := c.sorted()
	p.changes("worse", timeline.Red, worse)
	p.changes("new and gone", "", other)
	p.changes("better", "", better)
	p.changes("lines without a trace ID", "", noted)
	switch {
	case len(c.Changes) > 0:
	case len(c.Doubts) > 0:
		p.prose("", "", "Nothing is sure to have changed.")
		p.put("", "\n")
	default:
		p.prose("", "", "Chance can explain every difference.")
		p.put("", "\n")
	}
	p.changes("in doubt", "", c.Doubts)
	if len(c.Doubts) > 0 {
		p.prose(timeline.Dim, "", "In doubt: one slow minute would explain it. Longer runs tell: p50 needs 3 minutes, p95 needs 40, p99 needs 200.")
	}
	if c.Few > 0 {
		p.prose(timeline.Dim, "", timeline.Grouped(int64(c.Few))+" of the edges and services had too few calls to tell.")
	}
	return p.to.Flush()
}

func (p *page) run(head string, r Run) {
	text := amount(r.Requests, "request") + ", " + amount(r.Calls, "call")
	if when := strings.TrimSpace(span(r.From, r.Until)); when != "" {
		text = when + ", " + text
	}
	p.prose("", flushLeft(head, 8), text)
}

// sorted divides the changes: into those for the worse, what is new or gone but not for the worse,
// those for the better, and those of lines without an ID.
func (c *Comparison) sorted() (worse, other, better, noted []Change) {
	for _, change := range c.Changes {
		switch {
		case change.Break == NoID:
			noted = append(noted, change)
		case change.Worse:
			worse = append(worse, change)
		case slices.Contains([]ChangeKind{New, Gone}, change.Kind):
			other = append(other, change)
		default:
			better = append(better, change)
		}
	}
	return worse, other, better, noted
}

// textChanges is how many changes of each part are shown on a terminal.
const textChanges = 20

// changes writes one part: a title and its changes.
func (p *page) changes(title, colour string, changes []Change) {
	if len(changes) == 0 {
		return
	}
	p.line(timeline.Word{timeline.Bold, title})
	for i, c := range changes {
		if i == textChanges && p.style.Width > 0 {
			p.line(timeline.Word{timeline.Dim, "  … and " + timeline.Grouped(len(changes)-i) + " more: --width 0 shows them"})
			break
		}
		if where := c.where(); where != "" {
			p.line(timeline.Word{colour, "  " + flushLeft(c.title(), len(MoreRetries)+1)}, timeline.Word{"", where})
		} else {
			p.line(timeline.Word{colour, "  " + c.title()})
		}
		p.prose("", "    ", c.Says+c.shares())
		if c.Trace != "" && c.Worse {
			p.whole("    look at: ", "clew timeline "+c.Trace)
			if link := zipkinLink(p.style.UI, c.Trace); link != "" {
				p.whole("    if it was sampled: ", link)
			}
		}
	}
	p.put("", "\n")
}

// title returns the kind of a change, in words.
func (c *Change) title() string {
	if c.Break != NoID {
		return string(c.Kind)
	}
	if c.Kind == Breaks {
		return "more"
	}
	return "fewer"
}

// where returns the place of a change.
func (c *Change) where() string {
	b := Break{From: c.From, To: c.To, Place: c.Place}
	if c.Break != "" && c.Break != NoID {
		return string(c.Break) + "  " + b.where()
	}
	return b.where()
}

// shares returns a break's share of the cases before and after, because the sentence Says contains
// only one of them.
func (c *Change) shares() string {
	if c.Break == "" || len(c.Measures) == 0 {
		return ""
	}
	share := func(f float64) string { return percent(int64(f*1e9), 1e9) }
	return " (" + share(c.Measures[0].Before) + " → " + share(c.Measures[0].After) + ")"
}
