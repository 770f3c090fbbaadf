package table

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"

	"example.com/clew/audit/internal/segment"
)

const (
	// Form is the value of MetaForm in the files that this version writes.
	Form = "1"

	// The limits of a row group: for its rows, for its pairs and names together, and for the bytes
	// of its distinct strings. A search for an ID or a value reads all distinct IDs or values of a
	// row group. So these limits also limit the bytes that a search reads.
	maxGroupRows   = 128 << 10
	maxGroupValues = 1 << 20
	maxGroupBytes  = 8 << 20

	// The limits of a page: for its rows, and for their pairs and names together. Pages end at the
	// same row in all columns, so that a reader needs one page of each column to read a row.
	maxPageRows   = 8 << 10
	maxPageValues = 64 << 10
)

// Meta is the part of a footer's metadata that the writer cannot know. The caller gives it.
type Meta struct {
	Segment      string   // the ID of the segment that the file is made from; "" for a merged file
	Replaces     []string // as MetaReplaces
	ManyMessages []string // as MetaManyMessages
}

// Writer writes a Parquet file to memory. Use [NewWriter]. A Writer is for one goroutine, and can
// write one file after the other.
type Writer struct {
	file  file
	group group
	rows  int64

	begin, end int64 // the times of the first and the last event, in microseconds
	trace      []byte
	time       int64
}

// NewWriter returns a Writer. A Writer keeps its memory from one file to the next.
func NewWriter() *Writer {
	w := &Writer{group: newGroup()}
	w.Reset()
	return w
}

// Reset removes the events that were added, and begins another file.
func (w *Writer) Reset() {
	w.file.reset()
	w.group.reset()
	w.rows, w.trace, w.time = 0, w.trace[:0], math.MinInt64
	w.begin, w.end = math.MaxInt64, math.MinInt64
}

// errOrder is the error of a caller that adds events in a wrong order. Readers rely on the order:
// they would not find events that are out of order.
var errOrder = errors.New("table: events are not in the order of trace ID and time")

// Add adds an event. Events must come in the order of their trace IDs' bytes, and of their times
// within a trace. A record without an app gets the argument app. Add keeps no reference to r.
//
// If r has a key twice, the row gets its last value.
func (w *Writer) Add(r *segment.Record, app []byte) error {
	same := w.rows > 0 && string(r.TraceID) == string(w.trace)
	if !same && string(r.TraceID) < string(w.trace) || same && r.Time < w.time {
		return errOrder
	}
	w.trace = append(w.trace[:0], r.TraceID...)
	w.time = r.Time
	w.begin, w.end = min(w.begin, r.Time), max(w.end, r.Time)
	w.rows++
	w.group.add(r, app, same)
	if w.group.full() {
		w.file.add(&w.group)
		w.group.reset()
	}
	return nil
}

// Rows returns the number of events that were added to the file.
func (w *Writer) Rows() int64 { return w.rows }

// Finish returns the file, which is valid until Reset. The next call must be Reset.
func (w *Writer) Finish(m Meta) []byte {
	if w.group.rows() > 0 {
		w.file.add(&w.group)
	}
	meta := [][2]string{{MetaVersion, version()}, {MetaForm, Form}}
	add := func(key, value string) {
		if value != "" {
			meta = append(meta, [2]string{key, value})
		}
	}
	add(MetaSegment, m.Segment)
	add(MetaReplaces, strings.Join(m.Replaces, " "))
	if len(m.ManyMessages) > 0 {
		apps, _ := json.Marshal(m.ManyMessages) // strings can always be encoded
		add(MetaManyMessages, string(apps))
	}
	if w.rows > 0 {
		add(MetaBegin, formatTime(w.begin))
		add(MetaEnd, formatTime(w.end))
	}
	return w.file.finish(w.rows, meta)
}

func formatTime(us int64) string {
	return time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05.000000Z")
}
