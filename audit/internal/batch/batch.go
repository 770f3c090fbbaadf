// Package batch makes the files of a lake from records: one a partition, sorted.
//
// Packages lake and pack share it. It does not import lake, which imports it.
package batch

import (
	"context"
	"iter"
	"time"

	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/table"
)

// Batch is records on their way into files. The records themselves lie in a slice of the caller's,
// data, as package segment writes them. Use [New]; a Batch is for one goroutine. It keeps its
// memory from one Reset to the next: some 16 bytes a record and 60 a trace, and the last file.
type Batch struct {
	order    *order
	distinct estimate
	writer   *table.Writer
}

// New returns a Batch without records.
func New() *Batch { return &Batch{order: newOrder(), writer: table.NewWriter()} }

// Reset takes the records out.
func (b *Batch) Reset() {
	b.order.reset()
	b.distinct = estimate{}
}

// Add adds the record r, which begins at data[at].
func (b *Batch) Add(at uint32, r *segment.Record) {
	b.order.add(at, r)
	b.distinct.add(r.Message)
}

// Len is the number of records.
func (b *Batch) Len() int { return len(b.order.records) }

// Partitions yields the beginning of each partition and where its records begin in data, in the
// order of trace ID and time. Records of a trace with the same time stay in the order in which
// they were added.
func (b *Batch) Partitions(data []byte) iter.Seq2[time.Time, []uint32] {
	b.order.sort(data)
	return b.order.partitions()
}

// File makes the file of a partition's records. It is valid until the next call. App is that of
// records without one.
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
