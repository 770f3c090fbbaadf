package script

import "golang.org/x/sys/windows"

// pages is a range of addresses. The field committed is how many of its bytes have memory, from
// the start of the range.
type pages struct {
	base      uintptr
	size      int
	committed int
}

// commitStep is how many bytes are committed at a time.
const commitStep = 1 << 20

func mapPages(size int) (pages, error) {
	base, err := windows.VirtualAlloc(0, uintptr(size), windows.MEM_RESERVE, windows.PAGE_READWRITE)
	return pages{base: base, size: size}, err
}

func (p *pages) address() uintptr { return p.base }

// commit makes the given number of bytes, from the start of the range, usable.
func (p *pages) commit(bytes int) bool {
	if bytes <= p.committed {
		return true
	}
	to := min(p.size, (bytes+commitStep-1)/commitStep*commitStep)
	_, err := windows.VirtualAlloc(p.base+uintptr(p.committed), uintptr(to-p.committed), windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return false
	}
	p.committed = to
	return true
}

// lock makes each access to the memory a fault. The addresses stay reserved.
func (p *pages) lock() error {
	return windows.VirtualFree(p.base, uintptr(p.size), windows.MEM_DECOMMIT)
}

func (p *pages) unmap() error { return windows.VirtualFree(p.base, 0, windows.MEM_RELEASE) }
