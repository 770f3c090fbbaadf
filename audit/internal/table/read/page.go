package read

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sort"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Parquet's numbers.
const (
	pageData       = 0
	pageDictionary = 2

	encodingPlain      = 0
	encodingDelta      = 5
	encodingDictionary = 8

	codecZstd = 6
)

// maxPage is the most that a page may have, compressed or not: a row group ends at eight
// megabytes of distinct strings, and a long one may be the last. maxValues is of the values of
// a page.
const (
	maxPage   = 64 << 20
	maxValues = 1 << 24
)

var errPage = errors.New("damaged page")

// pageHeader is what lies before each page.
type pageHeader struct {
	kind         int64
	size, packed int64 // bytes after the header: as they were, as they lie in the file
	crc          int64
	hasCRC       bool
	values       int64
	encoding     int64
}

// parsePageHeader returns the header that p begins with, and the page's bytes after it.
func parsePageHeader(p []byte) (h pageHeader, body []byte, err error) {
	c := &compact{p: p}
	h = c.pageHeader()
	if c.bad || !h.inBounds() || h.packed > int64(len(c.p)) {
		return h, nil, errPage
	}
	body = c.p[:h.packed]
	if h.hasCRC && crc32.ChecksumIEEE(body) != uint32(h.crc) {
		return h, nil, fmt.Errorf("%w: its checksum does not hold", errPage)
	}
	return h, body, nil
}

func (h *pageHeader) inBounds() bool {
	return h.packed >= 0 && h.size >= 0 && h.size <= maxPage && h.values >= 0 && h.values <= maxValues
}

func (c *compact) pageHeader() (h pageHeader) {
	c.fields(func(id int, kind byte) bool {
		switch {
		case id == 1 && kind == kindI32:
			h.kind = c.int()
		case id == 2 && kind == kindI32:
			h.size = c.int()
		case id == 3 && kind == kindI32:
			h.packed = c.int()
		case id == 4 && kind == kindI32:
			h.crc, h.hasCRC = c.int(), true
		case (id == 5 || id == 7) && kind == kindStruct:
			c.dataHeader(&h)
		default:
			return false
		}
		return true
	})
	return h
}

func (c *compact) dataHeader(h *pageHeader) {
	c.fields(func(id int, kind byte) bool {
		switch {
		case id == 1 && kind == kindI32:
			h.values = c.int()
		case id == 2 && kind == kindI32:
			h.encoding = c.int()
		default:
			return false
		}
		return true
	})
}

// decoder is for all goroutines: DecodeAll starts none.
var decoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxPage))
	if err != nil {
		panic("read: " + err.Error()) // the options are constants
	}
	return d
})

// unpack appends the size bytes that packed holds to dst.
func unpack(dst, packed []byte, size int64) ([]byte, error) {
	// A frame that says more than the page's header would cost its memory before it is refused.
	var head zstd.Header
	if err := head.Decode(packed); err != nil {
		return nil, fmt.Errorf("%w: %w", errPage, err)
	}
	if head.HasFCS && head.FrameContentSize != uint64(size) {
		return nil, errPage
	}
	before := len(dst)
	if cap(dst)-before < int(size) && size <= int64(len(packed))*1000+1024 {
		dst = append(make([]byte, 0, before+int(size)), dst...)
	}
	dst, err := decoder().DecodeAll(packed, dst)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPage, err)
	}
	if int64(len(dst)-before) != size {
		return nil, errPage
	}
	return dst, nil
}

// dictionary is the strings of a page in plain encoding: each has its length before it.
type dictionary struct {
	data   []byte
	starts []uint32 // of each string's length, and the end of data
}

func parseDictionary(data []byte, n int64) (*dictionary, error) {
	if n > int64(len(data))/4 {
		return nil, errPage
	}
	d := &dictionary{data: data, starts: make([]uint32, 0, n+1)}
	at := uint32(0)
	for range n {
		d.starts = append(d.starts, at)
		rest := data[at:]
		if len(rest) < 4 {
			return nil, errPage
		}
		size := binary.LittleEndian.Uint32(rest)
		if uint64(size) > uint64(len(rest)-4) {
			return nil, errPage
		}
		at += 4 + size
	}
	d.starts = append(d.starts, at)
	d.data = data[:at]
	return d, nil
}

func (d *dictionary) len() int { return len(d.starts) - 1 }

func (d *dictionary) at(id uint32) []byte {
	return d.data[d.starts[id]+4 : d.starts[id+1]]
}

