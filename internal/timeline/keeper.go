package timeline

import (
	"cmp"
	"container/heap"
)

// DefaultKeptBytes is the memory of a [Keeper] by default. It is enough for a trace of 100,000
// lines and 10,000 spans.
const DefaultKeptBytes = 256 << 20

// Keeper keeps the entries of one trace, as many as there is room for. It prefers spans without a
// parent, then other spans, then errors, then other lines. Among entries of one kind, it prefers
// the oldest. The order of the calls to Add does not matter. A Keeper is not safe for concurrent
// use. Make one with [NewKeeper].
type Keeper struct {
	most    int // the largest number of bytes
	bytes   int
	kept    entryHeap
	end     *Entry // the most wanted entry that was left out; nil: all are kept
	leftOut int
}

// NewKeeper returns a Keeper whose entries and their tree together need at most about that many
// bytes; 0 means DefaultKeptBytes.
func NewKeeper(bytes int) *Keeper {
	if bytes <= 0 {
		bytes = DefaultKeptBytes
	}
	return &Keeper{most: bytes}
}

// Add adds an entry. If there is no room, Add leaves out the least wanted entries.
func (k *Keeper) Add(e *Entry) {
	if k.end != nil && compareWanted(e, k.end) >= 0 {
		k.leftOut++
		return
	}
	k.bytes += entryBytes(e)
	heap.Push(&k.kept, e)
	for k.bytes > k.most {
		k.end = heap.Pop(&k.kept).(*Entry)
		k.bytes -= entryBytes(k.end)
		k.leftOut++
	}
}

// Entries returns the kept entries, in no particular order.
func (k *Keeper) Entries() []*Entry { return k.kept }

// Left returns the number of entries that were left out.
func (k *Keeper) Left() int { return k.leftOut }

// entryBytes returns roughly the memory of an entry, with its line and span in a tree.
func entryBytes(e *Entry) int {
	const entry, field, span = 1000, 64, 1000
	n := entry + len(e.Text) + len(e.Message) + field*len(e.Fields)
	if e.Record != nil {
		n += span
	}
	return n
}

// compareWanted orders entries, the most wanted first.
func compareWanted(a, b *Entry) int {
	return cmp.Or(cmp.Compare(unwanted(a), unwanted(b)), a.Time.Compare(b.Time), compareInSource(a, b))
}

// unwanted returns a higher number for an entry that helps less to understand a trace.
func unwanted(e *Entry) int {
	switch {
	case e.Record != nil && e.Parent == "":
		return 0
	case e.Record != nil:
		return 1
	case isError(e.Level):
		return 2
	}
	return 3
}

// entryHeap is a heap with the least wanted entry first.
type entryHeap []*Entry

func (h entryHeap) Len() int           { return len(h) }
func (h entryHeap) Less(i, j int) bool { return compareWanted(h[i], h[j]) > 0 }
func (h entryHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *entryHeap) Push(e any)        { *h = append(*h, e.(*Entry)) }

func (h *entryHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
