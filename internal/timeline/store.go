package timeline

import (
	"cmp"
	"slices"
	"time"
)

// Store keeps the lines of the newest traces, as many as there is room for. A list can show these
// traces without reading the sources again. A Store is not safe for concurrent use. Make one with
// [NewStore].
type Store struct {
	most, size int // bytes
	traces     map[uint64]*keptTrace
}

// keptTrace contains the lines of all traces whose IDs have the same low half.
type keptTrace struct {
	entries []*Entry
	newest  time.Time
	size    int
}

// NewStore returns a store that keeps entries of about that many bytes.
func NewStore(most int) *Store {
	return &Store{most: most, traces: map[uint64]*keptTrace{}}
}

// Add keeps an entry with its trace. It ignores an entry without an ID.
func (k *Store) Add(e *Entry) {
	if e.Trace == (ID{}) {
		return
	}
	t := k.traces[e.Trace.Low]
	if t == nil {
		t = &keptTrace{}
		k.traces[e.Trace.Low] = t
	}
	size := entryBytes(e)
	t.entries, t.newest, t.size = append(t.entries, e), latest(t.newest, e.Time), t.size+size
	if k.size += size; k.size > k.most {
		k.drop()
	}
}

// drop removes the oldest traces, until a quarter of the room is free.
func (k *Store) drop() {
	lows := make([]uint64, 0, len(k.traces))
	for low := range k.traces {
		lows = append(lows, low)
	}
	slices.SortFunc(lows, func(a, b uint64) int {
		return cmp.Or(k.traces[a].newest.Compare(k.traces[b].newest), cmp.Compare(a, b))
	})
	for _, low := range lows {
		if k.size <= k.most/4*3 {
			return
		}
		k.size -= k.traces[low].size
		delete(k.traces, low)
	}
}

// Tree returns the tree of a trace; nil: some of its lines are not kept.
func (k *Store) Tree(s *Summary) *Tree {
	t := k.traces[s.ID.Low]
	if t == nil {
		return nil
	}
	var entries []*Entry
	for _, e := range t.entries {
		if e.Trace.Same(s.ID) {
			entries = append(entries, e)
		}
	}
	if len(entries) != s.Lines { // the store has dropped some of them
		return nil
	}
	return NewTree(NewTrace(s.ID, entries))
}
