package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	clewzipkin "example.com/clew/zipkin"
	"github.com/openzipkin/zipkin-go"
	"github.com/openzipkin/zipkin-go/model"
	"github.com/openzipkin/zipkin-go/reporter"
	zipkinreporter "github.com/openzipkin/zipkin-go/reporter/http"
	//lint:ignore SA1019 OpenTelemetry removes it in 2027, and until then clew is compared with it
	otelzipkin "go.opentelemetry.io/otel/exporters/zipkin"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// These jobs encode sampled spans and post them to a collector in this process, so that the
// figures include all of this work. clew also compresses. The peers do not compress: they save
// time, but need more of the network, which is not in the figures. A variant that lost spans would
// do less work. So each batch begins only when the collector has the batch before it, and no queue
// is smaller than a batch. The check of a variant counts the spans that arrive.

const (
	serviceName  = "media-api"
	collectorURL = "http://collector.example:9411/api/v2/spans"
	// batchSpans is the default of clew and OpenTelemetry. zipkin-go gets the same size, which is
	// an advantage for it.
	batchSpans = 512
)

// collector is a transport that accepts posts. It copies each byte once, as a socket would.
type collector struct {
	buf     [32 << 10]byte
	looking atomic.Bool
	mu      sync.Mutex
	bodies  [][]byte // bodies of the posts while looking, decompressed
}

func (c *collector) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	if c.looking.Load() {
		if err := c.keep(r); err != nil {
			return nil, err
		}
	}
	for {
		if _, err := r.Body.Read(c.buf[:]); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: http.StatusAccepted, Header: http.Header{}, Body: http.NoBody, Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
}

func (c *collector) keep(r *http.Request) error {
	var from io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return err
		}
		from = z
	}
	body, err := io.ReadAll(from)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies = append(c.bodies, body)
	return err
}

// posted is a span in a post.
type posted struct {
	TraceID  string            `json:"traceId"`
	ID       string            `json:"id"`
	ParentID string            `json:"parentId"`
	Kind     string            `json:"kind"`
	Tags     map[string]string `json:"tags"`
}

// look returns the spans that arrive while op runs.
func (c *collector) look(op func()) (spans []posted, err error) {
	c.bodies = nil
	c.looking.Store(true)
	op()
	c.looking.Store(false)
	for _, body := range c.bodies {
		var some []posted
		if err := json.Unmarshal(body, &some); err != nil {
			return nil, fmt.Errorf("a post is not JSON: %w", err)
		}
		spans = append(spans, some...)
	}
	return spans, nil
}

// export is the path of a variant's spans to the collector. The zero value exports nothing.
type export struct {
	provider oteltrace.TracerProvider // nil for zipkin-go, and without a provider
	tracer   *zipkin.Tracer           // only for zipkin-go
	// sent returns the number of spans that the collector has accepted.
	sent  func() int64
	flush func() error // sends the queued spans; nil without a queue
	close func()       // nil if there is nothing to close
}

// exporting is a way to export spans. begin starts an export that samples a share of the new
// traces.
type exporting struct {
	name  string
	kind  kind
	begin func(share float64, via http.RoundTripper) export
}

var (
	byClew   = exporting{"clew and zipkin.Provider", ours, clewExport}
	byOTel   = exporting{"otelhttp, SDK and its Zipkin exporter", peer, otelExport}
	byZipkin = exporting{"zipkin-go and its HTTP reporter", peer, zipkinExport}
)

func clewExport(share float64, via http.RoundTripper) export {
	p := must(clewzipkin.NewProvider(clewzipkin.Config{Service: serviceName, Endpoint: collectorURL, Ratio: share, Client: &http.Client{Transport: via}}))
	return export{
		provider: p,
		sent:     func() int64 { return p.Stats().Sent },
		flush:    func() error { return p.ForceFlush(context.Background()) },
		close:    func() { end(p) },
	}
}

