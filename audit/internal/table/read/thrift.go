package read

import "encoding/binary"

// compact reads Thrift's compact protocol, in which Parquet's footer, indexes and headers are
// written. A list grows only as its elements are read, so that a hostile length costs no memory.
// The decoder of parquet-go is not used, because it allocates memory for the stated length of a
// list.
//
// After the first fault, bad is true and all reads return zero.
type compact struct {
	p     []byte
	bad   bool
	depth int
}

// The kinds of a Thrift field.
const (
	kindTrue   = 1
	kindFalse  = 2
	kindByte   = 3
	kindI16    = 4
	kindI32    = 5
	kindI64    = 6
	kindDouble = 7
	kindBinary = 8
	kindList   = 9
	kindSet    = 10
	kindMap    = 11
	kindStruct = 12
)

// maxDepth is the limit for the nesting of structs. The structs of Parquet are nested six deep.
const maxDepth = 24

func (c *compact) fail() {
	c.bad, c.p = true, nil
}

func (c *compact) byte() byte {
	if len(c.p) == 0 {
		c.fail()
		return 0
	}
	b := c.p[0]
	c.p = c.p[1:]
	return b
}

func (c *compact) uvarint() uint64 {
	n, size := binary.Uvarint(c.p)
	if size <= 0 {
		c.fail()
		return 0
	}
	c.p = c.p[size:]
	return n
}

// int reads an i16, i32 or i64.
func (c *compact) int() int64 {
	n := c.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

// bytes reads a binary or a string. The result shares the memory of the input.
func (c *compact) bytes() []byte {
	n := c.uvarint()
	if n > uint64(len(c.p)) {
		c.fail()
		return nil
	}
	b := c.p[:n:n]
	c.p = c.p[n:]
	return b
}

// list reads the head of a list or set. The number of elements is at most the number of remaining
// bytes, because each element has at least one byte.
func (c *compact) list() (n int, kind byte) {
	head := c.byte()
	n, kind = int(head>>4), head&15
	if n == 15 {
		long := c.uvarint()
		if long > uint64(len(c.p)) {
			c.fail()
			return 0, 0
		}
		n = int(long)
	}
	if n > len(c.p) {
		c.fail()
		return 0, 0
	}
	return n, kind
}

// each calls the function read for each element of a list. It fails if the elements are not of
// this kind.
func (c *compact) each(kind byte, read func()) {
	n, is := c.list()
	if is != kind && n > 0 {
		c.fail()
		return
	}
	for i := 0; i < n && !c.bad; i++ {
		read()
	}
}

// fields calls the function read for each field of a struct. If read returns false, it must not
// have read any bytes, and the field is skipped.
func (c *compact) fields(read func(id int, kind byte) bool) {
	if c.depth++; c.depth > maxDepth {
		c.fail()
	}
	id := 0
	for !c.bad {
		head := c.byte()
		kind := head & 15
		if kind == 0 {
			break
		}
		if delta := int(head >> 4); delta != 0 {
			id += delta
		} else {
			id = int(int16(c.int()))
		}
		if !c.bad && !read(id, kind) {
			c.skip(kind)
		}
	}
	c.depth--
}

func (c *compact) skip(kind byte) {
	switch kind {
	case kindTrue, kindFalse:
	case kindByte:
		c.byte()
	case kindI16, kindI32, kindI64:
		c.uvarint()
	case kindDouble:
		c.drop(8)
	case kindBinary:
		c.bytes()
	case kindList, kindSet:
		c.skipList()
	case kindMap:
		c.skipMap()
	case kindStruct:
		c.fields(func(int, byte) bool { return false })
	default:
		c.fail()
	}
}

func (c *compact) drop(n int) {
	if n > len(c.p) {
		c.fail()
		return
	}
	c.p = c.p[n:]
}

func (c *compact) skipList() {
	if c.depth++; c.depth > maxDepth {
		c.fail()
	}
	n, kind := c.list()
	for i := 0; i < n && !c.bad; i++ {
		c.skipElement(kind)
	}
	c.depth--
}

func (c *compact) skipMap() {
	n := c.uvarint()
	if n == 0 {
		return
	}
	if c.depth++; c.depth > maxDepth {
		c.fail()
	}
	kinds := c.byte()
	for i := uint64(0); i < n && !c.bad; i++ {
		c.skipElement(kinds >> 4)
		c.skipElement(kinds & 15)
	}
	c.depth--
}

// skipElement skips an element of a list or map. A bool in a list or map takes one byte.
func (c *compact) skipElement(kind byte) {
	if kind == kindTrue || kind == kindFalse {
		kind = kindByte
	}
	c.skip(kind)
}
