package made

import "example.com/clew/audit/internal/segment"

// AppendRecord appends e to dst as the journal holds it.
func (e *Event) AppendRecord(dst []byte) []byte {
	start := len(dst)
	dst = segment.Begin(dst, e.Time, e.TraceID[:], e.App, e.Message, e.TraceNames...)
	for _, pair := range e.Context {
		dst = segment.AppendPair(dst, pair.Key, pair.Value)
	}
	segment.End(dst, start)
	return dst
}
