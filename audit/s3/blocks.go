package s3

import (
	"slices"
	"sync"
)

// blocks caches the blocks of a file that were read last. If several goroutines read the same
// block, they wait for one request. One request gets all missing blocks that are neighbours. The
// zero value is ready to use.
type blocks struct {
	mu     sync.Mutex
	cached map[int64]*block
	recent []int64 // the keys of the map cached; the key that was used last is at the end
}

// block is a block of a file. Its request may still be under way.
type block struct {
	done chan struct{} // closed when data and err are set
	data []byte
	err  error
}

func (b *blocks) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cached, b.recent = nil, nil
}

// read fills p with the bytes of the file from the offset at.
func (b *blocks) read(r *reader, p []byte, at int64) error {
	first, last := at/blockSize, (at+int64(len(p))-1)/blockSize
	all, missing := b.claim(first, last)
	for len(missing) > 0 { // first, because other readers may wait for these blocks
		n := 1
		for n < len(missing) && missing[n] == missing[0]+int64(n) {
			n++
		}
		b.fetch(r, missing[0], all[missing[0]-first:][:n])
		missing = missing[n:]
	}
	for i, block := range all {
		<-block.done
		if block.err != nil {
			return block.err
		}
		begin := (first + int64(i)) * blockSize
		copy(p[max(0, begin-at):], block.data[max(0, at-begin):])
	}
	return nil
}

// claim returns the blocks from first to last, and the numbers of those that the caller must
// fetch.
func (b *blocks) claim(first, last int64) (all []*block, missing []int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cached == nil {
		b.cached = map[int64]*block{}
	}
	for i := first; i <= last; i++ {
		is := b.cached[i]
		if is == nil {
			is = &block{done: make(chan struct{})}
			b.cached[i] = is
			missing = append(missing, i)
		}
		all = append(all, is)
		b.recent = append(slices.DeleteFunc(b.recent, func(other int64) bool { return other == i }), i)
	}
	for len(b.recent) > maxBlocks {
		delete(b.cached, b.recent[0])
		b.recent = b.recent[1:]
	}
	return all, missing
}

// fetch gets neighbouring blocks with one request. If the request fails, the next read tries
// again.
func (b *blocks) fetch(r *reader, first int64, these []*block) {
	begin := first * blockSize
	end := min(begin+int64(len(these))*blockSize, r.bodyEnd)
	body, err := r.fetch(r.ctx, begin, end-begin)
	if err != nil {
		b.forget(first, these)
	}
	for i, is := range these {
		if is.err = err; err == nil {
			is.data = body[int64(i)*blockSize : min(int64(i+1)*blockSize, end-begin)]
		}
		close(is.done)
	}
}

func (b *blocks) forget(first int64, these []*block) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, is := range these {
		if at := first + int64(i); b.cached[at] == is {
			delete(b.cached, at)
			b.recent = slices.DeleteFunc(b.recent, func(other int64) bool { return other == at })
		}
	}
}
