package timeline

import (
	"time"

	"example.com/clew/internal/line"
)

// Entry is a line that was understood as far as it can be. It keeps no reference to its source.
type Entry struct {
	Source string
	Number int // of its first line there, from 1

	// Time is in UTC; zero: there is none. Precision is what it is exact to: a second, a
	// millisecond; zero: to the nanosecond.
	Time      time.Time
	Precision time.Duration

	// Trace is the zero ID where the line has none. Span, Parent and CallerParent have 16
	// lower-case digits, or are "".
	Trace                      ID
	Span, Parent, CallerParent string

	Service string // the line's own, else its shipper's, else its source's, else ""
	Level   string // in lower case: trace, debug, info, warn, error, fatal, panic; else as written; "": none
	Message string // may have several lines: a stack trace stands with the line that it follows
	Sampled bool
	Record  line.Record // of our own lines about a request, a call or a job; else nil
	Fields  []line.Field

	Text string // all of it, as it was written, with its newlines
}

// IsError tells whether e is at the level of errors, or of what is worse.
func (e *Entry) IsError() bool { return isError(e.Level) }

func isError(level string) bool { return level == "error" || level == "fatal" || level == "panic" }
