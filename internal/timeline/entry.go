package timeline

import (
	"time"

	"example.com/clew/internal/line"
)

// Entry is a line, or several lines that belong together, with all values that could be read from
// the text. It shares no memory with the source.
type Entry struct {
	Source string
	Number int // the number of the entry's first line in the source, from 1

	// Time is in UTC, and zero if there is none. Precision is the unit to which Time is exact,
	// such as a second or a millisecond; zero means a nanosecond.
	Time      time.Time
	Precision time.Duration

	// Trace is the zero ID if the line has none. Span, Parent and CallerParent have 16 lower-case
	// digits, or are empty.
	Trace                      ID
	Span, Parent, CallerParent string

	Service string // from the line, else from the shipper, else from the source, else ""
	Level   string // trace, debug, info, warn, error, fatal, panic; else as written; "": none
	Message string // may have several lines, for example with a stack trace
	Sampled bool
	Record  line.Record // a request, a call or a job, from our own lines; else nil
	Fields  []line.Field

	Text string // the whole entry as written, with its newlines
}

// IsError reports whether the level is error or worse.
func (e *Entry) IsError() bool { return isError(e.Level) }

func isError(level string) bool { return level == "error" || level == "fatal" || level == "panic" }
