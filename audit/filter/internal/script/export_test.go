package script

import (
	"time"
	"unsafe"
)

// Memory is how much memory the scope has.
func (s *Script) Memory() int { return s.engine.heap.used }

// HastyLimit is the limit of the watchdog of a Script by Hasty.
const HastyLimit = nativeBudgets * callBudget / 10

// BriskLimit is that of a Script by Brisk.
const BriskLimit = 3 * HastyLimit

// Bite is what the watchdog does to a native function that does not return, at once.
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

// Malloc is a block of size bytes; nil without memory.
func (a *Arena) Malloc(size int) []byte { return block(a.heap.malloc(size), size) }

// Realloc is a block of size bytes that begins as the block b does, which is freed; nil without
// memory.
func (a *Arena) Realloc(b []byte, size int) []byte {
	return block(a.heap.realloc(uintptr(unsafe.Pointer(unsafe.SliceData(b))), size), size)
}

// Free frees a block.
func (a *Arena) Free(b []byte) { a.heap.free(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// Used is how much is allocated, and whether the arena is as it was when it was new.
func (a *Arena) Used() (bytes int, isNew bool) {
	return a.heap.used, a.heap.arena.top == 1 && a.heap.arena.last == 0 && a.heap.arena.some == [3]uint64{}
}

// Unmap gives the memory back.
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

// LateMeter is a meter in a call that began an hour ago on the clock, in a thread that has used
// none of its processor since.
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

// Patient is New with a thousand times the processor time, for tests of what has nothing to do
// with it, on a machine of any speed.
func Patient(name, source string, firstLine int) (*Script, error) {
	return newScript(name, source, firstLine, 1000*callBudget)
}

// Hasty is New with a tenth of the processor time, for tests that use it up.
func Hasty(name, source string, firstLine int) (*Script, error) {
	return newScript(name, source, firstLine, callBudget/10)
}

// Brisk is New with three tenths of the processor time, for a test that nears all limits but one.
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
