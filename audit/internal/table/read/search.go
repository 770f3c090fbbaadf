package read

import (
	"encoding/binary"
	"errors"
	"slices"
	"sort"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/bloom/xxhash"

	"example.com/clew/audit/internal/table"
)

// Filter is the rows that are asked for: those that all of it holds for. Empty fields ask
// nothing.
type Filter struct {
	TraceIDs  []string    // one of these
	Values    []string    // each of these, under any key
	Pairs     [][2]string // each of these: a key and its value
	AnyValue  []string    // one of these, under any key
	App       string
	Message   string
	TraceName string
	Since     int64 // microseconds; from it on
	Until     int64 // microseconds; before it
}

// Hit is a row that a Filter holds for.
type Hit struct {
	Row  uint32
	Time int64
}

// Search returns the rows that q holds for, in ascending order.
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

// Cost returns about how many bytes Search and Read read of the file, beside its footer, where no
// Bloom filter spares more than that. Rows says that all rows found are read as well.
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

func (q *Filter) reads(column int) bool {
	switch column {
	case table.Timestamp:
		return true
	case table.App:
		return q.App != ""
	case table.Message:
		return q.Message != ""
	case table.TraceNames:
		return q.TraceName != ""
	}
	return false
}

// Narrow reports whether Bloom filters can be asked.
func (q *Filter) Narrow() bool { return len(q.TraceIDs) > 0 || len(q.All()) > 0 }

// All returns all values that q names, so that Bloom filters can be asked.
func (q *Filter) All() []string {
	all := slices.Concat(q.Values, q.AnyValue)
	for _, pair := range q.Pairs {
		all = append(all, pair[1])
	}
	return all
}

// search is that of one row group.
type search struct {
	*Group
	filter *Filter
	left   []uint32 // rows that may be hits; nil: all
}

func (s *search) none() bool { return s.left != nil && len(s.left) == 0 }

// possible is false where the bounds in the footer or a Bloom filter rule the row group out.
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

// bloomHead is about the size of what lies before a Bloom filter's bits.
const bloomHead = 32

// bloomAny is whether a column may have one of values. A column without a filter may.
func (s *search) bloomAny(column int, values []string) (bool, error) {
	c := &s.chunks[column]
	if c.bloom == 0 {
		return true, nil
	}
	p, err := s.file.read(c.bloom, min(bloomHead, s.file.size-c.bloom))
	if err != nil {
		return false, err
	}
	at, size, err := parseBloom(p)
	if err != nil || size == 0 {
		return size == 0, err
	}
	at += c.bloom
	if !(span{at, size}).inside(s.file.size) {
		return false, errIndex
	}
	for _, value := range values {
		hash := xxhash.Sum64([]byte(value))
		block, err := s.file.read(at+bloom.BlockSize*int64((hash>>32)*uint64(size/bloom.BlockSize)>>32), bloom.BlockSize)
		if err != nil {
			return false, err
		}
		if bloom.MakeSplitBlockFilter(slices.Clone(block))[0].Check(uint32(hash)) {
			return true, nil
		}
	}
	return false, nil
}

// parseBloom returns where after the head the bits begin, and how many bytes they are: 0 for a
// filter of a kind that is not known, which is not asked.
func parseBloom(p []byte) (at, size int64, err error) {
	c := &compact{p: p}
	known := 0
	c.fields(func(id int, kind byte) bool {
		switch {
		case id == 1 && kind == kindI32:
			size = c.int()
		case id >= 2 && id <= 4 && kind == kindStruct:
			c.fields(func(member int, _ byte) bool {
				if member == 1 { // split blocks, XXH64, and no compression
					known++
				}
				return false
			})
		default:
			return false
		}
		return true
	})
	if c.bad || size < bloom.BlockSize || size%bloom.BlockSize != 0 {
		return 0, 0, errIndex
	}
	if known != 3 {
		return 0, 0, nil
	}
	return int64(len(p) - len(c.p)), size, nil
}

// traces keeps the rows of the trace IDs. The rows are in the order of the IDs, so that the
// column index says which pages can have them.
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

// pagesOf returns the rows of the pages whose bounds one of the values lies in.
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