// end shuts down a provider, even if its collector no longer answers.
func end(p interface{ Shutdown(context.Context) error }) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	p.Shutdown(ctx)
}

// counted is an exporter that counts the spans that it has exported successfully.
type counted struct {
	sdktrace.SpanExporter
	spans atomic.Int64
}

func (c *counted) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := c.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		c.spans.Add(int64(len(spans)))
	}
	return err
}

// otelResource returns a resource with the same facts about the service as clew's spans have.
func otelResource() *resource.Resource {
	return must(resource.New(context.Background(), resource.WithHost(), resource.WithContainerID(), resource.WithAttributes(semconv.ServiceName(serviceName))))
}

// otelProvider returns a provider that exports with e.
func otelProvider(share float64, e sdktrace.SpanExporter) *sdktrace.TracerProvider {
	return sdktrace.NewTracerProvider(sdkSampler(share), sdktrace.WithBatcher(e), sdktrace.WithResource(otelResource()))
}

// sdkSampler returns an SDK's sampler that obeys callers.
func sdkSampler(share float64) sdktrace.TracerProviderOption {
	return sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(share)))
}

func otelExporter(url string, via http.RoundTripper) sdktrace.SpanExporter {
	return must(otelzipkin.New(url, otelzipkin.WithClient(&http.Client{Transport: via})))
}

func otelExport(share float64, via http.RoundTripper) export {
	c := &counted{SpanExporter: otelExporter(collectorURL, via)}
	p := otelProvider(share, c)
	return export{
		provider: p,
		sent:     c.spans.Load,
		flush:    func() error { return p.ForceFlush(context.Background()) },
		close:    func() { end(p) },
	}
}

// tally counts the spans that pass through zipkin-go's encoding and transport. zipkin-go cannot
// flush, so flush waits until all spans are counted as sent.
type tally struct {
	reporter.JSONSerializer
	http.RoundTripper
	encoded, sent atomic.Int64
	moved         chan struct{}
}

func (t *tally) Serialize(spans []*model.SpanModel) ([]byte, error) {
	t.encoded.Add(int64(len(spans)))
	return t.JSONSerializer.Serialize(spans)
}

func (t *tally) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(r)
	if err == nil {
		t.sent.Store(t.encoded.Load())
	}
	select {
	case t.moved <- struct{}{}:
	default:
	}
	return resp, err
}

// ended is a reporter that counts the spans that it gets.
type ended struct {
	reporter.Reporter
	spans atomic.Int64
}

func (e *ended) Send(s model.SpanModel) {
	e.spans.Add(1)
	e.Reporter.Send(s)
}

func zipkinExport(share float64, via http.RoundTripper) export {
	t := &tally{RoundTripper: via, moved: make(chan struct{}, 1)}
	r := &ended{Reporter: zipkinreporter.NewReporter(collectorURL, zipkinreporter.Client(&http.Client{Transport: t}), zipkinreporter.Serializer(t),
		zipkinreporter.BatchSize(batchSpans), zipkinreporter.MaxBacklog(1<<20))}
	return export{
		tracer: must(zipkin.NewTracer(r, zipkin.WithSampler(must(zipkin.NewBoundarySampler(share, 0))), zipkin.WithSharedSpans(false), zipkin.WithTraceID128Bit(true),
			zipkin.WithLocalEndpoint(must(zipkin.NewEndpoint(serviceName, ""))))),
		sent: t.sent.Load,
		flush: func() error {
			for until := r.spans.Load(); t.sent.Load() < until; {
				<-t.moved
			}
			return nil
		},
		close: func() { r.Close() },
	}
}

// zipkinModels converts spans to zipkin-go's type.
func zipkinModels(spans []sdktrace.ReadOnlySpan) (models []*model.SpanModel) {
	for _, m := range otelzipkin.SpanModels(spans) {
		models = append(models, &m)
	}
	return models
}

// floorExport does the least that hand-written code can do with a span: it appends the span to a
// batch, and posts the batch.
type floorExport struct {
	mu    sync.Mutex
	batch []byte
	spans int
	sent  int64
	via   http.RoundTripper
}

