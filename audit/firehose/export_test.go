package firehose

import "example.com/clew/audit"

// MaxRecord is maxRecord.
const MaxRecord = maxRecord

// Line returns the line of an event.
func Line(e *audit.Event) string {
	var l line
	return string(l.of(e))
}

// NewLine returns a function that makes lines. Each line overwrites the previous one.
func NewLine() func(*audit.Event) []byte {
	l := new(line)
	return l.of
}