// keep keeps the rows that have one of values in column c.
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
	var only uint32 // a map's look-up for each row would be most of the work
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

// filterRows keeps the rows that are good.
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

// values keeps the rows that have the values and the pairs. The dictionary of values is the
// largest part of a row group: all use the one that was read.
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

// wantedIDs is what a row must have: each of must, and one of any where there are some.
type wantedIDs struct {
	must []uint32
	any  map[uint32]bool
}

// wanted looks the values up. All is false where the dictionary rules the row group out.
func (c *column) wanted(q *Filter) (want wantedIDs, all bool, err error) {
	d, err := c.dictionary()
	if err != nil {
		return want, false, err
	}
	must := slices.Clone(q.Values)
	for _, pair := range q.Pairs {
		must = append(must, pair[1])
	}
	for _, value := range must {
		id, ok := d.find(value)
		if !ok {
			return want, false, nil
		}
		want.must = append(want.must, id)
	}
	if len(q.AnyValue) > 0 {
		want.any = d.findAll(q.AnyValue)
	}
	return want, len(q.AnyValue) == 0 || len(want.any) > 0, nil
}

func (w *wantedIDs) in(ids []uint32) bool {
	for _, id := range w.must {
		if !slices.Contains(ids, id) {
			return false
		}
	}
	return w.any == nil || slices.ContainsFunc(ids, func(id uint32) bool { return w.any[id] })
}

// pairs keeps the rows that have the pairs, of which all have the values already.
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

// Touched returns, for each of q's AnyValue that is in the row group, the trace IDs of the rows
// that have it, limit of them at most. Rows without a trace are left out, and so are row groups
// outside q's range. The rest of q does not count.
func (g *Group) Touched(q *Filter, limit int) (map[string][]string, error) {
	s := search{Group: g, filter: q}
	possible, err := s.possible()
	if err != nil || !possible {
		return nil, err
	}
	c, err := g.column(table.ContextValue, nil)
	if err != nil {
		return nil, err
	}
	d, err := c.dictionary()
	if err != nil {
		return nil, err
	}
	rows := map[uint32][]uint32{}
	for id := range d.findAll(q.AnyValue) {
		rows[id] = nil
	}
	if len(rows) == 0 {
		return nil, nil
	}
	for row := range g.rows {
		if err := c.seek(row); err != nil {
			return nil, err
		}
		for _, id := range c.of(row) {
			if of, ok := rows[id]; ok {
				rows[id] = append(of, uint32(row))
			}
		}
	}
	traces, err := g.column(table.TraceID, nil)
	if err == nil {
		_, err = traces.dictionary()
	}
	if err != nil {
		return nil, err
	}
	touched := map[string][]string{}
	for id, of := range rows {
		ids, err := traces.again(of).distinct(limit)
		if err != nil {
			return nil, err
		}
		touched[string(d.at(id))] = ids
	}
	return touched, nil
}

// distinct returns the distinct strings of the rows that are wanted, limit of them at most.
func (c *column) distinct(limit int) (all []string, err error) {
	last, some := uint32(0), false
	for _, row := range c.want {
		if err := c.seek(int64(row)); err != nil {
			return nil, err
		}
		id := c.of(int64(row))[0]
		if some && id == last {
			continue
		}
		last, some = id, true
		if s := string(c.dict.at(id)); s != "" {
			all = append(all, s)
		}
		if len(all) == limit {
			break
		}
	}
	return all, nil
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

// findAll returns the IDs of those of values that are in d.
func (d *dictionary) findAll(values []string) map[uint32]bool {
	ids := map[uint32]bool{}
	if len(values) <= 3 {
		for _, value := range values {
			if id, ok := d.find(value); ok {
				ids[id] = true
			}
		}
		return ids
	}
	wanted := make(map[string]bool, len(values))
	lengths := make([]int, 0, len(values))
	for _, value := range values {
		wanted[value] = true
		lengths = append(lengths, len(value))
	}
	sort.Ints(lengths)
	lengths = slices.Compact(lengths)
	for id := range uint32(d.len()) {
		s := d.at(id)
		if slices.Contains(lengths, len(s)) && wanted[string(s)] {
			ids[id] = true
		}
	}
	return ids
}
