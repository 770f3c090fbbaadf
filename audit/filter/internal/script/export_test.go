package script

import (
	"time"
	"unsafe"
)

// Memory returns how many bytes the scope has allocated.
func (s *Script) Memory() int { return s.engine.heap.used }

// HastyLimit is the watchdog's limit in a Script that Hasty made.
const HastyLimit = nativeBudgets * callBudget / 10

// BriskLimit is the watchdog's limit in a Script that Brisk made.
const BriskLimit = 3 * HastyLimit

// Bite makes the scope's memory inaccessible at once, as the watchdog does when a native function
// does not return.
func (s *Script) Bite() {
	w := &s.watchdog
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.bitten = w.arena.pages.lock() == nil
}

// Arena is a heap without an engine.
type Arena struct{ heap heap }

// NewArena maps an Arena.
func NewArena() (*Arena, error) {
	a, err := newArena()
	return &Arena{heap{arena: a}}, err
}

// Malloc returns a block of size bytes, or nil if there is no memory.
func (a *Arena) Malloc(size int) []byte { return block(a.heap.malloc(size), size) }

// Realloc frees the block b, and returns a block of size bytes that begins with the bytes of b. If
// there is no memory, it returns nil, and b stays allocated.
func (a *Arena) Realloc(b []byte, size int) []byte {
	return block(a.heap.realloc(uintptr(unsafe.Pointer(unsafe.SliceData(b))), size), size)
}

// Free frees a block.
func (a *Arena) Free(b []byte) { a.heap.free(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// Used returns how many bytes are allocated, and whether the arena is in the same state as a new
// one.
func (a *Arena) Used() (bytes int, isNew bool) {
	return a.heap.used, a.heap.arena.top == 1 && a.heap.arena.last == 0 && a.heap.arena.some == [3]uint64{}
}

// Unmap frees the arena's memory.
func (a *Arena) Unmap() error { return a.heap.arena.pages.unmap() }

func block(p uintptr, size int) []byte {
	if p == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(at(p)), usable(p))[:size]
}

// Limits of a scope.
const (
	MaxSource = maxSource
	MaxMemory = maxMemory
)

// LateMeter simulates a call that began an hour ago by the clock. Its thread has used no processor
// time since. LateMeter returns the results of the meter's methods poll and end.
func LateMeter() (stopped bool, over time.Duration) {
	var m meter
	m.read()
	m.clock -= time.Hour
	m.began = m.clock
	m.start(callBudget)
	stopped, _ = m.poll()
	return stopped, m.end()
}

// Hoist is hoist.
var Hoist = hoist

// Patient is New with a thousand times the processor time. It is for tests that do not test this
// limit, so that they pass on a machine of any speed.
func Patient(name, source string, firstLine int) (*Script, error) {
	return newScript(name, source, firstLine, 1000*callBudget)
}

// Hasty is New with a tenth of the processor time, for tests that exceed this limit.
func Hasty(name, source string, firstLine int) (*Script, error) {
	return newScript(name, source, firstLine, callBudget/10)
}

// Brisk is New with three tenths of the processor time, for a test that must exceed one limit and
// stay below the others.
func Brisk(name, source string, firstLine int) (*Script, error) {
	return newScript(name, source, firstLine, callBudget*3/10)
}

// Unwatched is Hasty without a watchdog, for tests of a native function that returns late.
func Unwatched(name, source string, firstLine int) (*Script, error) {
	s, err := Hasty(name, source, firstLine)
	if err == nil {
		s.watchdog.limit = time.Hour
	}
	return s, err
}
