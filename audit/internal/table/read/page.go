package read

import (
	"errors"
	"fmt"
	"hash/crc32"
)

// The numbers of these page types, encodings and codecs in Parquet.
const (
	pageData       = 0
	pageDictionary = 2

	encodingPlain      = 0
	encodingDelta      = 5
	encodingDictionary = 8

	codecZstd = 6
)

// maxPage is the largest size of a page, in bytes, compressed or not. It is so large because a row
// group ends at eight megabytes of distinct strings, and the last string may be long. maxValues is
// the largest number of values of a page.
const (
	maxPage   = 64 << 20
	maxValues = 1 << 24
)

var errPage = errors.New("damaged page")

// pageHeader is the header before each page.
type pageHeader struct {
	kind         int64
	size, packed int64 // bytes after the header, uncompressed and compressed
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
		return h, nil, fmt.Errorf("%w: its checksum is wrong", errPage)
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
