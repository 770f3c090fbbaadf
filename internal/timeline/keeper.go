package timeline

import (
	"cmp"
	"container/heap"
)

// DefaultKeptBytes is how much a [Keeper] keeps, if it is not told: a trace of 100,000 lines and
// 10,000 spans.
const DefaultKeptBytes = 256 << 20

// Keeper keeps the entries of one trace, as many as there is room for. Where there are more, it
// keeps the spans that have no parent, then the other spans, then the errors, then the other lines,
// of each the oldest. Which ones are kept does not depend on the order in which they come. It is
// not for concurrent use. Make it by [NewKeeper].
type Keeper struct {
	most    int // bytes
	bytes   int
	kept    entryHeap
	end     *Entry // of what was left out, the one that is wanted most; nil: all is kept
	leftOut int
}

// NewKeeper returns a keeper of entries that need so many bytes, with the tree that is made of
// them; 0: DefaultKeptBytes.
func NewKeeper(bytes int) *Keeper {
	if bytes <= 0 {
		bytes = DefaultKeptBytes
	}
	return &Keeper{most: bytes}
}

// Add takes an entry.
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

// Entries returns what is kept, in no order.
func (k *Keeper) Entries() []*Entry { return k.kept }

// Left is how many entries were left out.
func (k *Keeper) Left() int { return k.leftOut }

// entryBytes is about how much an entry needs in memory, and its line and span in a tree.
func entryBytes(e *Entry) int {
	const entry, field, span = 1000, 64, 1000
	n := entry + len(e.Text) + len(e.Message) + field*len(e.Fields)
	if e.Record != nil {
		n += span
	}
	return n
}

// compareWanted orders entries: those that are wanted most first.
func compareWanted(a, b *Entry) int {
	return cmp.Or(cmp.Compare(unwanted(a), unwanted(b)), a.Time.Compare(b.Time), compareInSource(a, b))
}

// unwanted is higher for entries without which a trace can be understood.
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

// entryHeap has the entry that is wanted least first.
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
