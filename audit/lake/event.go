// Package lake finds audit events in the files and the journals that package audit has written. It
// also merges and deletes these files, and writes files without a journal.
package lake

import "time"

// Event is an audit event.
type Event struct {
	Time       time.Time // in microseconds, UTC
	TraceID    string    // 16 or 32 hexadecimal digits, as on the wire; "" without a trace
	App        string
	Message    string
	Context    map[string]string
	TraceNames []string // the names of the filters that the event has passed; nil if there are none
}
