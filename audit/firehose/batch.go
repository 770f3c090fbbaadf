package firehose

import (
	"fmt"
	"iter"
	"sync"

	"example.com/clew/audit"
)

// https://docs.aws.amazon.com/firehose/latest/dev/limits.html
const (
	// maxRecord is the maximum size of a record, before base64: 1,000 KiB. For billing, the size
	// of each record is rounded up to a multiple of 5 KiB. maxRecord is 200 times 5 KiB, so the
	// size of a full record is not rounded.
	maxRecord = 1000 << 10

	// recordsPerCall is the maximum number of records in a call. Three full records are 4,096,000
	// bytes of base64. Firehose allows 500 records and 4 MiB in a call. The documentation does not
	// say whether the 4 MiB are counted before or after base64. If they are counted after base64,
	// four full records are too many.
	recordsPerCall = 3

	billedUnit = 5 << 10
)

// record contains the lines of events. No event is split over two records.
type record struct {
	data   []byte
	events int
	taken  bool // Firehose has taken the record
}

// take marks the record as taken, and counts it in n.
func (r *record) take(n *Stats) {
	r.taken = true
	n.Records++
	n.Events += int64(r.events)
	n.Bytes += int64(len(r.data))
	n.BilledBytes += int64((len(r.data) + billedUnit - 1) / billedUnit * billedUnit)
}

// batch contains the records of a Send. A later Send uses the memory of the batch again.
type batch struct {
	records  []record // the elements beyond its length keep memory for later records
	line     line
	tooLarge error // set if the event after the records is too large for any record
}

var batches = sync.Pool{New: func() any { return new(batch) }}

// fill packs events into records. The argument most is the maximum number of records. Each record
// except the last is as full as possible.
func (b *batch) fill(events iter.Seq[audit.Event], most int) {
	b.records, b.tooLarge = b.records[:0], nil
	for e := range events {
		text := b.line.of(&e)
		if len(text) > maxRecord {
			b.tooLarge = fmt.Errorf("firehose: an event is too large for a record, and is lost: its line has %d bytes, and the limit is %d; "+
				"timestamp %s, trace_id %.32q, app %.100q, message %.100q", len(text), maxRecord, e.Time.UTC().Format(microseconds), e.TraceID, e.App, e.Message)
			return
		}
		if n := len(b.records); n == 0 || len(b.records[n-1].data)+len(text) > maxRecord {
			if n == most {
				return
			}
			b.begin()
		}
		r := &b.records[len(b.records)-1]
		r.data = append(r.data, text...)
		r.events++
	}
}

// begin appends an empty record to the batch. It uses the memory of a record of an earlier Send,
// if there is any.
func (b *batch) begin() {
	n := len(b.records)
	if n < cap(b.records) {
		b.records = b.records[:n+1]
		b.records[n] = record{data: b.records[n].data[:0]}
		return
	}
	b.records = append(b.records, record{})
}
