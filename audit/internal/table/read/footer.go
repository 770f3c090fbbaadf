package read

import (
	"errors"
	"fmt"

	"example.com/clew/audit/internal/table"
)

// columns is the number of leaf columns.
const columns = table.TraceNames + 1

// footer is the part of a file's footer that a search needs. Its byte slices share the memory of
// the bytes that were parsed.
type footer struct {
	rows   int64
	groups []group
	meta   map[string]string
}

var errFooter = errors.New("damaged footer")

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
