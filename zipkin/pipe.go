package zipkin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	gather = time.Second // how long a span waits for other spans, to be posted together with them

	// endTime bounds Shutdown and ForceFlush if their context has no deadline: a collector that is
	// gone must not keep a service from ending.
	endTime = 10 * time.Second

	// lastWait bounds a pause during Shutdown, even if the collector asks for more: nothing is
	// sent after Shutdown.
	lastWait = time.Second

	// grace is how long to wait for the end of a canceled post, or of another call that should
	// end.
	grace = 50 * time.Millisecond
)

// pipe is the queue of ended spans, and the goroutine that posts them to the collector.
//
// The lock is held only for as long as it takes to allocate memory for a span and to copy the
// span, and never while a goroutine waits for the collector.
type pipe struct {
	encoder  *encoder
	sender   *sender
	sizes    sizes
	maxSpans int64
	maxBytes int64
	ending   context.Context // the context of all posts; canceled when there is no more time
	cancel   context.CancelFunc
	wake     chan struct{} // holds a value if the goroutine should look for work
	done     chan struct{} // closed when the goroutine has ended
	finished chan struct{} // closed when result is set, perhaps before the goroutine has ended

	mu       sync.Mutex
	counts   counts
	waiting  []*batch // batches that are full, or must be sent now
	filling  *batch   // the batch that OnEnd fills; nil: none
	since    time.Time
	hopeless int // a span of this bulk or more does not fit; see OnEnd
	closing  bool
	final    bool  // counts no longer change
	cause    error // why Shutdown ran out of time; nil if it did not
	result   error // what Shutdown returns, once final is set

	taken   int64         // spans that were ever put into the queue
	settled int64         // how many of these were sent or dropped
	resume  chan struct{} // closed to end the pause between two tries; nil: there is no pause
	asked   bool          // the collector has asked for the pause
	moved   chan struct{} // closed when a span is settled; nil: nobody waits
}

func newPipe(cfg Config, s *sender) *pipe {
	p := &pipe{
		encoder: new(encoder), sender: s, sizes: s.sizes, hopeless: math.MaxInt,
		maxSpans: int64(cfg.QueueSpans), maxBytes: int64(cfg.QueueBytes),
		wake: make(chan struct{}, 1), done: make(chan struct{}), finished: make(chan struct{}),
	}
	p.ending, p.cancel = context.WithCancel(context.Background())
	s.yield = p.yield
	return p
}

// OnEnd writes the span into the queue.
//
// A span that probably does not fit into the queue is not encoded. The length of its JSON is known
// only after the encoding. Its bulk, a rough measure, is known before. After a span did not fit,
// no span of the same bulk or more is encoded until a span leaves the queue. A span of less bulk
// is encoded, so that small spans use the free bytes that are too few for large spans. If the JSON
// of a span is much longer than its bulk, for instance because of escapes, its bulk is not
// remembered.
func (p *pipe) OnEnd(s sdktrace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	if hopeless := p.room(); hopeless < math.MaxInt && bulk(s) >= hopeless {
		p.drop()
		return
	}
	buf := buffers.Get().(*[]byte)
	*buf = p.encoder.append((*buf)[:0], s)
	if settled, short := p.put(*buf); short {
		if bulk := bulk(s); len(*buf) <= 4*bulk+usualMore {
			p.giveUpOn(bulk, settled)
		}
	}
	if cap(*buf) <= longestKept {
		buffers.Put(buf)
	}
}

// usualMore is how many bytes the JSON of a usual span has in addition to its bulk: IDs, times,
// endpoints, tags of the resource.
const usualMore = 2 << 10

// room returns the smallest bulk of a span that does not fit, or 0 if no span fits.
func (p *pipe) room() (hopeless int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.counts.queued >= p.maxSpans {
		return 0
	}
	return p.hopeless
}

// drop counts a span as ended and lost.
func (p *pipe) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.ended++
	if p.closing {
		p.counts.late++
	} else {
		p.counts.full++
	}
}

