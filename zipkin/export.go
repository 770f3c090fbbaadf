package zipkin

import (
	"context"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// export is one call of ExportSpans.
type export struct {
	e    *Exporter
	mine counts
}

// begin counts n spans as being exported and returns true; or, if the exporter is shut down,
// counts them as lost and returns false.
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

// count changes the counts of this call. It also changes the counts of the exporter, unless
// Shutdown has made them final.
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
	case x.e.busy <- struct{}{}:
		defer func() { <-x.e.busy }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if x.e.ending.Err() != nil { // ending may have ended a little before ctx
		return x.e.ending.Err()
	}
	pause := func(d time.Duration, _ bool, err error) error { return x.pause(ctx, d, err) }
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
		if err := x.e.sender.deliver(ctx, b, pause, x.settle); err != nil {
			return err
		}
		b = newBatch(x.e.sender.sizes)
	}
	return nil
}

func (x *export) pause(ctx context.Context, d time.Duration, cause error) error {
	if ctx.Err() != nil { // the parameter cause then holds the same error
		return ctx.Err()
	}
	x.count(func(c *counts) { c.lastError = cause })
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}

func (x *export) settle(part spans, err error) {
	x.count(func(c *counts) { c.settle(part.len(), err) })
}