// find returns the ID of value.
func (d *dictionary) find(value string) (id uint32, ok bool) {
	needle := append(binary.LittleEndian.AppendUint32(nil, uint32(len(value))), value...)
	for from := 0; ; {
		i := bytes.Index(d.data[from:], needle)
		if i < 0 {
			return 0, false
		}
		at := uint32(from + i)
		id := sort.Search(d.len(), func(i int) bool { return d.starts[i] >= at })
		// The same bytes, and the same length before them, may be the inside of another string.
		if id < d.len() && d.starts[id] == at {
			return uint32(id), true
		}
		from += i + 1
	}
}

// hybrid decodes n numbers of so many bits, in runs and packed, and appends them to dst.
func hybrid(dst []uint32, p []byte, width uint, n int) ([]uint32, error) {
	if width > 32 {
		return nil, errPage
	}
	end := len(dst) + n
	for len(dst) < end {
		head, size := binary.Uvarint(p)
		if size <= 0 {
			return nil, errPage
		}
		p = p[size:]
		left := end - len(dst)
		if head&1 == 0 {
			bytes := int(width+7) / 8
			if len(p) < bytes || head == 0 {
				return nil, errPage
			}
			dst = repeat(dst, littleEndian(p[:bytes]), int(min(head>>1, uint64(left))))
			p = p[bytes:]
			continue
		}
		count := int(min(head>>1, maxValues)) * 8
		used := count / 8 * int(width)
		if used > len(p) || count == 0 {
			return nil, errPage
		}
		dst = unpackBits(dst, p[:used], width, min(count, left))
		p = p[used:]
	}
	return dst, nil
}

func repeat(dst []uint32, value uint32, n int) []uint32 {
	for range n {
		dst = append(dst, value)
	}
	return dst
}

func littleEndian(p []byte) (n uint32) {
	for i, b := range p {
		n |= uint32(b) << (8 * i)
	}
	return n
}

// unpackBits appends n numbers of width bits. p has them all.
func unpackBits(dst []uint32, p []byte, width uint, n int) []uint32 {
	mask := uint64(1)<<width - 1
	bit := uint(0)
	i := 0
	for ; i < n && bit/8+8 <= uint(len(p)); i++ {
		dst = append(dst, uint32(binary.LittleEndian.Uint64(p[bit/8:])>>(bit%8)&mask))
		bit += width
	}
	for ; i < n; i++ {
		var last [8]byte
		copy(last[:], p[bit/8:])
		dst = append(dst, uint32(binary.LittleEndian.Uint64(last[:])>>(bit%8)&mask))
		bit += width
	}
	return dst
}

// deltas decodes n integers of Parquet's DELTA_BINARY_PACKED.
func deltas(p []byte, n int) ([]int64, error) {
	c := &compact{p: p}
	block, minis, total, first := c.uvarint(), c.uvarint(), c.uvarint(), c.int()
	if c.bad || total != uint64(n) || minis == 0 || minis > 1<<10 || block > 1<<20 || block%(minis*8) != 0 || block == 0 {
		return nil, errPage
	}
	mini := int(block / minis)
	values := make([]int64, 0, n)
	if n > 0 {
		values = append(values, first)
	}
	for len(values) < n {
		least := c.int()
		if uint64(len(c.p)) < minis {
			return nil, errPage
		}
		widths := c.p[:minis]
		c.p = c.p[minis:]
		for _, width := range widths {
			if len(values) == n {
				break
			}
			used := mini / 8 * int(width)
			if width > 64 || used > len(c.p) {
				return nil, errPage
			}
			values = addDeltas(values, c.p[:used], uint(width), least, min(mini, n-len(values)))
			c.p = c.p[used:]
		}
	}
	return values, nil
}

func addDeltas(values []int64, p []byte, width uint, least int64, n int) []int64 {
	last := values[len(values)-1]
	for i := range uint(n) {
		last += least + int64(bits64(p, i*width, width))
		values = append(values, last)
	}
	return values
}

// bits64 is the number of up to 64 bits that begins at a bit of p.
func bits64(p []byte, bit, width uint) uint64 {
	if width == 0 {
		return 0
	}
	var window [16]byte
	copy(window[:], p[bit/8:])
	low := binary.LittleEndian.Uint64(window[:]) >> (bit % 8)
	if shift := bit % 8; shift > 0 {
		low |= binary.LittleEndian.Uint64(window[8:]) << (64 - shift)
	}
	if width == 64 {
		return low
	}
	return low & (1<<width - 1)
}