func (f *floorExport) put(write func([]byte) []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.spans == 0 {
		f.batch = append(f.batch[:0], '[')
	} else {
		f.batch = append(f.batch, ',')
	}
	f.batch = write(f.batch)
	if f.spans++; f.spans == batchSpans {
		f.post()
	}
}

func (f *floorExport) flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.spans > 0 {
		f.post()
	}
	return nil
}

func (f *floorExport) post() {
	r := must(http.NewRequest(http.MethodPost, collectorURL, bytes.NewReader(append(f.batch, ']'))))
	r.Header.Set("Content-Type", "application/json")
	must(f.via.RoundTrip(r)).Body.Close()
	f.sent += int64(f.spans)
	f.spans = 0
}

// append appends s to dst in Zipkin's JSON, with tags that need no escapes.
func (s *span) append(dst []byte, kind string, begun time.Time, took time.Duration, tags ...string) []byte {
	dst = hex.AppendEncode(append(dst, `{"traceId":"`...), s.trace[:])
	if s.parent.IsValid() {
		dst = hex.AppendEncode(append(dst, `","parentId":"`...), s.parent[:])
	}
	dst = hex.AppendEncode(append(dst, `","id":"`...), s.id[:])
	dst = append(append(dst, `","kind":"`...), kind...)
	dst = strconv.AppendInt(append(dst, `","timestamp":`...), begun.UnixMicro(), 10)
	dst = strconv.AppendInt(append(dst, `,"duration":`...), max(1, took.Microseconds()), 10)
	dst = append(dst, `,"localEndpoint":{"serviceName":"`+serviceName+`"},"tags":{`...)
	for i, text := range tags {
		switch {
		case i%2 == 1:
			dst = append(dst, ':')
		case i > 0:
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), text...), '"')
	}
	return append(dst, '}', '}')
}

// paced returns op unchanged if op makes no spans. Otherwise it returns a function that runs op in
// batches. A batch begins when the collector has the batch before it.
func paced(op func(n int), in input, e export) func(n int) {
	if e.flush == nil || !in.sampled {
		return op
	}
	return func(n int) {
		for ; n > 0; n -= batchSpans {
			op(min(n, batchSpans))
			if err := e.flush(); err != nil {
				panic(err)
			}
		}
	}
}

// arrived checks that n spans arrive while op runs n times. Each span must have this kind, and the
// trace that in describes. If the trace is not sampled, no span must arrive.
func (c *collector) arrived(n int, kind string, in input, e export, op func(n int)) error {
	flush, sent := e.flush, e.sent
	if flush == nil {
		flush, sent = func() error { return nil }, func() int64 { return 0 }
	}
	err := flush() // sends earlier spans
	before := sent()
	spans, failed := c.look(func() {
		op(n)
		err = errors.Join(err, flush())
	})
	switch got := sent() - before; {
	case err != nil || failed != nil:
		return errors.Join(err, failed)
	case in.root && len(spans) > n/10: // about one in a thousand is sampled
		return fmt.Errorf("%d spans of %d were posted", len(spans), n)
	case !in.root && !in.sampled && len(spans) > 0:
		return fmt.Errorf("%d spans were posted, of a trace that is not sampled", len(spans))
	case got != int64(len(spans)):
		return fmt.Errorf("%d spans were posted, but the export counts %d", len(spans), got)
	case !in.sampled || e.flush == nil:
		return nil
	case len(spans) != n:
		return fmt.Errorf("%d of %d spans were posted", len(spans), n)
	}
	for _, s := range spans {
		if s.Kind != kind || len(s.Tags) == 0 {
			return fmt.Errorf("a span has the kind %q and the tags %v", s.Kind, s.Tags)
		}
		if err := in.match(s.TraceID, s.ID, spanHex, true); err != nil {
			return err
		}
	}
	return nil
}
