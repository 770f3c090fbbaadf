package servicemap

import (
	"slices"
	"strings"
	"sync"
)

// The numbers of two names that every table has: "" and otherText.
const (
	noName    = 0
	otherName = 1
)

// otherText is the common name of everything beyond the limits.
const otherText = "(other)"

// nameBytes is how long a name may be, in bytes.
const nameBytes = 200

// A table gives numbers to names. It is safe for concurrent use.
type table struct {
	most int

	mu     sync.Mutex
	of     map[string]uint16
	names  []string
	isFull bool // there were more names than most
}

func newTable(most int) *table {
	return &table{most: most, of: map[string]uint16{"": noName, otherText: otherName}, names: []string{"", otherText}}
}

// number returns the number of a name.
func (t *table) number(name string) uint16 {
	if len(name) > nameBytes {
		name = strings.ToValidUTF8(name[:nameBytes-len("…")], "") + "…"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	n, ok := t.of[name]
	switch {
	case ok:
		return n
	case len(t.names) >= t.most+2:
		t.isFull = true
		return otherName
	}
	n = uint16(len(t.names))
	name = strings.ToValidUTF8(strings.Clone(name), "\uFFFD")
	t.names = append(t.names, name)
	t.of[name] = n
	return n
}

// full reports whether there were more names than the table has room for.
func (t *table) full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.isFull
}

// sorted returns the names in order, and for each number the index of its name in that order. A
// number depends on which source is read first. An index does not.
func (t *table) sorted() (names []string, at []uint16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	names = slices.Clone(t.names)
	slices.Sort(names[2:])
	at = make([]uint16, len(names))
	for i, name := range names {
		at[t.of[name]] = uint16(i)
	}
	return names, at
}

// A cache has the numbers of recent names, for one goroutine.
type cache[K comparable] map[K]uint16

// mostCached is how many names a cache has.
const mostCached = 4096

func (c cache[K]) keep(key K, number uint16) {
	if len(c) == mostCached {
		clear(c)
	}
	c[key] = number
}
