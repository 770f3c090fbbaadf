package zipkin

import (
	"context"
	"errors"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Exporter is a SpanExporter that sends to Zipkin, for those who put an OpenTelemetry SDK together themselves:
//
//	sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), …)
//
// It has no queue, so the SDK's batcher counts what it drops itself, and tells nobody; and a debug trace is not
// marked as one. [Provider] does better. Safe for concurrent use; one export is done after the other.
type Exporter struct {
	encoder encoder
	sender  *sender
	turn    chan struct{} // holds one: whose turn it is
	buf     []byte        // of whose turn it is: room that is used again
	ending  context.Context
	cancel  context.CancelFunc

	mu     sync.Mutex
	counts counts
	closed bool // what is being exported is counted as lost
}

var _ sdktrace.SpanExporter = (*Exporter)(nil)

// NewExporter returns an Exporter, or an error that says all that is wrong with cfg.
func NewExporter(cfg Config) (*Exporter, error) {
	cfg, endpoint, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	e := &Exporter{
		encoder: encoder{service: cfg.Service},
		sender:  newSender(endpoint, cfg.Client, sizesOf(defaultQueueBytes)),
		turn:    make(chan struct{}, 1),
	}
	e.ending, e.cancel = context.WithCancel(context.Background())
	if err := observe(cfg.MeterProvider, 0, e.read); err != nil {
		return nil, err
	}
	return e, nil
}

var errShutDown = errors.New("exporter is shut down")

// ExportSpans sends spans, and tries again as the package comment says, until ctx's deadline or, if
// it has none, for ten seconds. The error says how many were lost.
func (e *Exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	defer context.AfterFunc(e.ending, cancel)()

	x := export{e: e}
	if !x.begin(int64(len(spans))) {
		return x.mine.lost(errShutDown)
	}
	err := x.run(ctx, spans)
	if err != nil && e.ending.Err() != nil {
		err = errShutDown
	}
	left := x.mine.queued
	x.count(func(c *counts) {
		c.late += left
		c.queued -= left
	})
	return x.mine.lost(err)
}

// export is one call of ExportSpans.
type export struct {
	e    *Exporter
	mine counts
}

// begin counts n spans as being exported; or, and returns false, as lost if the exporter is shut down.
func (x *export) begin(n int64) bool {
	x.e.mu.Lock()
	defer x.e.mu.Unlock()
	for _, c := range [...]*counts{&x.e.counts, &x.mine} {
		c.ended += n
		if x.e.closed {
			c.late += n
		} else {
			c.queued += n
		}
	}
	return !x.e.closed
}

// count does the same to the counts of this call and, until they are final, to the exporter's.
func (x *export) count(do func(*counts)) {
	x.e.mu.Lock()
	defer x.e.mu.Unlock()
	if !x.e.closed {
		do(&x.e.counts)
	}
	do(&x.mine)
}

func (x *export) run(ctx context.Context, ended []sdktrace.ReadOnlySpan) error {
	select {
	case x.e.turn <- struct{}{}:
		defer func() { <-x.e.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if x.e.ending.Err() != nil { // ctx may hear of it later
		return x.e.ending.Err()
	}
	pause := func(d time.Duration, _ bool, err error) error {
		if ctx.Err() != nil { // err only says so too
			return ctx.Err()
		}
		x.count(func(c *counts) { c.lastError = err })
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	settle := func(part spans, err error) {
		x.count(func(c *counts) { c.settle(part.len(), err) })
	}
	buf := x.e.buf
	defer func() {
		x.e.buf = buf[:0]
		if cap(buf) > longestKept {
			x.e.buf = nil
		}
	}()
	b := newBatch(x.e.sender.sizes)
	for i, s := range ended {
		buf = x.e.encoder.append(buf[:0], s)
		b.add(buf)
		if !b.full() && i < len(ended)-1 {
			continue
		}
		if err := x.e.sender.deliver(ctx, b, pause, settle); err != nil {
			return err
		}
		b = newBatch(x.e.sender.sizes)
	}
	return nil
}

// Shutdown cuts short what is being exported and closes the connection. Exports after it lose their spans, with an error.
// Its own says how many spans were lost since NewExporter.
func (e *Exporter) Shutdown(context.Context) error {
	e.mu.Lock()
	e.closed = true
	e.counts.late += e.counts.queued
	e.counts.queued = 0
	c := e.counts
	e.mu.Unlock()
	e.cancel()
	e.sender.close()
	return c.lost(nil)
}

// Stats says what has become of the spans until now. Queued are those that are being exported.
func (e *Exporter) Stats() Stats {
	c := e.read()
	return c.stats()
}

func (e *Exporter) read() counts {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.counts
}
