package read

import (
	"errors"
	"fmt"
	"strings"

	"example.com/clew/audit/internal/table"
)

// column chunk of a row group, as the footer has it.
type chunk struct {
	codec       int64 // of compression
	values      int64
	size        int64 // of its pages as they lie in the file, with the dictionary
	data        int64 // offset of the first data page
	dictionary  int64 // offset of the dictionary's page; 0 without one
	min, max    []byte
	bounded     bool  // min and max are there
	bloom       int64 // offset of its Bloom filter; 0 without one
	columnIndex span
	offsetIndex span
}

type span struct{ offset, size int64 }

type group struct {
	rows   int64
	have   int // chunks that the footer has
	chunks [columns]chunk
}

// columns is the number of leaf columns.
const columns = table.TraceNames + 1

// footer is the part of a file's footer that finding needs. Its bytes are views of what was read.
type footer struct {
	rows   int64
	groups []group
	meta   map[string]string
}

var errFooter = errors.New("damaged footer")

// element is of the schema, which a file has flattened.
type element struct {
	name       string
	repetition int64 // 0 required, 2 repeated
	children   int64
	kind       int64 // 2 is INT64, 6 BYTE_ARRAY
}

// layout is table.Schema as a footer has it, after the root.
var layout = [...]element{
	{"timestamp", 0, 0, 2},
	{"trace_id", 0, 0, 6},
	{"app", 0, 0, 6},
	{"message", 0, 0, 6},
	{"context", 0, 1, -1},
	{"key_value", 2, 2, -1},
	{"key", 0, 0, 6},
	{"value", 0, 0, 6},
	{"trace_names", 0, 1, -1},
	{"list", 2, 1, -1},
	{"element", 0, 0, 6},
}

func parseFooter(p []byte, size int64) (*footer, error) {
	f := &footer{meta: map[string]string{}}
	c := &compact{p: p}
	var schema []element
	c.fields(func(id int, kind byte) bool {
		switch {
		case id == 2 && kind == kindList:
			c.each(kindStruct, func() { schema = append(schema, c.element()) })
		case id == 3 && kind == kindI64:
			f.rows = c.int()
		case id == 4 && kind == kindList:
			c.each(kindStruct, func() { f.groups = append(f.groups, c.group()) })
		case id == 5 && kind == kindList:
			c.each(kindStruct, func() { c.keyValue(f.meta) })
		default:
			return false
		}
		return true
	})
	if c.bad {
		return nil, errFooter
	}
	if err := checkSchema(schema); err != nil {
		return nil, err
	}
	for i := range f.groups {
		if err := f.groups[i].check(size); err != nil {
			return nil, fmt.Errorf("row group %d: %w", i, err)
		}
	}
	return f, nil
}

func checkSchema(schema []element) error {
	if len(schema) != len(layout)+1 {
		return fmt.Errorf("not a table of audit events: %d elements in its schema", len(schema))
	}
	for i, want := range layout {
		if schema[i+1] != want {
			return fmt.Errorf("not a table of audit events: %.40q in its schema", schema[i+1].name)
		}
	}
	return nil
}

func (c *compact) element() (e element) {
	e.kind = -1
	c.fields(func(id int, kind byte) bool {
		switch {
		case id == 1 && kind == kindI32:
			e.kind = c.int()
		case id == 3 && kind == kindI32:
			e.repetition = c.int()
		case id == 4 && kind == kindBinary:
			e.name = string(c.bytes())
		case id == 5 && kind == kindI32:
			e.children = c.int()
		default:
			return false
		}
		return true
	})
	return e
}

func (c *compact) keyValue(into map[string]string) {
	var key, value string
	c.fields(func(id int, kind byte) bool {
		if kind != kindBinary || id < 1 || id > 2 {
			return false
		}
		if id == 1 {
			key = string(c.bytes())
		} else {
			value = string(c.bytes())
		}
		return true
	})
	into[key] = value
}

func (c *compact) group() (g group) {
	c.fields(func(id int, kind byte) bool {
		switch {
		case id == 1 && kind == kindList:
			c.each(kindStruct, func() {
				var spare chunk
				to := &spare
				if g.have < columns {
					to = &g.chunks[g.have]
				}
				g.have++
				c.chunk(to)
			})
		case id == 3 && kind == kindI64:
			g.rows = c.int()
		default:
			return false
		}
		return true
	})
	return g
}

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

// maxRows of a row group keeps row numbers in 32 bits and the memory of a search in bounds.
const maxRows = 1 << 24

func (g *group) check(size int64) error {
	if g.rows < 0 || g.rows > maxRows {
		return fmt.Errorf("%d rows", g.rows)
	}
	if g.have != columns {
		return errFooter
	}
	for i := range g.chunks {
		if !g.chunks[i].inBounds(size) {
			return fmt.Errorf("column %s is not as clew writes it", columnName(i))
		}
	}
	return nil
}

// inBounds reports whether clew may have written c into a file of that size.
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
