package read

import (
	"encoding/binary"
	"errors"
	"slices"

	"example.com/clew/audit/internal/table"
	"github.com/parquet-go/parquet-go/bloom"
)

// Hit is a row that matches a Filter.
type Hit struct {
	Row  uint32
	Time int64
}

// Search returns the rows that match q, in ascending order.
func (g *Group) Search(q *Filter) ([]Hit, error) {
	s := search{Group: g, filter: q}
	possible, err := s.possible()
	if err != nil || !possible {
		return nil, err
	}
	for _, step := range []func() error{s.traces, s.values, s.app, s.message, s.traceName} {
		if err := step(); err != nil || s.none() {
			return nil, err
		}
	}
	if s.left == nil {
		s.left = make([]uint32, g.rows)
		for i := range s.left {
			s.left[i] = uint32(i)
		}
	}
	hits := make([]Hit, 0, len(s.left))
	err = g.times(s.left, func(i int, us int64) {
		if us >= q.Since && us < q.Until {
			hits = append(hits, Hit{s.left[i], us})
		}
	})
	return hits, err
}

// Cost returns the approximate number of bytes that Search and Read will read of the file, without
// the footer. If Bloom filters may exclude the file, Cost counts only the bytes of these filters.
// The argument rows says whether the rows that are found will be read too.
func (f *File) Cost(q *Filter, rows bool) (n int64) {
	narrow := q.Narrow()
	for g := range f.footer.groups {
		s := search{Group: f.Group(g), filter: q}
		if !s.withinBounds() {
			continue
		}
		if narrow {
			n += int64(len(q.TraceIDs)+len(q.All())) * (bloom.BlockSize + bloomHead)
			continue
		}
		for i := range s.chunks {
			if rows || q.reads(i) {
				n += s.chunks[i].size + s.chunks[i].offsetIndex.size
			}
		}
	}
	return n
}

// search is the state of a search in one row group.
type search struct {
	*Group
	filter *Filter
	left   []uint32 // rows that may be hits; nil: all rows
}

func (s *search) none() bool { return s.left != nil && len(s.left) == 0 }

// possible returns false if the bounds in the footer or a Bloom filter exclude the row group.
func (s *search) possible() (bool, error) {
	if !s.withinBounds() {
		return false, nil
	}
	q := s.filter
	if len(q.TraceIDs) > 0 {
		if some, err := s.bloomAny(table.TraceID, q.TraceIDs); err != nil || !some {
			return false, err
		}
	}
	must := slices.Clone(q.Values)
	for _, pair := range q.Pairs {
		must = append(must, pair[1])
	}
	for _, value := range must {
		if some, err := s.bloomAny(table.ContextValue, []string{value}); err != nil || !some {
			return false, err
		}
	}
	if len(q.AnyValue) > 0 {
		return s.bloomAny(table.ContextValue, q.AnyValue)
	}
	return true, nil
}

func (s *search) withinBounds() bool {
	q := s.filter
	within := func(column int, value string) bool {
		c := &s.chunks[column]
		return !c.bounded || value >= string(c.min) && value <= string(c.max)
	}
	if s.rows == 0 || q.App != "" && !within(table.App, q.App) || q.Message != "" && !within(table.Message, q.Message) {
		return false
	}
	if len(q.TraceIDs) > 0 && !slices.ContainsFunc(q.TraceIDs, func(id string) bool { return within(table.TraceID, id) }) {
		return false
	}
	times := &s.chunks[table.Timestamp]
	if !times.bounded || len(times.min) != 8 || len(times.max) != 8 {
		return true
	}
	first, last := int64(binary.LittleEndian.Uint64(times.min)), int64(binary.LittleEndian.Uint64(times.max))
	return last >= q.Since && first < q.Until
}

// traces keeps the rows that have one of the trace IDs. Rows are in the order of the IDs, so the
// column index shows which pages may contain the IDs.
func (s *search) traces() error {
	ids := s.filter.TraceIDs
	if len(ids) == 0 {
		return nil
	}
	c, err := s.column(table.TraceID, nil)
	if err != nil {
		return err
	}
	rows, err := s.pagesOf(c, ids)
	if err != nil || len(rows) == 0 {
		s.left = []uint32{}
		return err
	}
	s.left, c.want = rows, rows
	return s.keep(c, ids)
}

