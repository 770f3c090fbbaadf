package audit

import (
	"encoding/hex"
	"iter"
	"slices"
	"time"

	"example.com/clew/audit/internal/segment"
)

// Filter judges events before they are written: see [Config.Filter].
//
// A Filter gets one batch of events at a time, on the goroutine that writes the journal. The
// events of a batch are in the order in which they were logged. Different processors have
// different batches, so the events of two goroutines, or of a goroutine that has moved to another
// processor, may come out of order. No event is judged twice.
//
// A Filter judges an event with the methods of [Candidate]. It may pass candidates to other
// goroutines if these goroutines are done when the Filter returns, because the Logger then uses
// the batch and its candidates again. The strings of a candidate stay valid for ever. As long as
// you keep such a string, the whole batch stays in memory.
//
// Nothing is written while a Filter runs. If events come faster than the Filter judges them, the
// buffer fills, and Config.Full says what happens then. If Config.Full is Drop, a Filter may call
// Log of the same Logger, and its events are judged too. If it is Block, Log waits for the Filter
// once the buffer is full. Ingest waits while the buffer is full in both cases. LogSync, Sync and
// Close always wait for the Filter. A Filter must not call a method that waits for the Filter,
// because it would wait for itself.
//
// If a Filter panics, the batch is written as it is, and Stats reports the panic as an error. A
// Filter must not call runtime.Goexit, nor FailNow of a test, which calls Goexit.
type Filter func(batch []Candidate)

// Candidate is an event that a [Filter] judges. If neither Pass nor Discard is called, the event
// is written as it is. Copies of a Candidate stand for the same event. Methods of the zero
// Candidate panic.
//
// Several goroutines may read a candidate at once, and judge different candidates at once. Only
// one goroutine at a time may call Pass or Discard of one candidate. Meanwhile, no other goroutine
// may call Names or Discarded of this candidate.
type Candidate struct{ c *candidate }

// candidate is an event with its verdict. The writer uses a candidate again for a later event.
type candidate struct {
	segment.Text
	app       string // of the Logger, for an event without an app
	names     []string
	size      int // the encoded size of names
	tooMany   bool
	discarded bool
}

// maxNames is the limit for the names that Pass adds to an event, in encoded bytes. The limit is
// needed because a block holds at least one whole event, and must stay far below segment.MaxBlock.
const maxNames = 64 << 10

// Time is when the event happened, in UTC, with microseconds.
func (c Candidate) Time() time.Time { return time.UnixMicro(c.c.Time).UTC() }

// App is the service of the event: Config.App, or the App that Ingest got.
func (c Candidate) App() string {
	if c.c.App != "" {
		return c.c.App
	}
	return c.c.app
}

// Message is the message of the event.
func (c Candidate) Message() string { return c.c.Message }

// TraceID is the trace ID of the event, 16 or 32 hexadecimal digits, or "" without a trace. Each
// call makes a new string.
func (c Candidate) TraceID() string {
	var id [16]byte
	var text [32]byte
	return string(text[:hex.Encode(text[:], id[:copy(id[:], c.c.Text.TraceID)])])
}

// Value returns the value of a key of the context, and whether the event has that key. If the key
// was logged twice, Value returns the last value.
func (c Candidate) Value(key string) (value string, ok bool) { return c.c.Text.Value(key) }

// Context yields the keys and values of the context in the order in which they were logged. If a
// key was logged twice, Context yields both values, and the last one is valid.
func (c Candidate) Context() iter.Seq2[string, string] { return c.c.Pairs() }

// Pass decides that the event is written, and adds names of filters to the event's trace_names. A
// name that the event has already is not added again. Bytes that are not UTF-8 become U+FFFD.
// Names beyond 64 KiB are left out, and Stats reports an error. Pass keeps the strings, but not
// the slice.
//
// Several calls of Pass add up, and cancel an earlier call of Discard.
func (c Candidate) Pass(names ...string) {
	e := c.c
	e.discarded = false
	for _, name := range names {
		name = valid(name)
		if slices.Contains(e.names, name) || e.HasName(name) {
			continue
		}
		size := segment.StringSize(len(name))
		if e.size+size > maxNames {
			e.tooMany = true
			continue
		}
		e.size += size
		e.names = append(e.names, name)
	}
}

// Discard decides that the event is not written, but counted in Stats.Discarded. An event of
// LogSync is an exception: it is written as it was logged. Discard cancels earlier calls of Pass.
func (c Candidate) Discard() {
	c.c.clear()
	c.c.discarded = true
}

// Names returns the names that Pass has added. The caller owns the slice.
func (c Candidate) Names() []string { return slices.Clone(c.c.names) }

// Discarded reports whether the event will not be written: its last verdict is Discard, and it is
// not an event of LogSync.
func (c Candidate) Discarded() bool { return c.c.discarded && !c.c.Kept }

// clear removes the verdict.
func (e *candidate) clear() {
	clear(e.names)
	e.names, e.size, e.tooMany, e.discarded = e.names[:0], 0, false, false
}
