package read

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"example.com/clew/audit/internal/table"
)

// column reads the values of one column of a row group, page after page, for rows in ascending
// order. It reads only the pages that contain wanted rows.
type column struct {
	group *Group
	file  *File
	chunk *chunk
	index int
	rows  int64
	want  []uint32 // the wanted rows; nil: all rows
	pages []location
	dict  *dictionary // the dictionary of the chunk; nil until it is needed

	page       int // the page that is decoded; -1: none is decoded yet
	first, end int64
	ids        []uint32
	starts     []uint32 // where the ids of each row begin, in a column of lists
	times      []int64
	buffer     []byte // pages that were read together: a part of the file's tail, or of the field space
	bufferAt   int64
	space      []byte
	scratch    []byte
	levels     []uint32
}

// column returns a column that reads from the first row on. If the column was used before, the
// group has kept its page index, its dictionary, and the pages that were read together. They are
// not read again.
func (g *Group) column(index int, want []uint32) (*column, error) {
	if c := g.columns[index]; c != nil {
		return c.again(want), nil
	}
	c := &column{group: g, file: g.file, chunk: &g.chunks[index], index: index, rows: g.rows, want: want, page: -1}
	at := c.chunk.offsetIndex
	if at.size == 0 {
		return nil, c.wrap(errors.New("no page index"))
	}
	p, err := g.file.read(at.offset, at.size)
	if err != nil {
		return nil, c.wrap(err)
	}
	if c.pages, err = parseOffsetIndex(p, c.rows, g.file.size); err != nil {
		return nil, c.wrap(err)
	}
	g.columns[index] = c
	return c, nil
}

func (c *column) again(want []uint32) *column {
	return &column{group: c.group, file: c.file, chunk: c.chunk, index: c.index, rows: c.rows, want: want, pages: c.pages,
		dict: c.group.dictionaries[c.index], page: -1, buffer: c.buffer, bufferAt: c.bufferAt}
}

func (c *column) wrap(err error) error {
	return fmt.Errorf("column %s: %w", columnName(c.index), err)
}

func (c *column) lists() bool { return c.index >= table.ContextKey }

// dictionary returns the chunk's dictionary.
func (c *column) dictionary() (*dictionary, error) {
	if c.dict == nil {
		c.dict = c.group.dictionaries[c.index]
	}
	if c.dict != nil {
		return c.dict, nil
	}
	size := c.chunk.data - c.chunk.dictionary
	if size <= 0 || size > maxPage {
		return nil, c.wrap(errPage)
	}
	p, err := c.file.read(c.chunk.dictionary, size)
	if err != nil {
		return nil, c.wrap(err)
	}
	h, body, err := parsePageHeader(p)
	if err != nil {
		return nil, c.wrap(err)
	}
	if h.kind != pageDictionary || h.encoding != encodingPlain {
		return nil, c.wrap(errPage)
	}
	data, err := unpack(nil, body, h.size)
	if err != nil {
		return nil, c.wrap(err)
	}
	if c.dict, err = parseDictionary(data, h.values); err != nil {
		return nil, c.wrap(err)
	}
	c.group.dictionaries[c.index] = c.dict
	return c.dict, nil
}

// seek decodes the page that contains a row. The rows of successive calls must be in ascending
// order.
func (c *column) seek(row int64) error {
	if c.page >= 0 && row >= c.first && row < c.end {
		return nil
	}
	i := sort.Search(len(c.pages), func(i int) bool { return c.pages[i].first > row }) - 1
	if i < 0 || row >= c.rows {
		return c.wrap(errPage)
	}
	p, err := c.bytes(i)
	if err != nil {
		return c.wrap(err)
	}
	c.page, c.first, c.end = i, c.pages[i].first, c.pageEnd(i)
	if err := c.decode(p); err != nil {
		c.page = -1
		return c.wrap(err)
	}
	return nil
}

func (c *column) pageEnd(i int) int64 {
	if i+1 < len(c.pages) {
		return c.pages[i+1].first
	}
	return c.rows
}

// readAhead is the largest number of bytes that are read at once if wanted pages follow each other
// in the file.
const readAhead = 1 << 20

