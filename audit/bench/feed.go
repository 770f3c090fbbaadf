package main

import (
	"context"
	"encoding/hex"
	"log/slog"
	"time"

	"example.com/clew/audit/internal/made"
	"example.com/clew/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// begin is the time of the first synthetic event.
var begin = time.Now().Add(-time.Hour).Truncate(5 * time.Minute)

// event is a synthetic event in the forms that the peers need.
type event struct {
	ctx   context.Context
	id    string
	attrs []slog.Attr
	*made.Event
}

// feed makes events for one goroutine. It makes a context and attributes for each trace.
type feed struct {
	made   *made.Generator
	traces map[[16]byte]event
	old    map[[16]byte]event
}

func newFeed(seed uint64, perSecond float64) *feed {
	return &feed{made: made.New(seed, begin, perSecond), traces: map[[16]byte]event{}}
}

// next returns the next event. The event is valid until the next call.
func (f *feed) next() event {
	m := f.made.Next()
	e, ok := f.traces[m.TraceID]
	if !ok {
		e, ok = f.old[m.TraceID]
		if !ok {
			e = forms(m)
		}
		if len(f.traces) > 8192 { // f.old, which is dropped, has the traces that have ended
			f.old, f.traces = f.traces, make(map[[16]byte]event, 8192)
		}
		f.traces[m.TraceID] = e
	}
	e.Event = m
	return e
}

func forms(m *made.Event) (e event) {
	b := trace.B3{TraceID: m.TraceID, SpanID: oteltrace.SpanID(m.TraceID[8:])}
	e.ctx = trace.NewContext(context.Background(), b)
	e.id = hex.EncodeToString(m.TraceID[:])
	for _, pair := range m.Context {
		e.attrs = append(e.attrs, slog.String(pair.Key, pair.Value))
	}
	return e
}
