//go:build unix

package script

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// pages is a mapping, which gets memory when it is written to.
type pages struct{ memory []byte }

func mapPages(size int) (pages, error) {
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	return pages{memory}, err
}

func (p *pages) address() uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p.memory))) }

// commit makes the first bytes usable.
func (p *pages) commit(int) bool { return true }

// lock makes each use of the memory a fault. The addresses stay taken.
func (p *pages) lock() error { return unix.Mprotect(p.memory, unix.PROT_NONE) }

func (p *pages) unmap() error { return unix.Munmap(p.memory) }
