package read

import (
	"strings"

	"example.com/clew/audit/internal/table"
)

// chunk is the entry of a column chunk in the footer.
type chunk struct {
	codec       int64 // the kind of compression
	values      int64
	size        int64 // the size of the pages in the file, including the dictionary
	data        int64 // the offset of the first data page
	dictionary  int64 // the offset of the dictionary page; 0: there is none
	min, max    []byte
	bounded     bool  // the footer contains min and max
	bloom       int64 // the offset of the Bloom filter; 0: there is none
	columnIndex span
	offsetIndex span
}

type span struct{ offset, size int64 }

func (c *compact) chunk(to *chunk) {
	c.fields(func(id int, kind byte) bool {
		switch {
		case id == 3 && kind == kindStruct:
			c.chunkMeta(to)
		case id == 4 && kind == kindI64:
			to.offsetIndex.offset = c.int()
		case id == 5 && kind == kindI32:
			to.offsetIndex.size = c.int()
		case id == 6 && kind == kindI64:
			to.columnIndex.offset = c.int()
		case id == 7 && kind == kindI32:
			to.columnIndex.size = c.int()
		default:
			return false
		}
		return true
	})
}

func (c *compact) chunkMeta(to *chunk) {
	c.fields(func(id int, kind byte) bool {
		switch {
		case id == 4 && kind == kindI32:
			to.codec = c.int()
		case id == 5 && kind == kindI64:
			to.values = c.int()
		case id == 7 && kind == kindI64:
			to.size = c.int()
		case id == 9 && kind == kindI64:
			to.data = c.int()
		case id == 11 && kind == kindI64:
			to.dictionary = c.int()
		case id == 12 && kind == kindStruct:
			c.statistics(to)
		case id == 14 && kind == kindI64:
			to.bloom = c.int()
		default:
			return false
		}
		return true
	})
}

func (c *compact) statistics(to *chunk) {
	have := 0
	c.fields(func(id int, kind byte) bool {
		if kind != kindBinary || id < 5 || id > 6 {
			return false
		}
		have++
		if id == 5 {
			to.max = c.bytes()
		} else {
			to.min = c.bytes()
		}
		return true
	})
	to.bounded = have == 2
}

// inBounds reports whether clew may have written c into a file of size bytes.
func (c *chunk) inBounds(size int64) bool {
	within := func(n, most int64) bool { return n >= 0 && n <= most }
	return c.codec == codecZstd && c.values >= 0 && c.dictionary >= 0 &&
		within(c.data, size) && within(c.size, size) && within(c.bloom, size-1) &&
		c.columnIndex.inside(size) && c.offsetIndex.inside(size)
}

func columnName(i int) string { return strings.Join(table.Schema.Columns()[i], ".") }

func (s span) inside(size int64) bool {
	return s.offset >= 0 && s.size >= 0 && s.offset <= size && s.size <= size-s.offset
}
