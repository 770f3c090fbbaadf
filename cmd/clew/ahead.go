package main

import "io"

const (
	// aheadBlocks is how many blocks are read ahead.
	aheadBlocks = 4

	// aheadSize is the length of one.
	aheadSize = 256 << 10
)

// ahead reads a source in a goroutine, further than is asked for: the next blocks are decompressed
// while the last ones are searched. It must be closed, which ends the goroutine.
type ahead struct {
	source io.Closer // what the goroutine may wait for
	blocks chan block
	free   chan []byte
	quit   chan struct{}
	at     block // what is left of the one that is read
	whole  []byte
}

// block is what was read, and the error that came with it.
type block struct {
	data []byte
	err  error
}

// readAhead returns what r has. Source is where r gets it from: closing it must end a read that
// waits.
func readAhead(r io.Reader, source io.Closer) *ahead {
	a := &ahead{
		source: source, quit: make(chan struct{}),
		blocks: make(chan block, aheadBlocks), free: make(chan []byte, aheadBlocks),
	}
	for range aheadBlocks {
		a.free <- make([]byte, aheadSize)
	}
	go a.fill(r)
	return a
}

// fill reads blocks until r ends.
func (a *ahead) fill(r io.Reader) {
	defer close(a.blocks)
	for {
		var b block
		select {
		case b.data = <-a.free:
		case <-a.quit:
			return
		}
		n := 0
		for n < aheadSize/2 && b.err == nil { // decompressors give little at once
			var read int
			read, b.err = r.Read(b.data[n:])
			n += read
		}
		b.data = b.data[:n]
		a.blocks <- b // there is room for all
		if b.err != nil {
			return
		}
	}
}

func (a *ahead) Read(p []byte) (int, error) {
	for len(a.at.data) == 0 {
		if a.at.err != nil {
			return 0, a.at.err
		}
		if a.whole != nil {
			a.free <- a.whole
			a.whole = nil
		}
		b, more := <-a.blocks
		if !more {
			return 0, io.ErrClosedPipe // after Close
		}
		a.at, a.whole = b, b.data[:aheadSize]
	}
	n := copy(p, a.at.data)
	a.at.data = a.at.data[n:]
	return n, nil
}

// Close closes the source too, for the goroutine may wait for it.
func (a *ahead) Close() error {
	close(a.quit)
	err := a.source.Close()
	for range a.blocks { // until the goroutine has ended
	}
	return err
}
