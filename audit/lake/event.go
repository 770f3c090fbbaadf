// Package lake is the audit events that have been written: the files, and how to find an event in
// them. Package audit writes them.
package lake

import "time"

// Event is one audit event.
type Event struct {
	Time       time.Time // in microseconds, UTC
	TraceID    string    // 16 or 32 hexadecimal digits, as on the wire; "" without a trace
	App        string
	Message    string
	Context    map[string]string
	TraceNames []string // the filters that it has passed; nil without any
}
