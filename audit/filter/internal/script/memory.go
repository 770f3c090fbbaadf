package script

import (
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libquickjs"
)

// heap is the memory of one scope. Nothing else allocates from it. So unmapping it frees
// everything that the engine has allocated, whatever state the engine is in.
type heap struct {
	arena *arena
	used  int
	full  bool // an allocation was refused
}

var mallocFunctions = libquickjs.TJSMallocFunctions{
	Fjs_malloc:             address(heapMalloc),
	Fjs_free:               address(heapFree),
	Fjs_realloc:            address(heapRealloc),
	Fjs_malloc_usable_size: address(heapUsable),
}

func (h *heap) malloc(size int) uintptr {
	p := h.arena.allocate(size)
	if p == 0 {
		h.full = true
		return 0
	}
	h.used += h.arena.sizeOf(p)
	return p
}

func (h *heap) free(p uintptr) {
	if p == 0 {
		return
	}
	h.used -= h.arena.sizeOf(p)
	h.arena.release(p)
}

func (h *heap) realloc(p uintptr, size int) uintptr {
	if p == 0 {
		return h.malloc(size)
	}
	if size == 0 {
		h.free(p)
		return 0
	}
	old := h.arena.sizeOf(p)
	if h.arena.resize(p, size) {
		h.used += h.arena.sizeOf(p) - old
		return p
	}
	q := h.malloc(size)
	if q != 0 {
		n := min(usable(p), size)
		copy(unsafe.Slice((*byte)(at(q)), n), unsafe.Slice((*byte)(at(p)), n))
		h.free(p)
	}
	return q
}

// heapOf returns the heap to which an allocation state belongs, and the state.
func heapOf(state uintptr) (*heap, *libquickjs.TJSMallocState) {
	s := (*libquickjs.TJSMallocState)(at(state))
	return &(*engine)(at(s.Fopaque)).heap, s
}

// note tells the engine how much memory is used. With this number, the engine decides when its
// garbage collector runs.
func (h *heap) note(s *libquickjs.TJSMallocState) { s.Fmalloc_size = libquickjs.Size_t(h.used) }

func heapMalloc(_ *libc.TLS, state uintptr, size libquickjs.Size_t) uintptr {
	h, s := heapOf(state)
	p := h.malloc(int(size))
	h.note(s)
	return p
}

func heapFree(_ *libc.TLS, state, p uintptr) {
	h, s := heapOf(state)
	h.free(p)
	h.note(s)
}

func heapRealloc(_ *libc.TLS, state, p uintptr, size libquickjs.Size_t) uintptr {
	h, s := heapOf(state)
	q := h.realloc(p, int(size))
	h.note(s)
	return q
}

func heapUsable(_ *libc.TLS, p uintptr) libquickjs.Size_t {
	return libquickjs.Size_t(usable(p))
}

// The function at returns an address in the engine's memory as a pointer. Go's garbage collector
// neither moves nor frees this memory. A value of type engine is in Go's memory, and pinned.
func at(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// address returns the address by which the engine calls the function f. The argument f must be a
// declared function, not a closure, so that its address is valid as long as the program runs.
func address(f any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&f))[1] }
