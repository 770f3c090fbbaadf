// Package batch makes the files of a lake from records: one sorted file for each partition.
//
// Packages lake and pack share it. It cannot import lake, because lake imports it.
package batch

import (
	"context"
	"iter"
	"time"

	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/table"
)

// Batch sorts records for files. The records are in a slice of the caller, in the format of
// package segment. The methods have a parameter data for this slice. A Batch only keeps the
// offsets of the records in it. Use [New]. A Batch is for one goroutine. Reset keeps the memory:
// some 16 bytes for each record, 60 for each trace, and the last file.
type Batch struct {
	order    *order
	distinct estimate
	writer   *table.Writer
}

// New returns a Batch without records.
func New() *Batch { return &Batch{order: newOrder(), writer: table.NewWriter()} }

// Reset removes all records.
func (b *Batch) Reset() {
	b.order.reset()
	b.distinct = estimate{}
}

// Add adds the record r, which begins at data[at].
func (b *Batch) Add(at uint32, r *segment.Record) {
	b.order.add(at, r)
	b.distinct.add(r.Message)
}

// Len returns the number of records.
func (b *Batch) Len() int { return len(b.order.records) }

// Partitions yields the beginning of each partition, and the offsets of its records in data, in
// the order of trace ID and time. Records of a trace with the same time stay in the order in which
// they were added.
func (b *Batch) Partitions(data []byte) iter.Seq2[time.Time, []uint32] {
	b.order.sort(data)
	return b.order.partitions()
}

// File returns the Parquet file of a partition's records. The file is valid until the next call.
// Records without an app get the argument app.
func (b *Batch) File(ctx context.Context, data []byte, records []uint32, app []byte, meta table.Meta) ([]byte, error) {
	b.writer.Reset()
	for i, at := range records {
		if i%(1<<16) == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		r, _, _ := segment.Next(data[at:])
		if err := b.writer.Add(&r, app); err != nil {
			return nil, err
		}
	}
	return b.writer.Finish(meta), nil
}
