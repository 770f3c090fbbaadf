package read

import "errors"

// location is the position of a data page, and its first row.
type location struct {
	offset int64
	size   int64
	first  int64
}

func parseOffsetIndex(p []byte, rows, size int64) (pages []location, err error) {
	c := &compact{p: p}
	c.fields(func(id int, kind byte) bool {
		if id != 1 || kind != kindList {
			return false
		}
		c.each(kindStruct, func() { pages = append(pages, c.location()) })
		return true
	})
	if c.bad {
		return nil, errIndex
	}
	for i, page := range pages {
		last := int64(-1)
		if i > 0 {
			last = pages[i-1].first
		}
		if !(span{page.offset, page.size}).inside(size) || page.first <= last || page.first >= rows || i == 0 && page.first != 0 {
			return nil, errIndex
		}
	}
	if len(pages) == 0 && rows > 0 {
		return nil, errIndex
	}
	return pages, nil
}

var errIndex = errors.New("damaged page index")

func (c *compact) location() (l location) {
	c.fields(func(id int, kind byte) bool {
		switch {
		case id == 1 && kind == kindI64:
			l.offset = c.int()
		case id == 2 && kind == kindI32:
			l.size = c.int()
		case id == 3 && kind == kindI64:
			l.first = c.int()
		default:
			return false
		}
		return true
	})
	return l
}

// parseColumnIndex returns the least and the greatest value of each page.
func parseColumnIndex(p []byte) (least, most [][]byte, err error) {
	c := &compact{p: p}
	c.fields(func(id int, kind byte) bool {
		if kind != kindList || id < 2 || id > 3 {
			return false
		}
		c.each(kindBinary, func() {
			if id == 2 {
				least = append(least, c.bytes())
			} else {
				most = append(most, c.bytes())
			}
		})
		return true
	})
	if c.bad || len(least) != len(most) {
		return nil, nil, errIndex
	}
	return least, most, nil
}