// bytes returns the bytes of page i in the file. It also reads the wanted pages that follow page
// i.
func (c *column) bytes(i int) ([]byte, error) {
	at := c.pages[i]
	if at.offset >= c.bufferAt && at.offset+at.size <= c.bufferAt+int64(len(c.buffer)) {
		return c.buffer[at.offset-c.bufferAt:][:at.size], nil
	}
	end := at.offset + at.size
	for j := i + 1; j < len(c.pages) && c.hasWanted(j) && c.pages[j].offset == end && end+c.pages[j].size-at.offset <= readAhead; j++ {
		end += c.pages[j].size
	}
	if c.buffer = c.file.seen(at.offset, end-at.offset); c.buffer == nil {
		c.space = slices.Grow(c.space[:0], int(end-at.offset))[:end-at.offset]
		if err := c.file.readInto(c.space, at.offset); err != nil {
			return nil, err
		}
		c.buffer = c.space
	}
	c.bufferAt = at.offset
	return c.buffer[:at.size], nil
}

func (c *column) hasWanted(page int) bool {
	if c.want == nil {
		return true
	}
	first, end := c.pages[page].first, c.pageEnd(page)
	i := sort.Search(len(c.want), func(i int) bool { return int64(c.want[i]) >= first })
	return i < len(c.want) && int64(c.want[i]) < end
}

func (c *column) decode(p []byte) error {
	h, body, err := parsePageHeader(p)
	if err != nil {
		return err
	}
	if h.kind != pageData {
		return fmt.Errorf("%w: its kind is %d", errPage, h.kind)
	}
	if c.scratch, err = unpack(c.scratch[:0], body, h.size); err != nil {
		return err
	}
	body = c.scratch
	var levels [2][]byte
	for i := 0; c.lists() && i < 2; i++ {
		if levels[i], body, err = cutLevels(body); err != nil {
			return err
		}
	}
	values := int(h.values)
	if c.lists() {
		if values, err = c.rowsOf(levels, values); err != nil {
			return err
		}
	} else if h.values != c.end-c.first {
		return errPage
	}
	return c.decodeValues(h.encoding, body, values)
}

func cutLevels(p []byte) (levels, rest []byte, err error) {
	if len(p) < 4 {
		return nil, nil, errPage
	}
	n := uint64(littleEndian(p[:4]))
	if n > uint64(len(p)-4) {
		return nil, nil, errPage
	}
	return p[4 : 4+n], p[4+n:], nil
}

// rowsOf stores in c.starts where the values of each row begin, and returns the number of values.
// An empty list has a level but no value.
func (c *column) rowsOf(levels [2][]byte, n int) (values int, err error) {
	if c.levels, err = hybrid(c.levels[:0], levels[0], 1, n); err != nil {
		return 0, err
	}
	if c.levels, err = hybrid(c.levels, levels[1], 1, n); err != nil {
		return 0, err
	}
	repeated, defined := c.levels[:n], c.levels[n:]
	c.starts = c.starts[:0]
	for i, again := range repeated {
		if again == 0 {
			c.starts = append(c.starts, uint32(values))
		} else if i == 0 {
			return 0, errPage // a page must begin with a new row
		}
		values += int(defined[i])
	}
	if int64(len(c.starts)) != c.end-c.first {
		return 0, errPage
	}
	c.starts = append(c.starts, uint32(values))
	return values, nil
}

func (c *column) decodeValues(encoding int64, p []byte, n int) (err error) {
	switch {
	case c.index == table.Timestamp && encoding == encodingDelta:
		c.times, err = deltas(p, n)
		return err
	case c.index != table.Timestamp && encoding == encodingDictionary:
		return c.decodeIDs(p, n)
	}
	return fmt.Errorf("encoding %d, which clew does not write", encoding)
}

func (c *column) decodeIDs(p []byte, n int) (err error) {
	c.ids = c.ids[:0]
	if n == 0 {
		return nil
	}
	d, err := c.dictionary()
	if err != nil {
		return err
	}
	if len(p) == 0 {
		return errPage
	}
	if c.ids, err = hybrid(c.ids, p[1:], uint(p[0]), n); err != nil {
		return err
	}
	most := uint32(0)
	for _, id := range c.ids {
		most = max(most, id)
	}
	if int(most) >= d.len() {
		return errPage
	}
	return nil
}

// of returns the strings of a row, as IDs in the dictionary. The row must be in the page that seek
// has decoded.
func (c *column) of(row int64) []uint32 {
	i := row - c.first
	if !c.lists() {
		return c.ids[i : i+1]
	}
	return c.ids[c.starts[i]:c.starts[i+1]]
}
