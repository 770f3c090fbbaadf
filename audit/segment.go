package audit

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"iter"
	"os"
	"slices"

	"example.com/clew/audit/internal/segment"
)

// segmentReader reads the events of a sealed segment by their number, a block at a time.
type segmentReader struct {
	f       *os.File
	size    int64
	app     string
	blocks  []blockStart // of the blocks that have been read, and of the next one, in order
	events  int64        // the number of events that have been read
	damaged int64        // bytes after the last whole record, without zeros at the end
	err     error        // an error of the disk
	block   []byte
}

// blockStart is the offset of a block in the file, and the number of its first event.
type blockStart struct{ at, event int64 }

// openSegment opens a segment. If the file is not a segment of this version, the error is
// segment.ErrNotOurs or segment.ErrNewer.
func openSegment(path string) (*segmentReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &segmentReader{f: f}
	if err := r.readHeader(); err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

func (r *segmentReader) Close() { r.f.Close() }

func (r *segmentReader) readHeader() error {
	info, err := r.f.Stat()
	if err != nil {
		return err
	}
	r.size = info.Size()
	head, err := io.ReadAll(io.NewSectionReader(r.f, 0, segment.MaxHeader+4))
	if err != nil {
		return err
	}
	h, blocks, err := segment.ReadHeader(head)
	if err != nil {
		return err
	}
	r.app = h.App
	r.blocks = []blockStart{{at: int64(len(head) - len(blocks))}}
	return nil
}

// has reports whether the segment has an event with this number.
func (r *segmentReader) has(number int64) bool {
	for range r.from(number) {
		return true
	}
	return false
}

// from yields the events from this number on, until the segment ends, is damaged, or cannot be
// read.
func (r *segmentReader) from(number int64) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		i, found := slices.BinarySearchFunc(r.blocks, number, func(b blockStart, n int64) int { return cmp.Compare(b.event, n) })
		if !found {
			i-- // to the block that contains the event, or to the last block that is known
		}
		for ; i < len(r.blocks); i++ {
			if !r.yieldBlock(i, number, yield) {
				return
			}
		}
	}
}

// yieldBlock yields the events of block i from this number on. It returns false when the segment
// ends, or when yield returns false.
func (r *segmentReader) yieldBlock(i int, number int64, yield func(Event) bool) bool {
	start := r.blocks[i]
	records, ok := r.readBlock(start.at)
	if !ok {
		return false
	}
	event := start.event
	for rest := records; rest != ""; event++ {
		t, following, ok := segment.NextText(rest)
		if !ok || t.Kept {
			r.damaged = int64(len(rest)) + r.dirt(start.at+segment.BlockHead+int64(len(records)))
			return false
		}
		r.events = max(r.events, event+1)
		if event >= number && !yield(eventOf(&t, r.app)) {
			return false
		}
		rest = following
	}
	if i+1 == len(r.blocks) {
		r.blocks = append(r.blocks, blockStart{at: start.at + segment.BlockHead + int64(len(records)), event: event})
	}
	return true
}

// readBlock returns the records of the block that begins at the offset at, and ok if the block is
// whole. The texts of the events are parts of the string records.
func (r *segmentReader) readBlock(at int64) (records string, ok bool) {
	var head [segment.BlockHead]byte
	if r.size-at < segment.BlockHead {
		r.damaged = r.dirt(at)
		return "", false
	}
	if r.err = r.readAt(head[:], at); r.err != nil {
		return "", false
	}
	length := int64(binary.LittleEndian.Uint32(head[:]))
	if length <= segment.MaxBlock && length <= r.size-at-segment.BlockHead {
		r.block = slices.Grow(r.block[:0], int(segment.BlockHead+length))[:segment.BlockHead+length]
		if r.err = r.readAt(r.block, at); r.err != nil {
			return "", false
		}
		if whole, _, ok := segment.NextBlock(r.block); ok {
			return string(whole), true
		}
	}
	r.damaged = r.dirt(at)
	return "", false
}

func (r *segmentReader) readAt(p []byte, at int64) error {
	_, err := io.ReadFull(io.NewSectionReader(r.f, at, int64(len(p))), p)
	return err
}

// dirt returns the number of bytes from the offset at to the end of the file, without the zeros at
// the end of a preallocated file.
func (r *segmentReader) dirt(at int64) int64 {
	start, last, p := at, at, make([]byte, 64<<10)
	for {
		n, err := r.f.ReadAt(p, at)
		if trimmed := len(bytes.TrimRight(p[:n], "\x00")); trimmed > 0 {
			last = at + int64(trimmed)
		}
		at += int64(n)
		if err != nil || n == 0 {
			break
		}
	}
	return last - start
}
