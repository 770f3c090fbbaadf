package zipkin

import (
	"context"
	"testing"

	"example.com/clew/internal/clip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// These tests are in package zipkin because the encoder is not exported.

// The type last is a SpanProcessor that keeps only the span that ended most recently.
type last struct{ span sdktrace.ReadOnlySpan }

func (l *last) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (l *last) OnEnd(s sdktrace.ReadOnlySpan)                   { l.span = s }
func (l *last) ForceFlush(context.Context) error                { return nil }
func (l *last) Shutdown(context.Context) error                  { return nil }

// spansToEncode are spans as instrumentations make them.
var spansToEncode = []struct {
	name string
	kind oteltrace.SpanKind
	span string
	tell func(oteltrace.Span)
}{
	{"an HTTP server", oteltrace.SpanKindServer, "GET /media/{id}", func(s oteltrace.Span) {
		s.SetAttributes(attribute.String("server.address", "media.example"), attribute.Int("server.port", 8080),
			attribute.String("http.request.method", "GET"), attribute.String("url.scheme", "http"), attribute.String("url.path", "/media/7"),
			attribute.String("network.peer.address", "10.1.2.3"), attribute.Int("network.peer.port", 40000), attribute.String("network.protocol.version", "1.1"),
			attribute.String("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
			attribute.String("http.route", "/media/{id}"), attribute.Int("http.response.status_code", 200))
	}},
	{"an HTTP client", oteltrace.SpanKindClient, "GET", func(s oteltrace.Span) {
		s.SetAttributes(attribute.String("http.request.method", "GET"), attribute.String("url.full", "http://images.example:8080/images/7"),
			attribute.String("server.address", "images.example"), attribute.Int("server.port", 8080), attribute.Int("http.response.status_code", 200))
	}},
	{"a call of a database", oteltrace.SpanKindClient, "select media", func(s oteltrace.Span) {
		s.SetAttributes(attribute.String("db.system.name", "postgresql"), attribute.String("db.namespace", "media"), attribute.String("db.operation.name", "SELECT"),
			attribute.String("db.query.text", `SELECT "id", "name" FROM media WHERE id = $1`), attribute.String("server.address", "10.4.5.6"), attribute.Int("server.port", 5432))
	}},
	{"a step of the program", oteltrace.SpanKindInternal, "resize", func(s oteltrace.Span) {
		s.SetAttributes(attribute.Int("width", 640), attribute.Bool("cached", false))
	}},
	{"a failed request", oteltrace.SpanKindServer, "get", func(s oteltrace.Span) {
		s.SetAttributes(attribute.Int("http.response.status_code", 500))
		s.SetStatus(codes.Error, "no such image")
	}},
}

func spanToEncode(t testing.TB, kind oteltrace.SpanKind, name string, tell func(oteltrace.Span)) sdktrace.ReadOnlySpan {
	l := new(last)
	res, err := resource.New(t.Context(), resource.WithHost(), resource.WithAttributes(serviceNameKey.String("media-api")))
	require.NoError(t, err)
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(l), sdktrace.WithResource(res)).Tracer("example.com/media/server", oteltrace.WithInstrumentationVersion("1.2.3"))
	caller := oteltrace.NewSpanContext(oteltrace.SpanContextConfig{TraceID: oteltrace.TraceID{0: 1, 15: 2}, SpanID: oteltrace.SpanID{3}, TraceFlags: oteltrace.FlagsSampled, Remote: true})
	_, s := tracer.Start(oteltrace.ContextWithRemoteSpanContext(t.Context(), caller), name, oteltrace.WithSpanKind(kind))
	tell(s)
	s.End()
	return l.span
}

// Appending a span to a buffer with enough capacity costs two allocations at most.
func TestAppendAllocations(t *testing.T) {
	const most = 2
	for _, tt := range spansToEncode {
		t.Run(tt.name, func(t *testing.T) {
			s, e, buf := spanToEncode(t, tt.kind, tt.span, tt.tell), new(encoder), make([]byte, 0, 4<<10)
			allocs := testing.AllocsPerRun(100, func() { buf = e.append(buf[:0], s) })
			assert.LessOrEqual(t, allocs, float64(most), "allocations of %s", buf)
		})
	}
}

// The function nested stops soon after it has written more text than the encoder keeps.
func TestNestedDepthIsBounded(t *testing.T) {
	items := make([]attribute.Value, 100_000)
	for i := range items {
		items[i] = attribute.MapValue(attribute.StringSlice("key", []string{"a text", "another"}))
	}
	assert.LessOrEqual(t, len(nested("key", asText, attribute.SliceValue(items...))), 2*clip.Max)
	assert.LessOrEqual(t, len(nested("key", asText, attribute.StringSliceValue(make([]string, 100_000)))), 2*clip.Max)
}

func BenchmarkAppend(b *testing.B) {
	for _, tt := range spansToEncode {
		b.Run(tt.name, func(b *testing.B) {
			s, e, buf := spanToEncode(b, tt.kind, tt.span, tt.tell), new(encoder), make([]byte, 0, 4<<10)
			b.ReportAllocs()
			for b.Loop() {
				buf = e.append(buf[:0], s)
			}
			b.SetBytes(int64(len(buf)))
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "spans/s")
		})
	}
}
