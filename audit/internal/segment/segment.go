package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A segment's file is a header and blocks.
//
//	header   8 bytes   "clewaud1"
//	         string    the segment's ID, as NewID makes it
//	         string    the app of records without an app
//	         uint32    CRC-32C of all bytes before
//
//	block    uint32    length of the records, 1 to MaxBlock; 0 ends the segment
//	         uint32    CRC-32C of the records
//	         records
//
// The last block may be cut, or consist of zeros if the file was preallocated. The segment then
// consists of the blocks before it. Version 2 will have another header: "clewaud2".
const (
	magic     = "clewaud"
	version   = '1'
	blockHead = 8
	MaxBlock  = 16 << 20 // the largest size of a block's records, in bytes
	MaxHeader = 4 << 10  // the largest size of a header, in bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrNewer is the error of a segment that a newer version of clew wrote. This version cannot read
// the segment.
var ErrNewer = errors.New("segment of a newer version of clew")

// ErrNotOurs is the error of a file that is not a segment, or whose header is damaged.
var ErrNotOurs = errors.New("not a segment of an audit journal")

// Header is the header of a segment.
type Header struct {
	ID  string
	App string
}

// AppendHeader appends h to dst.
func AppendHeader(dst []byte, h Header) []byte {
	start := len(dst)
	dst = append(append(dst, magic...), version)
	dst = appendString(appendString(dst, h.ID), h.App)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// ReadHeader returns the header that p begins with, and the blocks after it.
func ReadHeader(p []byte) (h Header, blocks []byte, err error) {
	if len(p) < len(magic)+1 || string(p[:len(magic)]) != magic {
		return h, nil, ErrNotOurs
	}
	if v := p[len(magic)]; v != version {
		if v > version && v <= '9' {
			return h, nil, ErrNewer
		}
		return h, nil, ErrNotOurs
	}
	id, rest, ok := cutString(p[len(magic)+1:])
	if !ok {
		return h, nil, ErrNotOurs
	}
	app, rest, ok := cutString(rest)
	if !ok || len(rest) < 4 {
		return h, nil, ErrNotOurs
	}
	end := len(p) - len(rest)
	if end > MaxHeader || binary.LittleEndian.Uint32(rest) != crc32.Checksum(p[:end], castagnoli) {
		return h, nil, ErrNotOurs
	}
	return Header{ID: string(id), App: string(app)}, rest[4:], nil
}

// IsUnfinished reports whether p, which is a whole file, is only the beginning of a header. In
// that case a process died before it had written the header, and the file has no events.
func IsUnfinished(p []byte) bool {
	if len(p) > MaxHeader {
		return false
	}
	begin := magic + string(version)
	if len(p) <= len(begin) {
		return begin[:len(p)] == string(p)
	}
	if string(p[:len(begin)]) != begin {
		return false
	}
	rest, ok := p[len(begin):], true
	for range 2 {
		if _, rest, ok = cutString(rest); !ok {
			return true
		}
	}
	return len(rest) < 4
}

// PutBlockHead writes the head of a block into its first BlockHead bytes. The records must already
// follow these bytes.
func PutBlockHead(block []byte) {
	records := block[blockHead:]
	binary.LittleEndian.PutUint32(block, uint32(len(records)))
	binary.LittleEndian.PutUint32(block[4:], crc32.Checksum(records, castagnoli))
}

// BlockHead is the length of the head of a block, in bytes. The records follow the head.
const BlockHead = blockHead

// NextBlock returns the records of the first block of p, and the bytes after it. The result ok is
// false after the last whole block.
func NextBlock(p []byte) (records, rest []byte, ok bool) {
	if len(p) < blockHead {
		return nil, nil, false
	}
	n := binary.LittleEndian.Uint32(p)
	if n == 0 || n > MaxBlock || int(n) > len(p)-blockHead {
		return nil, nil, false
	}
	end := blockHead + int(n)
	records = p[blockHead:end:end]
	if crc32.Checksum(records, castagnoli) != binary.LittleEndian.Uint32(p[4:]) {
		return nil, nil, false
	}
	return records, p[end:], true
}

// NewID returns the ID of a segment that begins at the time us, in microseconds since 1970. The ID
// consists of 16 hexadecimal digits of the time and 16 of the number random, so that IDs sort by
// time. The names of files are derived from the ID.
func NewID(us int64, random uint64) string {
	return fmt.Sprintf("%016x%016x", uint64(us), random)
}
