package zipkin_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// TestBesideABlackHole: if the collector does not answer, another SpanProcessor loses no spans.
func TestBesideABlackHole(t *testing.T) {
	for _, name := range []string{"Shutdown", "ForceFlush"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tp, err := zipkin.NewProvider(zipkin.Config{Service: "s", Endpoint: "http://collector.example", Ratio: 1, Client: (&collector{answer: swallow}).client()})
				require.NoError(t, err)
				other := tracetest.NewInMemoryExporter()
				kept := keeper{other}
				processor := sdktrace.NewBatchSpanProcessor(kept)
				tp.RegisterSpanProcessor(processor)
				_, span := tp.Tracer("").Start(context.Background(), "x")
				span.End()
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				end := tp.Shutdown
				if name == "ForceFlush" {
					end = tp.ForceFlush
				}
				assert.ErrorIs(t, end(ctx), context.DeadlineExceeded, name)
				assert.Len(t, other.GetSpans(), 1, "spans at the other exporter after %s", name)
				assert.Error(t, tp.Shutdown(ctx), "Shutdown")
				assert.NoError(t, processor.Shutdown(context.Background()), "Shutdown of the other processor")
			})
		})
	}
}

// keeper is an exporter that keeps its spans after Shutdown.
type keeper struct{ *tracetest.InMemoryExporter }

func (keeper) Shutdown(context.Context) error { return nil }
