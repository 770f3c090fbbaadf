package lake

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"example.com/clew/audit/internal/batch"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/table"
)

// writing holds the buffers of a call of Write.
type writing struct {
	data  []byte // records
	batch *batch.Batch
}

// writings keeps the buffers for the next call of Write, which usually follows immediately.
var writings = sync.Pool{New: func() any { return &writing{batch: batch.New()} }}

func (w *writing) reset() {
	w.data = w.data[:0]
	w.batch.Reset()
}

// add adds an event.
func (w *writing) add(e *Event) error {
	start := len(w.data)
	data, err := appendRecord(w.data, e)
	if err != nil {
		return err
	}
	w.data = data
	r, _, _ := segment.Next(data[start:])
	w.batch.Add(uint32(start), &r)
	return nil
}

// flush writes the added events into files.
func (w *writing) flush(ctx context.Context, store Store, id string, done *Written, apps map[string]bool) error {
	many := w.batch.ManyMessages(w.data, "")
	for _, app := range many {
		apps[app] = true
	}
	for begin, records := range w.batch.Partitions(w.data) {
		file, err := w.batch.File(ctx, w.data, records, nil, table.Meta{Segment: id, ManyMessages: many})
		if err != nil {
			return err
		}
		if err := store.Put(ctx, Partition(begin)+id+Suffix, bytes.NewReader(file), int64(len(file))); err != nil {
			return err
		}
		done.Files++
		done.Bytes += int64(len(file))
		done.Events += len(records)
	}
	return nil
}

// appendRecord appends an event as a record of the journal.
func appendRecord(dst []byte, e *Event) ([]byte, error) {
	id, err := hex.DecodeString(e.TraceID)
	if n := len(e.TraceID); err != nil || n != 0 && n != 16 && n != 32 {
		return nil, fmt.Errorf("lake: %.40q is not a trace ID of 16 or 32 hexadecimal digits", e.TraceID)
	}
	if year := e.Time.UTC().Year(); year < 1 || year > 9999 {
		return nil, fmt.Errorf("lake: the time of an event is in the year %d, not between 1 and 9999", year)
	}
	names := make([]string, len(e.TraceNames))
	for i, name := range e.TraceNames {
		names[i] = utf8Of(name)
	}
	start := len(dst)
	dst = segment.Begin(dst, e.Time.UnixMicro(), id, utf8Of(e.App), utf8Of(e.Message), names...)
	for _, key := range slices.Sorted(maps.Keys(e.Context)) {
		dst = segment.AppendPair(dst, utf8Of(key), utf8Of(e.Context[key]))
	}
	if len(dst)-start > segment.MaxBlock {
		return nil, fmt.Errorf("lake: an event has %d bytes, which are too many", len(dst)-start)
	}
	segment.End(dst, start)
	return dst, nil
}

func utf8Of(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
