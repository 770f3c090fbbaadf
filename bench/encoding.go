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

// keeping is a SpanProcessor that keeps what ended.
type keeping struct{ spans []sdktrace.ReadOnlySpan }

func (k *keeping) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (k *keeping) OnEnd(s sdktrace.ReadOnlySpan)                   { k.spans = append(k.spans, s) }
func (k *keeping) ForceFlush(context.Context) error                { return nil }
func (k *keeping) Shutdown(context.Context) error                  { return nil }

// serverSpans is a batch of spans such as an HTTP server makes: eleven attributes, a caller, no events.
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

// compressing is what clew does with a body, for those who do not.
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

// encodingJobs turn spans into what is posted. An operation is a span.
func encodingJobs() []job {
	j := job{name: "spans to Zipkin, encoding of an HTTP server's"}
	add := func(name string, k kind, begin func(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) (post func() error), wrap func(http.RoundTripper) http.RoundTripper) {
		j.variants = append(j.variants, variant{name, k, func() work {
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
					if s.ID != spans[i].SpanContext().SpanID().String() || s.ParentID != spanHex || len(s.Tags) < 11 || s.Tags["network.peer.port"] != fmt.Sprint(40000+i) {
						return fmt.Errorf("span %d is %v", i, s)
					}
				}
				return nil
			}}
		}})
	}
	exporter := func(e sdktrace.SpanExporter, spans []sdktrace.ReadOnlySpan) func() error {
		return func() error { return e.ExportSpans(context.Background(), spans) }
	}
	otel := func(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) func() error {
		return exporter(otelExporter(collectorURL, via), spans)
	}
	posting := func(via http.RoundTripper, body []byte) error {
		resp, err := (&http.Client{Transport: via}).Do(must(http.NewRequest(http.MethodPost, collectorURL, bytes.NewReader(body))))
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	// A service that makes its spans by zipkin-go has the models already: no part of this is to make them.
	zipkinGo := func(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) func() error {
		models := zipkinModels(spans)
		return func() error {
			body, err := reporter.JSONSerializer{}.Serialize(models)
			if err != nil {
				return err
			}
			return posting(via, body)
		}
	}
	add("JSON that is there already", baseline, func(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) func() error {
		body := must(json.Marshal(zipkinModels(spans)))
		return func() error { return posting(via, body) }
	}, plain)
	add("JSON that is there already, compressed", baseline, func(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) func() error {
		body := must(json.Marshal(zipkinModels(spans)))
		return func() error { return posting(via, body) }
	}, compressed)
	add("floor", floor, func(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) func() error {
		f := &floorExport{via: via}
		return func() error {
			for _, s := range spans {
				f.put(func(dst []byte) []byte { return floorSpan(dst, s) })
			}
			return f.flush()
		}
	}, plain)
	add("clew's Exporter, which compresses", ours, func(spans []sdktrace.ReadOnlySpan, via http.RoundTripper) func() error {
		return exporter(must(clewzipkin.NewSpanExporter(clewzipkin.ExporterConfig{Endpoint: collectorURL, Client: &http.Client{Transport: via}})), spans)
	}, plain)
	add("OpenTelemetry's exporter", peer, otel, plain)
	add("OpenTelemetry's exporter, compressed", peer, otel, compressed)
	add("zipkin-go's JSONSerializer", peer, zipkinGo, plain)
	add("zipkin-go's JSONSerializer, compressed", peer, zipkinGo, compressed)
	return []job{j}
}

// floorSpan must write IDs, kind, times and tags. What is in the texts it believes.
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