// pagesOf returns the rows of the pages whose bounds include one of the values.
func (s *search) pagesOf(c *column, values []string) (rows []uint32, err error) {
	var least, most [][]byte
	if at := c.chunk.columnIndex; at.size > 0 {
		p, err := s.file.read(at.offset, at.size)
		if err != nil {
			return nil, c.wrap(err)
		}
		if least, most, err = parseColumnIndex(p); err != nil {
			return nil, c.wrap(err)
		}
	}
	if len(least) != len(c.pages) {
		return nil, c.wrap(errIndex)
	}
	for i := range c.pages {
		if slices.ContainsFunc(values, func(v string) bool { return v >= string(least[i]) && v <= string(most[i]) }) {
			for row := c.pages[i].first; row < c.pageEnd(i); row++ {
				rows = append(rows, uint32(row))
			}
		}
	}
	return rows, nil
}

// keep leaves only the rows in s.left that have one of the values in column c.
func (s *search) keep(c *column, values []string) error {
	d, err := c.dictionary()
	if err != nil {
		return err
	}
	wanted := d.findAll(values)
	if len(wanted) == 0 {
		s.left = []uint32{}
		return nil
	}
	var only uint32 // compared first, because a look-up in a map for each row would be most of the work
	for only = range wanted {
	}
	return s.filterRows(func(row int64) (bool, error) {
		if err := c.seek(row); err != nil {
			return false, err
		}
		for _, id := range c.of(row) {
			if id == only || len(wanted) > 1 && wanted[id] {
				return true, nil
			}
		}
		return false, nil
	})
}

// filterRows keeps the rows for which good returns true.
func (s *search) filterRows(good func(row int64) (bool, error)) error {
	if s.left == nil {
		kept := []uint32{}
		for row := range s.rows {
			ok, err := good(row)
			if err != nil {
				return err
			}
			if ok {
				kept = append(kept, uint32(row))
			}
		}
		s.left = kept
		return nil
	}
	kept := make([]uint32, 0, min(len(s.left), 64))
	for _, row := range s.left {
		ok, err := good(int64(row))
		if err != nil {
			return err
		}
		if ok {
			kept = append(kept, row)
		}
	}
	s.left = kept
	return nil
}

func (s *search) keepIn(index int, values ...string) error {
	if s.none() {
		return nil
	}
	c, err := s.column(index, s.left)
	if err != nil {
		return err
	}
	return s.keep(c, values)
}

// values keeps the rows that have the values and the pairs. It is one step for both, because the
// dictionary of values is the largest part of a row group and should be read only once.
func (s *search) values() error {
	q := s.filter
	if len(q.All()) == 0 {
		return nil
	}
	c, err := s.column(table.ContextValue, s.left)
	if err != nil {
		return err
	}
	want, all, err := c.wanted(q)
	if err != nil || !all {
		s.left = []uint32{}
		return err
	}
	err = s.filterRows(func(row int64) (bool, error) {
		if err := c.seek(row); err != nil {
			return false, err
		}
		return want.in(c.of(row)), nil
	})
	if err != nil || s.none() || len(q.Pairs) == 0 {
		return err
	}
	return s.pairs(c.again(s.left))
}

// pairs keeps the rows that have the pairs. All rows in s.left already have the values of the
// pairs.
func (s *search) pairs(values *column) error {
	keys, err := s.column(table.ContextKey, s.left)
	if err != nil {
		return err
	}
	keyNames, err := keys.dictionary()
	if err != nil {
		return err
	}
	var want [][2]uint32
	for _, pair := range s.filter.Pairs {
		key, ok := keyNames.find(pair[0])
		if !ok {
			s.left = []uint32{}
			return nil
		}
		value, _ := values.dict.find(pair[1])
		want = append(want, [2]uint32{key, value})
	}
	return s.filterRows(func(row int64) (bool, error) {
		if err := errors.Join(keys.seek(row), values.seek(row)); err != nil {
			return false, err
		}
		names, ids := keys.of(row), values.of(row)
		if len(names) != len(ids) {
			return false, errPage
		}
		for _, pair := range want {
			if !hasPair(names, ids, pair) {
				return false, nil
			}
		}
		return true, nil
	})
}

func hasPair(keys, values []uint32, pair [2]uint32) bool {
	for i, key := range keys {
		if key == pair[0] && values[i] == pair[1] {
			return true
		}
	}
	return false
}

func (s *search) app() error {
	if s.filter.App == "" {
		return nil
	}
	return s.keepIn(table.App, s.filter.App)
}

func (s *search) message() error {
	if s.filter.Message == "" {
		return nil
	}
	return s.keepIn(table.Message, s.filter.Message)
}

func (s *search) traceName() error {
	if s.filter.TraceName == "" {
		return nil
	}
	return s.keepIn(table.TraceNames, s.filter.TraceName)
}
