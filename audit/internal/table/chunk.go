package table

import (
	"bytes"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/format"
)

// chunk holds the indexes and the filter of a column in a row group. They are written after all
// row groups.
type chunk struct {
	bloom  bloom.SplitBlockFilter // nil: the column has no filter
	column format.ColumnIndex
	offset format.OffsetIndex
}

// bounds adds the bounds of a page that contains values.
func (c *chunk) bounds(least, greatest []byte, empty int) {
	c.column.NullPages = append(c.column.NullPages, false)
	c.addBounds(least, greatest, empty)
}

func (c *chunk) addBounds(least, greatest []byte, empty int) {
	c.column.MinValues = append(c.column.MinValues, bytes.Clone(least))
	c.column.MaxValues = append(c.column.MaxValues, bytes.Clone(greatest))
	c.column.NullCounts = append(c.column.NullCounts, int64(empty))
}
