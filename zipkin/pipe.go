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
	gather = time.Second // how long a span waits for others to be posted with

	// endTime is how long Shutdown and ForceFlush take at most if their context has no deadline: a collector that
	// is gone must not keep a service from ending.
	endTime = 10 * time.Second

	// lastWait is how long a pause is at most during Shutdown, also if the collector asks for more: there is no later.
	lastWait = time.Second

	// grace is how long a post may take to notice that it was canceled, before it is left alone.
	grace = 50 * time.Millisecond
)

// pipe is the queue between the spans that end and the collector, and the goroutine that empties it.
//
// The lock is held for as long as it takes to copy a span and to make room for it; never while
// anybody waits for the collector.
type pipe struct {
	encoder  *encoder
	sender   *sender
	sizes    sizes
	maxSpans int64
	maxBytes int64
	ending   context.Context // of all posts; canceled when there is no more time
	cancel   context.CancelFunc
	wake     chan struct{} // holds one: something has changed that the goroutine should look at
	done     chan struct{} // closed when the goroutine has ended
	over     chan struct{} // closed when the result is there, which may be earlier

	mu       sync.Mutex
	counts   counts
	waiting  []*batch // full, or to be sent now
	filling  *batch   // nil: nothing in it
	since    time.Time
	hopeless int // the bulk from which on a span has no room; see OnEnd
	closing  bool
	final    bool  // nothing is counted any more
	cause    error // why there was no more time; nil: there was
	result   error // of the end, once it is final

	taken   int64         // spans that were ever accepted into the queue
	settled int64         // of these, sent or dropped
	resume  chan struct{} // closed to end the pause between two tries; nil: there is none
	asked   bool          // the pause is the collector's wish
	moved   chan struct{} // closed at the next settling; nil: nobody waits for it
}

func newPipe(cfg Config, s *sender) *pipe {
	p := &pipe{
		encoder: new(encoder), sender: s, sizes: s.sizes, hopeless: math.MaxInt,
		maxSpans: int64(cfg.QueueSpans), maxBytes: int64(cfg.QueueBytes),
		wake: make(chan struct{}, 1), done: make(chan struct{}), over: make(chan struct{}),
	}
	p.ending, p.cancel = context.WithCancel(context.Background())
	s.yield = p.yield
	return p
}

// OnEnd writes the span into the queue.
//
// A span that has no room is not encoded, as far as that can be known: how long it will be shows
// only afterwards. But as long as nothing leaves the queue, what has as much in it as one that
// found no room is not likely to find any. What has less is tried, so that small spans fill what
// large ones have left. A span that has become much longer than what is in it, by escapes for
// instance, says nothing of others.
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
			p.tell(bulk, settled)
		}
	}
	if cap(*buf) <= longestKept {
		buffers.Put(buf)
	}
}

// usualMore is how many bytes a span has as JSON, beside its bulk: IDs, times, endpoints, tags of the
// resource.
const usualMore = 2 << 10

// room returns the bulk from which on a span has no room; 0: none has.
func (p *pipe) room() (hopeless int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.counts.queued >= p.maxSpans {
		return 0
	}
	return p.hopeless
}

// drop counts a span that has ended as lost.
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

// tell remembers the bulk of a span that found too few bytes left, unless something has left the
// queue since.
func (p *pipe) tell(bulk int, settled int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.settled == settled {
		p.hopeless = min(p.hopeless, bulk)
	}
}

// longestKept is how large a buffer may be that is kept for the next span.
const longestKept = 64 << 10

var buffers = sync.Pool{New: func() any {
	buf := make([]byte, 0, 2<<10)
	return &buf
}}

// put queues a span, or counts it as lost: also, and then short is true, because there are too few
// bytes left. settled is how many spans had left the queue by then.
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
		p.waiting[n-1].add(span) // whoever flushes has sealed it early; many of them would be many posts, and much room
	} else {
		p.gather(span)
	}
	p.taken++
	p.counts.queued++
	p.counts.bytes += size
	return p.settled, false
}

// gather puts a span to those that wait for company.
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

// seal lets what is gathered go.
func (p *pipe) seal() {
	if p.filling != nil {
		p.waiting, p.filling = append(p.waiting, p.filling), nil
	}
}

func (p *pipe) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run sends what comes, until there is nothing left after closing, or no time.
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

// next returns a batch to send; or how long there is none; or that there will be none.
func (p *pipe) next() (b *batch, due time.Duration, last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	due = time.Hour // nothing is gathered; put wakes
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

// rest lets others have the processor, if nothing waits for us. Not by runtime.Gosched, which does not look at the network
// before it comes back.
func (p *pipe) yield() {
	p.mu.Lock()
	idle := len(p.waiting) == 0 && p.moved == nil && !p.closing
	p.mu.Unlock()
	if idle {
		time.Sleep(time.Millisecond)
	}
}

// pause waits before the next try, or until somebody flushes, if it was not the collector that has asked for it.
func (p *pipe) pause(d time.Duration, asked bool, err error) error {
	if p.ending.Err() != nil { // err only says so too
		return p.ending.Err()
	}
	resume := make(chan struct{})
	p.mu.Lock()
	p.counts.lastError, p.resume, p.asked = err, resume, asked
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

// settle counts part of b as sent, or, with an error, as refused.
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

func (p *pipe) move() {
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

// flush lets everything go that is there.
func (p *pipe) flush() {
	p.seal()
	p.signal()
	if p.resume != nil && (p.closing || !p.asked) {
		close(p.resume)
		p.resume = nil
	}
}

// ForceFlush returns when the spans that have ended before are sent or refused.
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
			if left := until - p.settled; left > 0 && !p.final {
				return withLast(fmt.Errorf("zipkin: %d spans not sent yet: %w", left, ctx.Err()), p.counts.lastError)
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

// Shutdown sends what is queued, for as long as ctx allows. If ctx was canceled before, that is as
// a rule main's own, which a signal ends: it allows a moment.
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
	case <-p.over:
	case <-ctx.Done():
		p.cut(ctx.Err())
		// No longer for a Client that does not heed its context: what it does counts no more.
		p.wait(grace)
	}
	return p.finish()
}

// wait returns when the goroutine has ended, or the result is there, or after d.
func (p *pipe) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-p.over:
	case <-timer.C:
	}
}

// cut ends the sending. Of several Shutdowns, the first that has no more time does it for all.
func (p *pipe) cut(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cause = cause
	p.cancel()
}

// finish counts what is left as lost.
func (p *pipe) finish() error {
	p.mu.Lock()
	first := !p.final
	if first {
		p.final = true
		if p.counts.queued == 0 {
			p.cause = nil // what was lost was not for want of time
		}
		p.counts.late += p.counts.queued
		p.counts.queued, p.counts.bytes = 0, 0
		p.waiting, p.filling = nil, nil
		p.result = p.counts.lost(p.cause)
		close(p.over)
		p.move()
	}
	result := p.result
	p.mu.Unlock()
	if first { // without the lock: nobody knows what others hold while they wait for it
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

// bounded gives ctx a deadline, if it has none.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx == nil {
		ctx = context.Background()
	}
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, endTime)
}
