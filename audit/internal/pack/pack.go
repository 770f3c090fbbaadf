// Package pack makes Parquet files of the segments of a journal.
package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"example.com/clew/audit/internal/batch"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/table"
	"example.com/clew/audit/lake"
)

// Result describes the files that were made of a segment.
type Result struct {
	Events  int
	Files   int
	Bytes   int64 // of the files
	Damaged int64 // bytes after the last whole record, without zeros at the end

	// ManyMessages lists the apps with more than 10,000 distinct messages in the segment.
	ManyMessages []string
}

// Packer packs one segment after the other. Between two segments it keeps its memory, which is
// about as large as a segment. Use [NewPacker]. Only one goroutine at a time may use a Packer.
type Packer struct {
	data  []byte
	batch *batch.Batch
}

// NewPacker returns a Packer.
func NewPacker() *Packer {
	return &Packer{batch: batch.New()}
}

// Segment packs the segment in the file at path, with a new Packer: see [Packer.Segment].
func Segment(ctx context.Context, store lake.Store, path string) (Result, error) {
	return NewPacker().Segment(ctx, store, path)
}

// Segment writes the events of the segment in the file at path to the store: a Parquet file for
// each partition, one after the other. The name of a file is the segment's ID, so a repeated call
// replaces each file by the same file. If the store has a file with more events, Segment does not
// replace it: the segment is then a copy that was made while the original was still being written.
// Segment does not delete the segment.
//
// A damaged segment is packed up to the damage. If the file is not a segment of this version, the
// error is [segment.ErrNewer] or [segment.ErrNotOurs]. Any other error is that of the first file
// that could not be written. Other files may have been written before.
func (p *Packer) Segment(ctx context.Context, store lake.Store, path string) (Result, error) {
	result, err := p.segment(ctx, store, path)
	if err != nil {
		err = fmt.Errorf("pack: %s: %w", filepath.Base(path), err)
	}
	return result, err
}

func (p *Packer) segment(ctx context.Context, store lake.Store, path string) (result Result, err error) {
	if err := p.read(path); err != nil {
		return result, err
	}
	header, blocks, err := segment.ReadHeader(p.data)
	if err != nil {
		return result, err
	}
	if !lake.IsSegmentID(header.ID) {
		return result, fmt.Errorf("%w: its ID is %q", segment.ErrNotOurs, header.ID)
	}
	p.batch.Reset()
	result.Damaged, err = p.scan(ctx, blocks)
	if err != nil {
		return result, err
	}
	result.Events = p.batch.Len()
	result.ManyMessages = p.batch.ManyMessages(p.data, header.App)
	meta := table.Meta{Segment: header.ID, ManyMessages: result.ManyMessages}
	for begin, records := range p.batch.Partitions(p.data) {
		name := lake.Partition(begin) + header.ID + lake.Suffix
		more, err := hasMore(ctx, store, name, int64(len(records)))
		if err != nil {
			return result, err
		}
		if more {
			continue
		}
		file, err := p.batch.File(ctx, p.data, records, []byte(header.App), meta)
		if err != nil {
			return result, err
		}
		if err := store.Put(ctx, name, bytes.NewReader(file), int64(len(file))); err != nil {
			return result, err
		}
		result.Files++
		result.Bytes += int64(len(file))
	}
	return result, nil
}

// hasMore reports whether the file called name in the store has more rows than the argument rows
// says. It returns false for a file that cannot be read.
func hasMore(ctx context.Context, store lake.Store, name string, rows int64) (bool, error) {
	r, err := store.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer r.Close()
	s, err := table.OpenSource(r, r.Size())
	if err != nil {
		return false, ctx.Err()
	}
	defer s.Close()
	return s.Rows > rows, nil
}

// read reads the file into memory.
func (p *Packer) read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > math.MaxUint32 {
		return errors.New("the segment is larger than 4 GiB")
	}
	p.data = slices.Grow(p.data[:0], int(info.Size()))[:info.Size()]
	_, err = io.ReadFull(f, p.data)
	if errors.Is(err, io.EOF) { // an empty file is not a segment
		return segment.ErrNotOurs
	}
	return err
}

// scan adds all whole records to the batch. It returns the number of bytes after them, without the
// zeros of a preallocated file.
func (p *Packer) scan(ctx context.Context, blocks []byte) (damaged int64, err error) {
	for {
		records, rest, ok := segment.NextBlock(blocks)
		if !ok {
			return int64(len(bytes.TrimRight(blocks, "\x00"))), nil
		}
		end := len(p.data) - len(rest)
		for len(records) > 0 {
			r, following, ok := segment.Next(records)
			if !ok {
				return int64(len(records) + len(bytes.TrimRight(rest, "\x00"))), nil
			}
			p.batch.Add(uint32(end-len(records)), &r)
			records = following
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		blocks = rest
	}
}
