package main

import "example.com/clew/internal/timeline"

// tally counts the objects, lines and events of a pass.
type tally struct {
	objects, before, failed int
	fresh                   int // failed objects that no earlier pass has reported
	lines, skipped          int
	events, files           int
}

func (t tally) String() string {
	text := timeline.Counted(t.objects, "object") + " read"
	if t.before > 0 {
		text += ", " + timeline.Grouped(t.before) + " done before"
	}
	if t.failed > 0 {
		text += ", " + timeline.Grouped(t.failed) + " left for the next time"
	}
	text += ": " + timeline.Counted(t.lines, "line") + ", " + timeline.Counted(t.events, "event") + " written in " + timeline.Counted(t.files, "file")
	if t.skipped > 0 {
		text += ", " + timeline.Counted(t.skipped, "line") + " skipped"
	}
	return text
}
