package firehose

import "example.com/clew/audit"

// MaxRecord is maxRecord.
const MaxRecord = maxRecord

// Line is the line of an event.
func Line(e *audit.Event) string {
	var l line
	return string(l.of(e))
}

// NewLine returns what makes lines in the same memory.
func NewLine() func(*audit.Event) []byte {
	l := new(line)
	return l.of
}
