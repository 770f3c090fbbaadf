// Package audittest collects audit events in memory, for tests of code that logs them, and makes
// the candidates that tests of an [audit.Filter] need.
package audittest

import (
	"context"
	"encoding/hex"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/internal/memory"
	"example.com/clew/audit/internal/segment"
)

// App is the app of a Recorder's events.
const App = "test"

// Recorder is a Logger that keeps its events in memory. It has no directory and no goroutine. Its
// methods may be called by several goroutines at once.
type Recorder struct {
	*audit.Logger

	mu     sync.Mutex
	events []audit.Event
}

// New returns a Recorder. It is closed when the test ends, and drops events that are logged later.
func New(t testing.TB) *Recorder {
	t.Helper()
	r := &Recorder{}
	r.Logger = memory.New(App, 64<<10, r.keep).(*audit.Logger)
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// Events returns the events in the order in which they were logged. They include an event as soon
// as Log has returned. The caller owns the slice.
func (r *Recorder) Events() []audit.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

func (r *Recorder) keep(record []byte) {
	rec, _, _ := segment.Next(record)
	e := audit.Event{
		Time:    time.UnixMicro(rec.Time).UTC(),
		TraceID: hex.EncodeToString(rec.TraceID),
		App:     App,
		Message: string(rec.Message),
		Context: map[string]string{},
	}
	if rec.App != nil {
		e.App = string(rec.App)
	}
	for key, value := range rec.Pairs() {
		e.Context[string(key)] = string(value)
	}
	for name := range rec.Names() {
		e.TraceNames = append(e.TraceNames, string(name))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// Candidates returns one candidate for each event, in the order of the events, for tests of a
// Filter. An event without an App gets [App]. After the Filter has run, Names and Discarded of a
// candidate return its verdict. Candidates panics if [audit.Logger.Ingest] would refuse one of the
// events.
func Candidates(events ...audit.Event) []audit.Candidate {
	batch, err := audit.Candidates(App, events...)
	if err != nil {
		panic("audittest.Candidates: " + err.Error())
	}
	return batch
}
