package lake

import (
	"encoding/binary"
	"io"

	"example.com/clew/audit/internal/segment"
)

// blockReader reads the blocks of a segment through a window.
type blockReader struct {
	from   Reader
	size   int64
	at     int64 // the offset of the window in the segment
	window []byte
	rest   []byte // the part of the window that is not read yet
	clean  bool   // the last block is followed by nothing, by zeros, or by a part of a block
}

const windowSize = 1 << 20

// read returns the number of bytes of the segment that have been read.
func (b *blockReader) read() int64 { return b.at + int64(len(b.window)-len(b.rest)) }

func (b *blockReader) header() bool {
	if b.fill(maxSegmentHeader) != nil {
		return false
	}
	_, blocks, err := segment.ReadHeader(b.rest)
	if err != nil {
		return false
	}
	b.rest = blocks
	return true
}

// fill reads from the segment until rest has at least n bytes, or all bytes up to the end.
func (b *blockReader) fill(n int) error {
	done := b.at + int64(len(b.window)-len(b.rest))
	if len(b.rest) >= n || done+int64(len(b.rest)) >= b.size {
		return nil
	}
	length := min(int64(max(n, windowSize)), b.size-done)
	if int64(cap(b.window)) < length {
		b.window = append(make([]byte, 0, length), b.rest...)
	} else {
		b.window = b.window[:copy(b.window[:cap(b.window)], b.rest)]
	}
	have := len(b.window)
	b.window = b.window[:length]
	got, err := b.from.ReadAt(b.window[have:], done+int64(have))
	b.window = b.window[:have+got]
	b.at, b.rest = done, b.window
	if got > 0 || err == io.EOF {
		return nil
	}
	return err
}

func (b *blockReader) next() (records []byte, ok bool, err error) {
	if err := b.fill(segment.BlockHead); err != nil {
		return nil, false, err
	}
	if len(b.rest) < segment.BlockHead {
		b.clean = true
		return nil, false, nil
	}
	length := int64(binary.LittleEndian.Uint32(b.rest))
	if length <= segment.MaxBlock {
		if err := b.fill(segment.BlockHead + int(length)); err != nil {
			return nil, false, err
		}
	}
	records, rest, ok := segment.NextBlock(b.rest)
	if !ok {
		b.clean = length == 0 || length <= segment.MaxBlock && int64(len(b.rest)) < segment.BlockHead+length
		return nil, false, nil
	}
	b.rest = rest
	return records, true, nil
}