// giveUpOn remembers the bulk of a span that did not fit, unless a span has left the queue since.
// The parameter settled is the number that put returned for that span.
func (p *pipe) giveUpOn(bulk int, settled int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.settled == settled {
		p.hopeless = min(p.hopeless, bulk)
	}
}

// longestKept is the size up to which a buffer is kept for another span.
const longestKept = 64 << 10

var buffers = sync.Pool{New: func() any {
	buf := make([]byte, 0, 2<<10)
	return &buf
}}

// put queues a span, or counts it as lost. The result short is true if the span was lost because
// the queue had too few free bytes. The result settled is how many spans had left the queue by
// then.
func (p *pipe) put(span []byte) (settled int64, short bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.ended++
	size := int64(len(span) + len(comma))
	switch {
	case p.closing:
		p.counts.late++
		return p.settled, false
	case p.counts.queued >= p.maxSpans:
		p.counts.full++
		return p.settled, false
	case p.counts.bytes+size > p.maxBytes:
		p.counts.full++
		return p.settled, true
	}
	if n := len(p.waiting); p.filling == nil && n > 0 && !p.waiting[n-1].full() {
		// A flush has sealed this batch early. The span still joins it, because many small batches
		// would need many posts and much memory.
		p.waiting[n-1].add(span)
	} else {
		p.gather(span)
	}
	p.taken++
	p.counts.queued++
	p.counts.bytes += size
	return p.settled, false
}

// gather adds a span to the batch that is being filled.
func (p *pipe) gather(span []byte) {
	if p.filling == nil {
		p.filling = newBatch(p.sizes)
		p.since = time.Now()
		p.signal()
	}
	p.filling.add(span)
	if p.filling.full() {
		p.seal()
		p.signal()
	}
}

// seal moves the batch from filling to waiting.
func (p *pipe) seal() {
	if p.filling != nil {
		p.waiting, p.filling = append(p.waiting, p.filling), nil
	}
}

// signal makes the goroutine look for work.
func (p *pipe) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run sends batches. It returns when the pipe is closing and empty, or when there is no more time.
func (p *pipe) run() {
	defer close(p.done)
	timer := time.NewTimer(gather)
	defer timer.Stop()
	for {
		b, due, last := p.next()
		switch {
		case b != nil:
			if p.sender.deliver(p.ending, b, p.pause, func(part spans, err error) { p.settle(b, part, err) }) != nil {
				return
			}
			continue
		case last:
			return
		}
		timer.Reset(due)
		select {
		case <-p.wake:
		case <-timer.C:
		case <-p.ending.Done():
			return
		}
	}
}

// next returns a batch to send. If there is none, due is how long to wait for a batch, and last is
// true if no batch will come.
func (p *pipe) next() (b *batch, due time.Duration, last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	due = time.Hour // no batch is being filled; the method gather signals when it begins one
	if p.filling != nil {
		if due = gather - time.Since(p.since); due <= 0 || p.closing {
			p.seal()
		}
	}
	if len(p.waiting) == 0 {
		return nil, due, p.closing
	}
	b = p.waiting[0]
	p.waiting[0] = nil
	p.waiting = p.waiting[1:]
	return b, 0, false
}

// yield lets other goroutines run, such as those of requests, unless a batch or a flush waits for
// the pipe. It sleeps for a millisecond, since runtime.Gosched does not poll the network.
func (p *pipe) yield() {
	p.mu.Lock()
	idle := len(p.waiting) == 0 && p.moved == nil && !p.closing
	p.mu.Unlock()
	if idle {
		time.Sleep(time.Millisecond)
	}
}

