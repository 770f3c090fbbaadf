package table

import (
	"encoding/hex"

	"example.com/clew/audit/internal/segment"
)

// group holds the rows of a row group, by columns.
type group struct {
	time    []int64
	trace   column
	app     column
	message column
	key     column
	value   column
	name    column
	pairs   []uint32 // for each row, the index after its last pair in key and value
	names   []uint32 // for each row, the index after its last name in name

	ownApp int64    // the index of the app that records without an app get; -1: not known yet
	last   []byte   // the last record's pairs, as they are encoded
	inRow  []uint32 // for each key, the number of the last row that has it, plus 1
	at     []uint32 // for each key, the position of its value in that row
}

// column is a column of strings: the distinct strings, and the index of each value.
type column struct {
	*dictionary
	indexes []uint32
}

func newGroup() group {
	g := group{}
	for _, c := range g.columns() {
		c.dictionary = newDictionary()
	}
	return g
}

func (g *group) columns() []*column {
	return []*column{&g.trace, &g.app, &g.message, &g.key, &g.value, &g.name}
}

func (g *group) reset() {
	for _, c := range g.columns() {
		c.reset()
		c.indexes = c.indexes[:0]
	}
	g.time, g.pairs, g.names = g.time[:0], g.pairs[:0], g.names[:0]
	g.inRow, g.at = g.inRow[:0], g.at[:0]
	g.ownApp = -1
}

func (g *group) rows() int { return len(g.time) }

func (g *group) full() bool {
	return len(g.time) >= maxGroupRows ||
		len(g.value.indexes)+len(g.name.indexes) >= maxGroupValues ||
		len(g.value.plain)+len(g.key.plain)+len(g.message.plain)+len(g.app.plain)+len(g.name.plain) >= maxGroupBytes
}

// add adds a record. The argument same says that the previous record is of the same trace.
func (g *group) add(r *segment.Record, app []byte, same bool) {
	g.time = append(g.time, r.Time)
	if !same || len(g.trace.at) == 0 {
		var text [32]byte
		g.trace.add(hex.AppendEncode(text[:0], r.TraceID)) // traces come in order, so each one is new
	}
	g.trace.indexes = append(g.trace.indexes, uint32(len(g.trace.at)-1))
	g.app.indexes = append(g.app.indexes, g.appIndex(r.App, app))
	g.message.indexes = append(g.message.indexes, g.message.index(r.Message))
	g.addPairs(r.RawPairs())
	for name := range r.Names() {
		g.name.indexes = append(g.name.indexes, g.name.index(name))
	}
	g.names = append(g.names, uint32(len(g.name.indexes)))
}

func (g *group) appIndex(app, own []byte) uint32 {
	if app != nil {
		return g.app.index(app)
	}
	if g.ownApp < 0 {
		g.ownApp = int64(g.app.index(own))
	}
	return uint32(g.ownApp)
}

// addPairs adds a record's pairs. The records of a trace often have the same pairs. addPairs then
// copies the indexes of the previous record.
func (g *group) addPairs(raw []byte) {
	begin := len(g.value.indexes)
	if rows := len(g.pairs); rows > 0 && string(raw) == string(g.last) {
		from := uint32(0)
		if rows > 1 {
			from = g.pairs[rows-2]
		}
		g.key.indexes = append(g.key.indexes, g.key.indexes[from:begin]...)
		g.value.indexes = append(g.value.indexes, g.value.indexes[from:begin]...)
		g.pairs = append(g.pairs, uint32(len(g.value.indexes)))
		return
	}
	g.last = append(g.last[:0], raw...)
	row := uint32(len(g.pairs) + 1)
	for len(raw) > 0 {
		key, value, rest, ok := segment.NextPair(raw)
		if !ok {
			break
		}
		raw = rest
		k, v := g.key.index(key), g.value.index(value)
		if int(k) == len(g.inRow) {
			g.inRow, g.at = append(g.inRow, 0), append(g.at, 0)
		}
		if g.inRow[k] == row {
			g.value.indexes[g.at[k]] = v
			continue
		}
		g.inRow[k], g.at[k] = row, uint32(len(g.value.indexes))
		g.key.indexes = append(g.key.indexes, k)
		g.value.indexes = append(g.value.indexes, v)
	}
	g.pairs = append(g.pairs, uint32(len(g.value.indexes)))
}

// pages returns the end of each page, as a row number. It reuses the memory of the slice ends.
func (g *group) pages(ends []int) []int {
	ends = ends[:0]
	var row, values uint32
	for i := range g.time {
		n := g.pairs[i] + g.names[i]
		if i > int(row) && (i-int(row) >= maxPageRows || n-values > maxPageValues) {
			ends = append(ends, i)
			row, values = uint32(i), g.pairs[i-1]+g.names[i-1]
		}
	}
	return append(ends, len(g.time))
}
