package servicemap

import (
	"cmp"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	"example.com/clew/internal/timeline"
)

// loader loads the rows of each trace together.
type loader struct {
	builder *Builder
	facts   *facts
	most    int // how many rows it may load if each other loader loads as many
	// alone is how many rows one loader may load while the others load no more than most.
	alone  int
	room   int                      // most or alone, as the partition needs
	wanted map[uint64][]timeline.ID // the wanted traces, by the low halves of their IDs; nil: all

	rows  []row
	keys  []traceKey
	ends  []int32 // where each bucket of keys ends
	group []row
}

// traceKey is the index of a row, with the low half of its trace's ID.
type traceKey struct {
	low uint64
	at  int32
}

// workers returns how many partitions are read at once.
func workers() int { return min(runtime.GOMAXPROCS(0), 8) }

// leastLoad is how many rows may always be loaded at once.
const leastLoad = 1 << 12

func (b *Builder) loader(f *facts) *loader {
	const perRow = rowBytes + 16 + 2
	alone := max(leastLoad, int(b.config.Memory)/2/perRow)
	return &loader{builder: b, facts: f, most: max(leastLoad, alone/workers()), alone: alone}
}

// traces calls the function give with the rows of each trace in a partition. The traces come in no
// particular order. The function may change the rows.
func (l *loader) traces(p *partition, give func([]row)) error {
	// The number of loaders must not change which parts of a trace are kept.
	if l.room = l.most; p.rows > l.most {
		l.builder.large.Lock()
		defer l.builder.large.Unlock()
		defer func() { l.rows, l.keys, l.group = nil, nil, nil }()
		l.room = l.alone
	}
	if p.rows <= l.room || l.wanted != nil { // the wanted rows are few
		return l.whole(p, give)
	}
	parts, err := l.split(p)
	for i := range parts {
		if err == nil {
			err = l.whole(&parts[i], give)
		}
	}
	return err
}

// whole loads a partition as a whole, and calls the function give with each trace. Rows for which
// there is no room are lost. That happens only if nearly all of the partition is one trace.
func (l *loader) whole(p *partition, give func([]row)) error {
	l.rows = l.rows[:0]
	err := l.builder.each(p, func(rows []row) {
		if room := l.room - len(l.rows); len(rows) > room && l.wanted == nil {
			l.builder.lose(rows[room:])
			rows = rows[:room]
		}
		for i := range rows {
			if l.wanted != nil && (l.wanted[rows[i].low] == nil || len(l.rows) == l.room) {
				continue
			}
			l.rows = append(l.rows, rows[i])
			l.facts.sort(&l.rows[len(l.rows)-1])
		}
	})
	if err != nil {
		return err
	}
	l.order()
	for from := 0; from < len(l.keys); {
		l.group = l.group[:0]
		end := from
		for ; end < len(l.keys) && l.keys[end].low == l.keys[from].low; end++ {
			l.group = append(l.group, l.rows[l.keys[end].at])
		}
		apart(l.group, give)
		from = end
	}
	return nil
}

// order makes a key of each row, so that the keys of a trace are together. It divides the keys
// into buckets, and sorts each bucket. Trace IDs are random, so each bucket has few keys, and this
// is faster than to sort all keys. If IDs are not random, the sorting only takes longer.
func (l *loader) order() {
	size := bits.Len(uint(len(l.rows) / 4))
	bucket := func(low uint64) uint64 { return low * 0x9e3779b97f4a7c15 >> (64 - size) }
	l.ends = slices.Grow(l.ends[:0], 1<<size)[:1<<size]
	clear(l.ends)
	for i := range l.rows {
		l.ends[bucket(l.rows[i].low)]++
	}
	end := int32(0)
	for b, n := range l.ends {
		l.ends[b] = end // each row moves it by one, to the bucket's end
		end += n
	}
	l.keys = slices.Grow(l.keys[:0], len(l.rows))[:len(l.rows)]
	for i := range l.rows {
		b := bucket(l.rows[i].low)
		l.keys[l.ends[b]] = traceKey{l.rows[i].low, int32(i)}
		l.ends[b]++
	}
	begin := int32(0)
	for _, end := range l.ends {
		if end-begin > 1 {
			slices.SortFunc(l.keys[begin:end], func(a, b traceKey) int { return cmp.Compare(a.low, b.low) })
		}
		begin = end
	}
}

