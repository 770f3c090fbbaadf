package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	clewzipkin "example.com/clew/zipkin"
	"github.com/openzipkin/zipkin-go/reporter"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// keeping is a SpanProcessor that keeps the ended spans.
type keeping struct{ spans []sdktrace.ReadOnlySpan }

func (k *keeping) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (k *keeping) OnEnd(s sdktrace.ReadOnlySpan)                   { k.spans = append(k.spans, s) }
func (k *keeping) ForceFlush(context.Context) error                { return nil }
func (k *keeping) Shutdown(context.Context) error                  { return nil }

// serverSpans returns a batch of spans of an HTTP server. Each has eleven attributes, a parent,
// and no events.
func serverSpans() []sdktrace.ReadOnlySpan {
	k := new(keeping)
	p := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(k), sdktrace.WithResource(otelResource()))
	tracer := p.Tracer("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", oteltrace.WithInstrumentationVersion("0.72.0"))
	caller := oteltrace.ContextWithRemoteSpanContext(context.Background(), callerSpan().WithTraceFlags(oteltrace.FlagsSampled))
	for i := range batchSpans {
		_, s := tracer.Start(caller, "GET /media/{id}", oteltrace.WithSpanKind(oteltrace.SpanKindServer), oteltrace.WithAttributes(
			attribute.String("server.address", "media.example"), attribute.Int("server.port", 8080),
			attribute.String("http.request.method", "GET"), attribute.String("url.scheme", "http"), attribute.String("url.path", fmt.Sprintf("/media/%d", i)),
			attribute.String("network.peer.address", "10.1.2.3"), attribute.Int("network.peer.port", 40000+i), attribute.String("network.protocol.version", "1.1"),
			attribute.String("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")))
		s.SetAttributes(attribute.String("http.route", "/media/{id}"), attribute.Int("http.response.status_code", 200))
		s.End()
	}
	return k.spans
}

// compressing compresses bodies as clew does. It is for peers that do not compress.
type compressing struct {
	http.RoundTripper
	z *gzip.Writer
}

func (c *compressing) RoundTrip(r *http.Request) (*http.Response, error) {
	var out bytes.Buffer
	c.z.Reset(&out)
	if _, err := io.Copy(c.z, r.Body); err != nil {
		return nil, err
	}
	c.z.Close()
	r = r.Clone(r.Context())
	r.Header.Set("Content-Encoding", "gzip")
	r.Body = io.NopCloser(&out)
	return c.RoundTripper.RoundTrip(r)
}

func compressed(via http.RoundTripper) http.RoundTripper {
	return &compressing{via, must(gzip.NewWriterLevel(nil, gzip.BestSpeed))}
}

func plain(via http.RoundTripper) http.RoundTripper { return via }

// encoding prepares to encode spans and returns a function that encodes and posts them.
type encoding = func(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) (post func() error)

// encodingJobs returns the jobs that turn spans into the body of a post. An operation handles one
// span.
func encodingJobs() []job {
	row := func(name string, k kind, begin encoding, wrap func(http.RoundTripper) http.RoundTripper) variant {
		return variant{name, k, func() work { return encoded(begin, wrap) }}
	}
	return []job{{name: "spans to Zipkin, encoding of the spans of an HTTP server", variants: []variant{
		row("JSON that is already encoded", baseline, readyJSON, plain),
		row("JSON that is already encoded, compressed", baseline, readyJSON, compressed),
		row("floor", floor, encodedByFloor, plain),
		row("clew's Exporter, which compresses", ours, encodedByClew, plain),
		row("OpenTelemetry's exporter", peer, encodedByOTel, plain),
		row("OpenTelemetry's exporter, compressed", peer, encodedByOTel, compressed),
		row("zipkin-go's JSONSerializer", peer, encodedByZipkin, plain),
		row("zipkin-go's JSONSerializer, compressed", peer, encodedByZipkin, compressed),
	}}}
}

// encoded returns work that encodes and posts a batch of spans.
func encoded(begin encoding, wrap func(http.RoundTripper) http.RoundTripper) work {
	c, spans := new(collector), serverSpans()
	post := begin(spans, wrap(c))
	op := func(n int) {
		for ; n > 0; n -= len(spans) {
			if err := post(); err != nil {
				panic(err)
			}
		}
	}
	return work{op: op, unit: len(spans), check: func() error {
		got, err := c.look(func() { op(len(spans)) })
		if err != nil {
			return err
		}
		if len(got) != len(spans) {
			return fmt.Errorf("%d of %d spans were posted", len(got), len(spans))
		}
		for i, s := range got {
			id, port := spans[i].SpanContext().SpanID().String(), fmt.Sprint(40000+i)
			if s.ID != id || s.ParentID != spanHex || len(s.Tags) < 11 || s.Tags["network.peer.port"] != port {
				return fmt.Errorf("span %d is %v", i, s)
			}
		}
		return nil
	}}
}

func readyJSON(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) func() error {
	body := must(json.Marshal(zipkinModels(spans)))
	return func() error { return postBody(via, body) }
}

func encodedByFloor(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) func() error {
	f := &floorExport{via: via}
	return func() error {
		for _, s := range spans {
			f.put(func(dst []byte) []byte { return floorSpan(dst, s) })
		}
		return f.flush()
	}
}

func encodedByClew(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) func() error {
	cfg := clewzipkin.ExporterConfig{Endpoint: collectorURL, Client: &http.Client{Transport: via}}
	return exportedBy(must(clewzipkin.NewSpanExporter(cfg)), spans)
}

func encodedByOTel(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) func() error {
	return exportedBy(otelExporter(collectorURL, via), spans)
}

func exportedBy(e sdktrace.SpanExporter, spans []sdktrace.ReadOnlySpan) func() error {
	return func() error { return e.ExportSpans(context.Background(), spans) }
}

// encodedByZipkin makes the models outside of the operation, because a service with zipkin-go
// already has models.
func encodedByZipkin(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) func() error {
	models := zipkinModels(spans)
	return func() error {
		body, err := reporter.JSONSerializer{}.Serialize(models)
		if err != nil {
			return err
		}
		return postBody(via, body)
	}
}

func postBody(via http.RoundTripper, body []byte) error {
	resp, err := (&http.Client{Transport: via}).Do(must(http.NewRequest(http.MethodPost, collectorURL, bytes.NewReader(body))))
	if err == nil {
		resp.Body.Close()
	}
	return err
}

// floorSpan appends s to dst as JSON, with the least that the job requires: the IDs, the kind, the
// times and the tags. It does not escape text.
func floorSpan(dst []byte, s sdktrace.ReadOnlySpan) []byte {
	var room [64]string
	tags := room[:0]
	for _, kv := range s.Attributes() {
		tags = append(tags, string(kv.Key), kv.Value.String())
	}
	begun := s.StartTime()
	sc := span{trace: s.SpanContext().TraceID(), id: s.SpanContext().SpanID(), parent: s.Parent().SpanID()}
	return sc.append(dst, "SERVER", begun, s.EndTime().Sub(begun), tags...)
}
