package read

import (
	"slices"

	"example.com/clew/audit/internal/table"
)

// Group is a row group. It keeps the parts that were read, so that a second search reads less.
// Only one goroutine at a time may use it.
type Group struct {
	file         *File
	chunks       *[columns]chunk
	rows         int64
	columns      [columns]*column
	dictionaries [columns]*dictionary
}

// Group returns a row group.
func (f *File) Group(n int) *Group {
	g := &f.footer.groups[n]
	return &Group{file: f, chunks: &g.chunks, rows: g.rows}
}

// Strings returns the distinct strings of a column, in no particular order.
func (g *Group) Strings(index int) ([]string, error) {
	c, err := g.column(index, nil)
	if err != nil {
		return nil, err
	}
	d, err := c.dictionary()
	if err != nil {
		return nil, err
	}
	all := make([]string, d.len())
	for i := range all {
		all[i] = string(d.at(uint32(i)))
	}
	return all, nil
}

// Row is a row of the table.
type Row struct {
	Time       int64 // microseconds since 1970, UTC
	TraceID    string
	App        string
	Message    string
	Context    map[string]string // nil if there are none
	TraceNames []string          // nil if there are none
}

// Read returns the rows whose numbers are given, in ascending order.
func (g *Group) Read(numbers []uint32) ([]Row, error) {
	rows := make([]Row, len(numbers))
	err := g.times(numbers, func(i int, us int64) { rows[i].Time = us })
	if err != nil {
		return nil, err
	}
	for index, to := range map[int]func(i int) *string{
		table.TraceID: func(i int) *string { return &rows[i].TraceID },
		table.App:     func(i int) *string { return &rows[i].App },
		table.Message: func(i int) *string { return &rows[i].Message },
	} {
		err := g.strings(index, numbers, func(i int, s []string) { *to(i) = s[0] })
		if err != nil {
			return nil, err
		}
	}
	err = g.strings(table.TraceNames, numbers, func(i int, s []string) { rows[i].TraceNames = append([]string(nil), s...) })
	if err != nil {
		return nil, err
	}
	keys := make([][]string, len(rows))
	err = g.strings(table.ContextKey, numbers, func(i int, s []string) { keys[i] = slices.Clone(s) })
	if err != nil {
		return nil, err
	}
	odd := false
	err = g.strings(table.ContextValue, numbers, func(i int, s []string) {
		if len(s) != len(keys[i]) {
			odd = true
			return
		}
		for j, value := range s {
			if rows[i].Context == nil {
				rows[i].Context = make(map[string]string, len(s))
			}
			rows[i].Context[keys[i][j]] = value
		}
	})
	if odd {
		err = errPage
	}
	return rows, err
}

// strings calls do for each row, with the strings of the row in a column. It makes each distinct
// string once. The slice s is valid until do returns.
func (g *Group) strings(index int, numbers []uint32, do func(i int, s []string)) error {
	c, err := g.column(index, numbers)
	if err != nil {
		return err
	}
	var s []string
	made := map[uint32]string{}
	for i, row := range numbers {
		if err := c.seek(int64(row)); err != nil {
			return err
		}
		s = s[:0]
		for _, id := range c.of(int64(row)) {
			text, ok := made[id]
			if !ok {
				text = string(c.dict.at(id))
				made[id] = text
			}
			s = append(s, text)
		}
		do(i, s)
	}
	return nil
}

// times calls do for each row, with the time of the row.
func (g *Group) times(numbers []uint32, do func(i int, us int64)) error {
	c, err := g.column(table.Timestamp, numbers)
	if err != nil {
		return err
	}
	for i, row := range numbers {
		if err := c.seek(int64(row)); err != nil {
			return err
		}
		do(i, c.times[int64(row)-c.first])
	}
	return nil
}