// apart divides rows with the same low half into traces, and calls give with the rows of each
// trace. Each high half is a trace. Rows without a high half belong to the trace with the lowest
// high half.
func apart(rows []row, give func([]row)) {
	high := uint64(0)
	several := false
	for i := range rows {
		switch h := rows[i].high; {
		case h == 0 || h == high:
		case high == 0:
			high = h
		default:
			several = true
		}
	}
	if !several {
		give(rows)
		return
	}
	lowest := high
	for i := range rows {
		if h := rows[i].high; h != 0 {
			lowest = min(lowest, h)
		}
	}
	highOf := func(r *row) uint64 {
		if r.high == 0 {
			return lowest
		}
		return r.high
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(highOf(&a), highOf(&b)) })
	for from := 0; from < len(rows); {
		end := from
		for end < len(rows) && highOf(&rows[end]) == highOf(&rows[from]) {
			end++
		}
		give(rows[from:end:end])
		from = end
	}
}

// split divides a partition that is too large, by the second number that place returns for each
// trace.
func (l *loader) split(p *partition) ([]partition, error) {
	parts := make([]partition, partitions)
	var out [partitions][]row
	var buf []byte
	flush := func(i uint64) {
		buf = buf[:0]
		for k := range out[i] {
			buf = appendRow(buf, &out[i][k])
		}
		if at, err := l.builder.write(buf); err != nil {
			l.builder.lose(out[i])
		} else {
			parts[i].onDisk = append(parts[i].onDisk, extent{at, len(out[i])})
			parts[i].rows += len(out[i])
		}
		out[i] = out[i][:0]
	}
	err := l.builder.each(p, func(rows []row) {
		for k := range rows {
			_, i := place(rows[k].low)
			if out[i] = append(out[i], rows[k]); len(out[i]) == chunkRows {
				flush(i)
			}
		}
	})
	for i := range out {
		if len(out[i]) > 0 {
			flush(uint64(i))
		}
	}
	return parts, err
}

// inTurn gives each partition for which want returns true to one of the workers. After an error, a
// worker ignores its further partitions.
func (b *Builder) inTurn(want func(*partition) bool, worker func(i int) func(*partition) error) error {
	var (
		errs    = make([]error, workers())
		next    = make(chan *partition)
		working sync.WaitGroup
	)
	for i := range errs {
		work := worker(i)
		working.Go(func() {
			for p := range next {
				if errs[i] == nil {
					errs[i] = work(p)
				}
			}
		})
	}
	for i := range b.parts {
		if want(&b.parts[i]) {
			next <- &b.parts[i]
		}
	}
	close(next)
	working.Wait()
	return cmp.Or(errs...)
}

// tally joins all traces and adds them up. If there are too many nodes or edges, the first pass
// finds the busiest. A second pass adds up all traces again, and keeps only these.
func (b *Builder) tally(f *facts) (*tally, error) {
	t, err := b.pass(f, nil)
	if kept := t.choose(); kept != nil && err == nil {
		lost := b.lost.Load()
		t, err = b.pass(f, kept)
		b.lost.Store(lost) // the second pass loses the same rows
	}
	t.settle()
	return t, err
}

// pass adds all traces up.
func (b *Builder) pass(f *facts, kept *kept) (*tally, error) {
	all := make([]*tally, workers())
	err := b.inTurn(func(p *partition) bool { return p.rows > 0 }, func(i int) func(*partition) error {
		l, j, t := b.loader(f), newJoined(f), newTally(f, kept)
		all[i] = t
		return func(p *partition) error {
			return l.traces(p, func(rows []row) {
				j.join(rows)
				t.add(j)
			})
		}
	})
	for _, t := range all[1:] {
		all[0].merge(t)
	}
	return all[0], err
}
