package main

import (
	"fmt"
	"strings"

	"example.com/clew/internal/timeline"
)

// counts is how much was read, and how much of it was not understood. Lines that a search has
// skipped are not counted.
type counts struct {
	timeline.Counts
	found   int  // entries of the trace
	one     bool // one trace was asked for, not a list
	dropped int64
	left    int // lines that are left out of the trace, because it has too many to keep
	noRoom  int // traces that are left out of the list, because their lines are too many to keep
	limited int // traces that match, but are left out because of --limit
	older   int // traces that the list has no room for, because it prefers newer ones
	noText  int // files that are no text, in folders that were named
	unread  int // sources that could not be read to their end
}

// countsOf adds up the counts of finished inputs.
func countsOf(inputs []*input) (all counts) {
	for _, in := range inputs {
		c := in.counts
		all.Lines += c.Lines
		all.NoID += c.NoID
		all.NoTime += c.NoTime
		all.NoLine += c.NoLine
		all.Cut += c.Cut
		all.dropped += in.dropped
		if in.noText {
			all.noText++
		}
	}
	return all
}

// incomplete reports whether some of what was read is left out, cut or not understood, or has no
// ID or no time.
func (c counts) incomplete() bool {
	return c.wrong() || c.limited > 0 || c.older > 0 || c.noText > 0 || c.NoID > 0 || c.NoTime > 0 || c.dropped > 0 || c.unread > 0
}

func (c counts) wrong() bool { return c.NoLine > 0 || c.Cut > 0 || c.left > 0 || c.noRoom > 0 }

func (c counts) String() string {
	var said []string
	lines := fmt.Sprintf("%d lines", c.Lines)
	if c.Lines == 1 {
		lines = "1 line"
	}
	say := func(n int64, what string) {
		if n > 0 {
			said = append(said, fmt.Sprintf("%d %s", n, what))
		}
	}
	if c.one {
		said = append(said, fmt.Sprintf("%d of the trace", c.found))
	}
	say(int64(c.NoID), "without a trace ID")
	say(int64(c.NoTime), "without a time")
	say(int64(c.NoLine), "not understood")
	say(int64(c.Cut), "longer than 1 MB and cut")
	say(int64(c.limited), "more traces match than are written: see --limit")
	say(int64(c.older), "older traces left out for want of room: --since and --until ask for a part")
	say(int64(c.noRoom), "traces left out for want of room for their lines: ask for them by their IDs")
	say(int64(c.left), "left out of the trace, which has too many: spans, errors and the oldest lines are shown")
	say(c.dropped, "bytes dropped")
	if c.noText == 1 {
		said = append(said, "1 file left out, because it is no text")
	} else {
		say(int64(c.noText), "files left out, because they are no text")
	}
	if c.unread == 1 {
		said = append(said, "1 source not read to its end")
	} else {
		say(int64(c.unread), "sources not read to their end")
	}
	if len(said) == 0 {
		return lines + " read"
	}
	return "of " + lines + " read: " + strings.Join(said, ", ")
}
