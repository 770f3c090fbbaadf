package read

import "fmt"

type group struct {
	rows   int64
	have   int // the number of chunks in the footer
	chunks [columns]chunk
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

// maxRows is the largest number of rows of a row group. Because of this limit, row numbers fit
// into 32 bits, and a search needs little memory.
const maxRows = 1 << 24

func (g *group) check(size int64) error {
	if g.rows < 0 || g.rows > maxRows {
		return fmt.Errorf("it cannot have %d rows", g.rows)
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
