package trace_test

import (
	"context"
	"net/http"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// benchRows are the rows of the tables whose cost matters: the usual forms, and the forms that an
// attacker would send.
var benchRows = func() (rows []headerRow) {
	for _, r := range allHeaderRows() {
		switch r.name {
		case "no B3", "64 bit, accept", "128 bit with a parent", "b3: accept with a parent", "b3: lone deny", "both malformed", "huge", "b3: huge":
			rows = append(rows, r)
		}
	}
	return rows
}()

func BenchmarkFromHeader(b *testing.B) {
	for _, r := range benchRows {
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = trace.FromHeader(r.header)
			}
		})
	}
}

// The comparison is fair, because Extract does the same work in clew and in contrib.
func BenchmarkExtract(b *testing.B) {
	for _, p := range []struct {
		name string
		propagation.TextMapPropagator
	}{{"clew", trace.Propagator{}}, {"contrib", b3.New()}} {
		for _, r := range benchRows {
			b.Run(p.name+"/"+r.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					p.Extract(context.Background(), propagation.HeaderCarrier(r.header))
				}
			})
		}
	}
}

func BenchmarkInject(b *testing.B) {
	for _, e := range []struct {
		name     string
		encoding b3.Encoding
	}{{"multi", b3.B3MultipleHeader}, {"single", b3.B3SingleHeader}} {
		for _, p := range []struct {
			name string
			propagation.TextMapPropagator
		}{{"clew", trace.Propagator{Encoding: e.encoding}}, {"contrib", b3.New(b3.WithInjectEncoding(e.encoding))}} {
			b.Run(p.name+"/"+e.name, func(b *testing.B) {
				b.ReportAllocs()
				ctx, h := testkit.Context(id128+"-"+spanID+"-1"), http.Header{"Accept": {"*/*"}}
				for b.Loop() {
					p.Inject(ctx, propagation.HeaderCarrier(h))
				}
			})
		}
	}
}

// The baseline is the least code that puts a span into a context. It makes no IDs and no decision.
func BenchmarkStart(b *testing.B) {
	ctx := testkit.Context(id128 + "-" + spanID + "-1")
	b.Run("clew", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = trace.Start(ctx, "x")
		}
	})
	b.Run("ContextWithSpanContext", func(b *testing.B) {
		b.ReportAllocs()
		sc := oteltrace.SpanContextFromContext(ctx)
		for b.Loop() {
			_ = oteltrace.ContextWithSpanContext(ctx, sc)
		}
	})
}

func BenchmarkFromContext(b *testing.B) {
	ctx, _ := trace.Start(testkit.Context(id128+"-"+spanID+"-1"), "x")
	ctx = context.WithValue(context.WithValue(ctx, key("a"), 1), key("b"), 2)
	b.Run("clew", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = trace.FromContext(ctx)
		}
	})
	b.Run("SpanContextFromContext", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = oteltrace.SpanContextFromContext(ctx)
		}
	})
}

// The samplers refuse almost all traces here, as they do in busy services.
func BenchmarkSampler(b *testing.B) {
	for _, s := range []struct {
		name string
		trace.Sampler
	}{{"Never", trace.Never()}, {"NewRatio", trace.NewRatio(0.001)}, {"NewLimit", trace.NewLimit(10)}} {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				id := oteltrace.TraceID{8: 0xff}
				for pb.Next() {
					s.Sample(id)
				}
			})
		})
	}
}
