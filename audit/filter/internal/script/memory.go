package script

import (
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libquickjs"
	"modernc.org/memory"
)

// heap is the memory of one scope. Nothing else allocates from it, so that releasing it gives
// everything back, whatever state the engine is in.
type heap struct {
	pages memory.Allocator
	used  int
	full  bool // an allocation was refused
}

var mallocFunctions = libquickjs.TJSMallocFunctions{
	Fjs_malloc:             address(heapMalloc),
	Fjs_free:               address(heapFree),
	Fjs_realloc:            address(heapRealloc),
	Fjs_malloc_usable_size: address(heapUsable),
}

// release gives the memory back.
func (h *heap) release() error { return h.pages.Close() }

func (h *heap) malloc(size int) uintptr {
	if h.used+size > maxMemory {
		h.full = true
		return 0
	}
	p, err := h.pages.UintptrMalloc(size)
	if err != nil {
		h.full = true
		return 0
	}
	h.used += memory.UintptrUsableSize(p)
	return p
}

func (h *heap) free(p uintptr) {
	if p == 0 {
		return
	}
	h.used -= memory.UintptrUsableSize(p)
	_ = h.pages.UintptrFree(p)
}

func (h *heap) realloc(p uintptr, size int) uintptr {
	if p == 0 {
		return h.malloc(size)
	}
	if size == 0 {
		h.free(p)
		return 0
	}
	old := memory.UintptrUsableSize(p)
	if h.used+size-old > maxMemory {
		h.full = true
		return 0
	}
	q, err := h.pages.UintptrRealloc(p, size)
	if err != nil {
		h.full = true
		return 0
	}
	h.used += memory.UintptrUsableSize(q) - old
	return q
}

// heapOf is the heap of an engine's allocation state.
func heapOf(state uintptr) (*heap, *libquickjs.TJSMallocState) {
	s := (*libquickjs.TJSMallocState)(at(state))
	return &(*engine)(at(s.Fopaque)).heap, s
}

// note tells the engine how much is used: its collector runs by that.
func (h *heap) note(s *libquickjs.TJSMallocState) { s.Fmalloc_size = libquickjs.Size_t(h.used) }

func heapMalloc(_ *libc.TLS, state uintptr, size libquickjs.Size_t) uintptr {
	h, s := heapOf(state)
	defer h.note(s)
	return h.malloc(int(size))
}

func heapFree(_ *libc.TLS, state, p uintptr) {
	h, s := heapOf(state)
	defer h.note(s)
	h.free(p)
}

func heapRealloc(_ *libc.TLS, state, p uintptr, size libquickjs.Size_t) uintptr {
	h, s := heapOf(state)
	defer h.note(s)
	return h.realloc(p, int(size))
}

func heapUsable(_ *libc.TLS, p uintptr) libquickjs.Size_t {
	return libquickjs.Size_t(memory.UintptrUsableSize(p))
}

// at is the memory at an address of the engine's. The engine's memory is not Go's: the collector
// neither moves nor frees it. An engine itself is Go's, and pinned.
func at(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// address is what the engine calls a function by. The function is declared, and no closure: those
// have an address for as long as the program runs.
func address(f any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&f))[1] }
