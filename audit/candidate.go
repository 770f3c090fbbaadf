package audit

import (
	"encoding/hex"
	"iter"
	"slices"
	"time"

	"example.com/clew/audit/internal/segment"
)

// Filter judges events before they are written: [Config.Filter].
//
// A Filter gets the events in batches, on the goroutine that writes the journal: one batch at a
// time, in the order in which its events were logged. The events of different processors come in
// different batches, so that events of two goroutines, and of one that has moved, may come in
// another order than they were logged. No event is judged twice.
//
// A Filter judges by the methods of [Candidate]. It may hand candidates to other goroutines, if
// these are done with them when it returns: the batch and its candidates are used again. Texts of
// candidates stay valid for ever, and keep the whole batch in memory for as long as they are kept.
//
// Nothing is written while a Filter runs. A Filter that is slower than what is logged fills the
// buffer, and then Config.Full rules. A Filter may log to the same Logger with Config.Full Drop;
// what it logs is judged too. With Block, Log waits for the Filter once the buffer is full, as
// LogSync, Sync, Ingest and Close always do: a Filter that calls one of these waits for itself.
//
// If a Filter panics, the batch is written as it is, and Stats has the panic as an error. A Filter
// must not call runtime.Goexit, as the FailNow of a test does.
type Filter func(batch []Candidate)

// Candidate is an event that a [Filter] judges. A candidate on which neither Pass nor Discard is
// called is written as it is. Copies of a Candidate are the same candidate. The zero Candidate is
// none, and its methods panic.
//
// Several goroutines may read a candidate at once, and judge different candidates at once. Pass
// and Discard of one candidate are called by one goroutine at a time, and not while others read its
// Names and Discarded.
type Candidate struct{ c *candidate }

// candidate is an event with its verdict. The writer uses it again for a later event.
type candidate struct {
	segment.Text
	app       string // the Logger's
	names     []string
	size      int // of names, as encoded
	tooMany   bool
	discarded bool
}

// maxNames bounds what Pass adds to an event, in bytes as encoded. A block has one event at least,
// and must remain far below segment.MaxBlock.
const maxNames = 64 << 10

// Time is when the event happened, in UTC, with microseconds.
func (c Candidate) Time() time.Time { return time.UnixMicro(c.c.Time).UTC() }

// App is the service of the event: Config.App, or the one that Ingest got.
func (c Candidate) App() string {
	if c.c.App != "" {
		return c.c.App
	}
	return c.c.app
}

// Message is the message of the event.
func (c Candidate) Message() string { return c.c.Message }

// TraceID is the trace ID of the event, 16 or 32 hexadecimal digits, or "" without a trace. The
// text is made at each call.
func (c Candidate) TraceID() string {
	var id [16]byte
	var text [32]byte
	return string(text[:hex.Encode(text[:], id[:copy(id[:], c.c.Text.TraceID)])])
}

// Value returns the value of a key of the context, and whether the event has that key. Of a key
// that was logged twice it returns the last value.
func (c Candidate) Value(key string) (value string, ok bool) { return c.c.Text.Value(key) }

// Context yields the keys and values of the context in the order in which they were logged. A key
// that was logged twice comes twice, and its last value counts.
func (c Candidate) Context() iter.Seq2[string, string] { return c.c.Pairs() }

// Pass has the event written, with these names of filters added to its trace_names. A name that
// the event has already is not added again. Bytes that are not UTF-8 become U+FFFD. Names beyond
// 64 KiB are left out, and Stats has that as an error. Pass keeps the strings, but not the slice.
//
// Several calls of Pass add up, and a call of Discard before them no longer counts.
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

// Discard has the event not written, and counted in Stats.Discarded. An event of LogSync is
// written all the same, as it was logged. Calls of Pass before no longer count.
func (c Candidate) Discard() {
	c.c.clear()
	c.c.discarded = true
}

// Names returns the names that Pass has added. The slice is the caller's.
func (c Candidate) Names() []string { return slices.Clone(c.c.names) }

// Discarded reports whether the event will not be written: its last verdict is Discard, and it is
// not an event of LogSync.
func (c Candidate) Discarded() bool { return c.c.discarded && !c.c.Kept }

// clear takes the verdict back.
func (e *candidate) clear() {
	clear(e.names)
	e.names, e.size, e.tooMany, e.discarded = e.names[:0], 0, false, false
}
