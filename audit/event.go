package audit

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/lake"
)

// Event is an audit event.
type Event = lake.Event

// event makes the record of ev. The argument app is the app of the journal. If the event has the
// same app, its record does not repeat the app.
func (e *encoder) event(app string, max int, ev *Event) error {
	var buf [16]byte
	id, err := parseTraceID(ev.TraceID, &buf)
	if err != nil {
		return err
	}
	at := ev.Time
	if at.IsZero() {
		at = time.Now()
	}
	if year := at.UTC().Year(); year < 1 || year > 9999 {
		return fmt.Errorf("audit: the time of an event is in the year %d, not between 1 and 9999", year)
	}
	message := e.begin(max, ev.Message)
	names := make([]string, len(ev.TraceNames))
	size := len(ev.App)
	for i, name := range ev.TraceNames {
		names[i] = valid(name)
		size += len(name)
	}
	if e.big = e.big || size > max; e.big {
		return nil // add counts the event as too big
	}
	own := valid(ev.App)
	if own == app {
		own = ""
	}
	e.b = segment.Begin(e.b, at.UnixMicro(), id, own, message, names...)
	for _, key := range slices.Sorted(maps.Keys(ev.Context)) {
		e.pair(key, ev.Context[key])
	}
	e.end()
	return nil
}

var errTraceID = errors.New("audit: the trace ID is not 16 or 32 hexadecimal digits")

// parseTraceID decodes a trace ID into buf, and returns its bytes.
func parseTraceID(text string, buf *[16]byte) ([]byte, error) {
	if len(text) != 0 && len(text) != 16 && len(text) != 32 {
		return nil, errTraceID
	}
	n, err := hex.Decode(buf[:], []byte(text))
	if err != nil {
		return nil, errTraceID
	}
	return buf[:n], nil
}
