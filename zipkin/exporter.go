package zipkin

import (
	"context"
	"errors"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Exporter is a SpanExporter that sends to Zipkin, for an OpenTelemetry SDK of your own:
//
//	sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), …)
//
// An Exporter has no queue. The SDK's batcher drops spans that its own queue cannot hold, and does
// not report how many. Spans of a debug trace are not marked as debug. A [Provider] has neither
// fault. An Exporter is safe for concurrent use; exports wait for each other.
type Exporter struct {
	encoder encoder
	sender  *sender
	busy    chan struct{} // holds a value while an export runs
	buf     []byte        // the buffer of the running export; the next export uses its memory again
	ending  context.Context
	cancel  context.CancelFunc

	mu     sync.Mutex
	counts counts
	closed bool // Shutdown was called, and has counted the spans of a running export as lost
}

var _ sdktrace.SpanExporter = (*Exporter)(nil)

// NewSpanExporter returns an Exporter, or an error that says all that is wrong with cfg.
func NewSpanExporter(cfg ExporterConfig) (*Exporter, error) {
	endpoint, err := parseEndpoint("Endpoint", cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	e := &Exporter{
		encoder: encoder{service: cfg.Service},
		sender:  newSender(endpoint, cfg.Client, sizesOf(defaultQueueBytes)),
		busy:    make(chan struct{}, 1),
	}
	e.ending, e.cancel = context.WithCancel(context.Background())
	if err := observe(cfg.MeterProvider, 0, e.read); err != nil {
		return nil, err
	}
	return e, nil
}

// NewExporter returns an Exporter with the Service, Endpoint, Client and MeterProvider of cfg. It
// checks the other fields and does not use them.
//
// Deprecated: use [NewSpanExporter]. Its [ExporterConfig] has no fields that are not used.
func NewExporter(cfg Config) (*Exporter, error) {
	if _, _, err := cfg.checked(); err != nil {
		return nil, err
	}
	return NewSpanExporter(ExporterConfig{
		Service:       cfg.Service,
		Endpoint:      cfg.Endpoint,
		Client:        cfg.Client,
		MeterProvider: cfg.MeterProvider,
	})
}

var errShutDown = errors.New("exporter is shut down")

// ExportSpans sends spans, with the retries that the package comment describes. It gives up at
// ctx's deadline, or after ten seconds if ctx has no deadline. The error says how many spans were
// lost.
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
	unsent := x.mine.queued
	x.count(func(c *counts) {
		c.late += unsent
		c.queued -= unsent
	})
	return x.mine.lost(err)
}

// Shutdown stops running exports and closes the connection. Its error says how many spans were
// lost since the Exporter was made. Later exports lose their spans and return an error.
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

// Stats returns how many spans were sent and dropped until now. Queued is the number of spans that
// are being exported.
func (e *Exporter) Stats() Stats {
	c := e.read()
	return c.stats()
}

func (e *Exporter) read() counts {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.counts
}
