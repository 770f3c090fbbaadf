package script

import (
	"math/bits"
	"unsafe"
)

// arena allocates from one mapping of a fixed size. So the size of the mapping bounds the memory
// of a scope, even if the free blocks are scattered.
//
// A block consists of cells of 16 bytes. The engine gets an address that is a multiple of 16. The
// block's header is in the 8 bytes in front of that address. The header contains the size of the
// previous block, and the block's own size with a bit that says whether the block is used. A free
// block is joined with free neighbours at once. Free blocks are in lists by size, and the blocks
// themselves contain the links of the lists. Words are read through a slice, so a header that the
// engine has overwritten leads to a panic at worst, and never to a write to other memory.
type arena struct {
	pages pages
	words []uint32
	base  uintptr
	top   uint32 // the cell after the last block; it and all cells after it are free
	last  uint32 // the size of the last block, in cells
	lists [listCount]uint32
	some  [listCount / 64]uint64 // a bit for each list, set if the list is not empty
}

const (
	cellSize   = 16
	headerSize = 8
	usedBit    = 1

	// Free blocks of fewer than exactSizes cells are in a list for their exact size. For larger
	// blocks there are listsPerPower lists between one power of two and the next.
	exactSizes    = 64
	powerBits     = 3
	listsPerPower = 1 << powerBits
	listCount     = 192
)

// newArena maps the memory of a scope.
func newArena() (*arena, error) {
	p, err := mapPages(maxMemory)
	if err != nil {
		return nil, err
	}
	base := p.address()
	return &arena{pages: p, base: base, words: unsafe.Slice((*uint32)(at(base)), maxMemory/4), top: 1}, nil
}

func (a *arena) before(b uint32) *uint32 { return &a.words[4*b+2] }
func (a *arena) header(b uint32) *uint32 { return &a.words[4*b+3] }
func (a *arena) next(b uint32) *uint32   { return &a.words[4*b+4] }
func (a *arena) prev(b uint32) *uint32   { return &a.words[4*b+5] }

func (a *arena) addressOf(b uint32) uintptr  { return a.base + cellSize*uintptr(b+1) }
func (a *arena) blockOf(addr uintptr) uint32 { return uint32((addr-a.base)/cellSize) - 1 }
func (a *arena) sizeOf(addr uintptr) int     { return cellSize * int(*a.header(a.blockOf(addr))>>1) }
func cellsOf(size int) uint32                { return uint32((size + headerSize + cellSize - 1) / cellSize) }
func usable(addr uintptr) int                { return cellSize*int(*(*uint32)(at(addr - 4))>>1) - headerSize }
func (a *arena) set(b, cells, used uint32) {
	*a.header(b) = cells<<1 | used
	a.setBefore(b+cells, cells)
}
func (a *arena) room() uint32 { return maxMemory/cellSize - 1 - a.top }

// setBefore stores the size of the previous block in the header of the block b.
func (a *arena) setBefore(b, cells uint32) {
	if b == a.top {
		a.last = cells
		return
	}
	*a.before(b) = cells
}

// listOf returns the index of the list for free blocks of a size.
func listOf(cells uint32) uint32 {
	if cells < exactSizes {
		return cells
	}
	power := uint32(bits.Len32(cells)) - 1
	return exactSizes + (power-6)*listsPerPower + cells>>(power-powerBits) - listsPerPower
}

func (a *arena) push(b, cells uint32) {
	i := listOf(cells)
	first := a.lists[i]
	*a.next(b), *a.prev(b) = first, 0
	if first != 0 {
		*a.prev(first) = b
	}
	a.lists[i] = b
	a.some[i/64] |= 1 << (i % 64)
}

func (a *arena) remove(b, cells uint32) {
	next, prev := *a.next(b), *a.prev(b)
	if next != 0 {
		*a.prev(next) = prev
	}
	if prev != 0 {
		*a.next(prev) = next
		return
	}
	i := listOf(cells)
	a.lists[i] = next
	if next == 0 {
		a.some[i/64] &^= 1 << (i % 64)
	}
}

// find returns a free block that has at least the given number of cells, or 0. It looks first in
// the lists in which every block is large enough. If these lists are empty, and too few cells are
// free after top, it searches the list in which only some blocks are large enough.
func (a *arena) find(cells uint32) uint32 {
	from := listOf(cells)
	if cells >= exactSizes {
		from = listOf(cells + 1<<(bits.Len32(cells)-1-powerBits) - 1)
	}
	if b := a.firstFrom(from); b != 0 {
		return b
	}
	if a.room() >= cells {
		return 0
	}
	for b := a.lists[listOf(cells)]; b != 0; b = *a.next(b) {
		if *a.header(b)>>1 >= cells {
			return b
		}
	}
	return 0
}

func (a *arena) firstFrom(list uint32) uint32 {
	mask := ^uint64(0) << (list % 64)
	for i := list / 64; i < uint32(len(a.some)); i++ {
		if found := a.some[i] & mask; found != 0 {
			return a.lists[i*64+uint32(bits.TrailingZeros64(found))]
		}
		mask = ^uint64(0)
	}
	return 0
}

// allocate returns the address of a new block, or 0 if there is no memory for it.
func (a *arena) allocate(size int) uintptr {
	if size < 0 || size >= maxMemory {
		return 0
	}
	cells := cellsOf(size)
	if b := a.find(cells); b != 0 {
		total := *a.header(b) >> 1
		a.remove(b, total)
		a.take(b, total, cells)
		return a.addressOf(b)
	}
	b := a.top
	if a.room() < cells || !a.pages.commit(cellSize*int(b+cells+1)) {
		return 0
	}
	*a.before(b) = a.last
	a.top += cells
	a.set(b, cells, usedBit)
	return a.addressOf(b)
}

// take marks the first part of the block b as used, and frees the rest. The argument total is the
// size of the block in cells, and the argument cells is the size of the first part.
func (a *arena) take(b, total, cells uint32) {
	a.set(b, cells, usedBit)
	if total > cells {
		a.set(b+cells, total-cells, usedBit)
		a.give(b + cells)
	}
}

// release frees the block at an address.
func (a *arena) release(addr uintptr) { a.give(a.blockOf(addr)) }

// give frees a block, and joins it with free neighbours.
func (a *arena) give(b uint32) {
	cells := *a.header(b) >> 1
	if before := *a.before(b); before != 0 && *a.header(b - before)&usedBit == 0 {
		b -= before
		a.remove(b, before)
		cells += before
	}
	if end := b + cells; end == a.top {
		a.last = *a.before(b)
		a.top = b
		return
	} else if h := *a.header(end); h&usedBit == 0 {
		a.remove(end, h>>1)
		cells += h >> 1
	}
	a.set(b, cells, 0)
	a.push(b, cells)
}

// resize changes the size of a block in place, if it can.
func (a *arena) resize(addr uintptr, size int) bool {
	if size < 0 || size >= maxMemory {
		return false
	}
	b, cells := a.blockOf(addr), cellsOf(size)
	total := *a.header(b) >> 1
	if total >= cells {
		a.take(b, total, cells)
		return true
	}
	end := b + total
	if end == a.top {
		if a.room() < cells-total || !a.pages.commit(cellSize*int(b+cells+1)) {
			return false
		}
		a.top = b + cells
		a.set(b, cells, usedBit)
		return true
	}
	h := *a.header(end)
	if h&usedBit != 0 || total+h>>1 < cells {
		return false
	}
	a.remove(end, h>>1)
	a.take(b, total+h>>1, cells)
	return true
}
