package servicemap

import (
	"cmp"
	"fmt"
	"io"
	"math/bits"
	"os"
	"sync"
	"sync/atomic"
)

// Config is the configuration of a [Builder]. The zero value is ready to use.
type Config struct {
	ByRoute bool   // a node is a route of a service
	TempDir string // for rows that do not fit into memory; "": the system's folder
	Memory  int64  // how many bytes of rows stay in memory; 0: DefaultMemory

	limits limits // the zero value stands for the limits in usual
}

// DefaultMemory is how many bytes of rows a [Builder] keeps in memory by default.
const DefaultMemory = 128 << 20

// partitions is the number of parts into which rows are divided, by their traces. Each part is
// read into memory as a whole.
const partitions = 256

// chunkRows is how many rows a chunk of memory holds.
const chunkRows = 256

// Builder makes a graph from lines. Each source needs an [Adder] of its own, and all sources may
// be read at the same time. Make a builder with [NewBuilder], and close it.
//
// Rows stay in memory up to Config.Memory. Beyond that, the rows of whole partitions go to one
// temporary file. Where the system allows it, the file has no name, so that it disappears even if
// the program is killed. All rows of a trace are joined, no matter from which sources they come,
// how long the trace lasts, and how long ago it began.
type Builder struct {
	config     Config
	parts      [partitions]partition
	services   *table
	hosts      *table
	operations *table
	memory     atomic.Int64 // bytes of chunks
	lost       atomic.Int64 // requests and calls whose rows could not be kept

	large sync.Mutex // held by the loader of a large partition

	mu      sync.Mutex
	heard   heard
	free    [][]row // chunks
	file    *os.File
	named   bool  // the file still has its name
	end     int64 // the length of the file
	problem error // the first problem with the file
}

// partition is the rows of some traces.
type partition struct {
	mu     sync.Mutex
	chunks [][]row
	onDisk []extent
	rows   int // in memory and on disk
}

// extent is a range of rows in the file.
type extent struct {
	at   int64
	rows int
}

// NewBuilder returns a builder.
func NewBuilder(c Config) *Builder {
	if c.Memory <= 0 {
		c.Memory = DefaultMemory
	}
	if c.limits == (limits{}) {
		c.limits = usual
	}
	return &Builder{
		config: c, services: newTable(c.limits.services), hosts: newTable(c.limits.hosts), operations: newTable(c.limits.operations), heard: newHeard(),
	}
}

// Close removes the temporary file. The builder must not be used after that.
func (b *Builder) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		return nil
	}
	err := b.file.Close()
	if b.named {
		err = cmp.Or(err, os.Remove(b.file.Name()))
	}
	b.file = nil
	return err
}

// Problem returns the first error of the temporary file, or nil if there was none. After an error,
// the field Room of [Untold] is the number of requests and calls that are left out.
func (b *Builder) Problem() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.problem
}

// place returns the partition of a trace, and a second number by which a partition can be divided.
// The parameter low is the low half of the trace's ID.
func place(low uint64) (partition, second uint64) {
	high, mixed := bits.Mul64(low^0x9e3779b97f4a7c15, 0xd1342543de82ef95)
	mixed ^= high
	return mixed >> 56, mixed >> 48 & 0xff
}

// take adds rows to a partition.
func (b *Builder) take(i uint64, rows []row) {
	p := &b.parts[i]
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(rows) > 0 {
		last := len(p.chunks) - 1
		if last < 0 || len(p.chunks[last]) == cap(p.chunks[last]) {
			p.chunks = append(p.chunks, b.chunk())
			last++
		}
		chunk := p.chunks[last]
		n := copy(chunk[len(chunk):cap(chunk)], rows)
		p.chunks[last] = chunk[:len(chunk)+n]
		p.rows += n
		rows = rows[n:]
	}
	if b.memory.Load() > b.config.Memory {
		b.spill(p)
	}
}

// chunk returns an empty chunk.
func (b *Builder) chunk() []row {
	b.memory.Add(chunkRows * rowBytes)
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.free); n > 0 {
		chunk := b.free[n-1]
		b.free = b.free[:n-1]
		return chunk[:0]
	}
	return make([]row, 0, chunkRows)
}

// spill moves the rows of a partition to the file. Rows that cannot be written are lost.
func (b *Builder) spill(p *partition) {
	rows := 0
	for _, chunk := range p.chunks {
		rows += len(chunk)
	}
	buf := make([]byte, 0, rows*rowBytes)
	for _, chunk := range p.chunks {
		for i := range chunk {
			buf = appendRow(buf, &chunk[i])
		}
	}
	at, err := b.write(buf)
	if err != nil {
		for _, chunk := range p.chunks {
			b.lose(chunk)
		}
		p.rows -= rows
	} else if rows > 0 {
		p.onDisk = append(p.onDisk, extent{at, rows})
	}
	b.release(p)
}

// lose counts the requests and calls in rows that are lost.
func (b *Builder) lose(rows []row) {
	n := int64(0)
	for i := range rows {
		if kind := rows[i].kind(); kind == isRequest || kind == isCall {
			n++
		}
	}
	b.lost.Add(n)
}

// release frees the chunks of a partition.
func (b *Builder) release(p *partition) {
	b.memory.Add(-int64(len(p.chunks)) * chunkRows * rowBytes)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free = append(b.free, p.chunks...)
	clear(p.chunks)
	p.chunks = p.chunks[:0]
}

// write appends to the file, and returns the offset of what it has written.
func (b *Builder) write(buf []byte) (at int64, err error) {
	b.mu.Lock()
	if b.file == nil && b.problem == nil {
		b.create()
	}
	err, at = b.problem, b.end
	b.end += int64(len(buf))
	file := b.file
	b.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if _, err = file.WriteAt(buf, at); err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.problem == nil {
			b.problem = fmt.Errorf("there is no room for all requests in memory, and the others cannot be written to the temporary file: %w. Name another folder in TMPDIR, or ask for a part with --since and --until", err)
		}
	}
	return at, err
}

// create creates the file. It removes the file's name, if the system allows that for an open file.
func (b *Builder) create() {
	file, err := os.CreateTemp(b.config.TempDir, "clew-map-*")
	if err != nil {
		b.problem = fmt.Errorf("there is no room for all requests in memory, and no temporary file for the others: %w. Name another folder in TMPDIR", err)
		return
	}
	b.file, b.named = file, os.Remove(file.Name()) != nil
}

// each calls the function give with the rows of a partition, in pieces and in no particular order.
// The function must not keep the rows.
func (b *Builder) each(p *partition, give func([]row)) error {
	for _, chunk := range p.chunks {
		give(chunk)
	}
	buf := make([]byte, chunkRows*rowBytes)
	var rows [chunkRows]row
	for _, e := range p.onDisk {
		for at, left := e.at, e.rows; left > 0; {
			n := min(left, chunkRows)
			piece := buf[:n*rowBytes]
			if _, err := b.file.ReadAt(piece, at); err != nil {
				if err == io.EOF {
					err = io.ErrUnexpectedEOF
				}
				return fmt.Errorf("the temporary file cannot be read: %w", err)
			}
			for i := range n {
				rows[i] = readRow(piece[i*rowBytes:])
			}
			give(rows[:n])
			at += int64(len(piece))
			left -= n
		}
	}
	return nil
}
