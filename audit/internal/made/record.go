package made

import "example.com/clew/audit/internal/segment"

// AppendRecord appends e to dst in the form of the journal.
func (e *Event) AppendRecord(dst []byte) []byte {
	start := len(dst)
	dst = segment.Begin(dst, e.Time, e.TraceID[:], e.App, e.Message, e.TraceNames...)
	for _, pair := range e.Context {
		dst = segment.AppendPair(dst, pair.Key, pair.Value)
	}
	segment.End(dst, start)
	return dst
}
