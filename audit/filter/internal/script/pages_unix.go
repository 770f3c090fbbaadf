//go:build unix

package script

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// pages is a range of addresses. The system adds memory for a page when the engine first writes to
// that page.
type pages struct{ memory []byte }

func mapPages(size int) (pages, error) {
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	return pages{memory}, err
}

func (p *pages) address() uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p.memory))) }

// commit has nothing to do, because all bytes are usable from the start.
func (p *pages) commit(int) bool { return true }

// lock makes each access to the memory a fault. The addresses stay reserved.
func (p *pages) lock() error { return unix.Mprotect(p.memory, unix.PROT_NONE) }

func (p *pages) unmap() error { return unix.Munmap(p.memory) }