// pause waits before the next try. A flush ends the pause, unless the collector has asked for the
// pause.
func (p *pipe) pause(d time.Duration, asked bool, cause error) error {
	if p.ending.Err() != nil { // the parameter cause then holds the same error
		return p.ending.Err()
	}
	resume := make(chan struct{})
	p.mu.Lock()
	p.counts.lastError, p.resume, p.asked = cause, resume, asked
	if p.closing {
		d = min(d, lastWait)
	}
	p.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-resume:
	case <-p.ending.Done():
	}
	return p.ending.Err()
}

// settle counts the spans of part, a part of b, as sent, or as refused if err is not nil.
func (p *pipe) settle(b *batch, part spans, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.final {
		return
	}
	p.counts.settle(part.len(), err)
	p.counts.bytes -= int64(b.size(part))
	p.settled += int64(part.len())
	p.hopeless = math.MaxInt
	p.move()
}

// move wakes the calls of ForceFlush, which wait until spans are settled.
func (p *pipe) move() {
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

// flush makes the goroutine send all that is queued.
func (p *pipe) flush() {
	p.seal()
	p.signal()
	if p.resume != nil && (p.closing || !p.asked) {
		close(p.resume)
		p.resume = nil
	}
}

// ForceFlush returns when the spans that ended before the call are sent or refused.
func (p *pipe) ForceFlush(ctx context.Context) error {
	if p == nil {
		return nil
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush()
	until, refused := p.taken, p.counts.refused
	for p.settled < until && !p.final {
		if p.moved == nil {
			p.moved = make(chan struct{})
		}
		moved := p.moved
		p.mu.Unlock()
		select {
		case <-moved:
			p.mu.Lock()
		case <-ctx.Done():
			p.mu.Lock()
			if unsent := until - p.settled; unsent > 0 && !p.final {
				return withLast(fmt.Errorf("zipkin: %d spans not sent yet: %w", unsent, ctx.Err()), p.counts.lastError)
			}
		}
	}
	if p.final {
		return p.result
	}
	if lost := p.counts.refused - refused; lost > 0 {
		return withLast(fmt.Errorf("zipkin: %d spans lost", lost), p.counts.lastError)
	}
	return nil
}

// Shutdown sends the queued spans, for as long as ctx allows. If ctx is already canceled, Shutdown
// still sends for a moment, because such a ctx is usually main's own, which a signal has canceled.
func (p *pipe) Shutdown(ctx context.Context) error {
	if p == nil {
		return nil
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	p.mu.Lock()
	p.closing = true
	p.flush()
	p.mu.Unlock()

	if errors.Is(ctx.Err(), context.Canceled) {
		p.wait(grace)
	}
	select {
	case <-p.done:
	case <-p.finished:
	case <-ctx.Done():
		p.cut(ctx.Err())
		p.wait(grace) // and no longer, since the Client may ignore its context
	}
	return p.finish()
}

// wait returns when the goroutine has ended, or when result is set, or after d.
func (p *pipe) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-p.finished:
	case <-timer.C:
	}
}

// cut stops all posts. If several goroutines call Shutdown, the first one whose time ends stops
// the posts for all.
func (p *pipe) cut(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cause = cause
	p.cancel()
}

// finish counts the spans that are still queued as lost, and returns the result of Shutdown.
func (p *pipe) finish() error {
	p.mu.Lock()
	first := !p.final
	if first {
		p.final = true
		if p.counts.queued == 0 {
			p.cause = nil // no span was lost because time ran out
		}
		p.counts.late += p.counts.queued
		p.counts.queued, p.counts.bytes = 0, 0
		p.waiting, p.filling = nil, nil
		p.result = p.counts.lost(p.cause)
		close(p.finished)
		p.move()
	}
	result := p.result
	p.mu.Unlock()
	if first { // without the lock, because code of other packages runs here
		p.cancel()
		p.sender.close()
	}
	return result
}

func (p *pipe) read() counts {
	if p == nil {
		return counts{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// bounded returns a child of ctx. If ctx has no deadline, the child ends after endTime.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx == nil {
		ctx = context.Background()
	}
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, endTime)
}
