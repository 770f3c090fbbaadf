package timeline

import (
	"time"

	"example.com/clew/internal/line"
)

// Entry is a line, with all that could be read from it. It keeps no reference to its source.
type Entry struct {
	Source string
	Number int // the number of its first line in the source, from 1

	// Time is in UTC, and zero if there is none. Precision is its exactness, a second or a
	// millisecond for instance; zero means a nanosecond.
	Time      time.Time
	Precision time.Duration

	// Trace is the zero ID if the line has none. Span, Parent and CallerParent have 16 lower-case
	// digits, or are empty.
	Trace                      ID
	Span, Parent, CallerParent string

	Service string // from the line, else from its shipper, else from its source, else ""
	Level   string // trace, debug, info, warn, error, fatal, panic; else as written; "": none
	Message string // may have several lines, with a stack trace for instance
	Sampled bool
	Record  line.Record // a request, a call or a job, from our own lines; else nil
	Fields  []line.Field

	Text string // the whole entry as written, with its newlines
}

// IsError tells whether the level is that of an error, or a worse one.
func (e *Entry) IsError() bool { return isError(e.Level) }

func isError(level string) bool { return level == "error" || level == "fatal" || level == "panic" }
