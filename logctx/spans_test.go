package logctx_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// The text of a span's IDs is made once. Lines of other spans do not get this text.
func TestLinesUnderNestedSpans(t *testing.T) {
	sdk := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample()))
	ours, _ := trace.Start(testkit.Request(), "ours")
	bySDK, _ := trace.Starter{TracerProvider: sdk}.Start(testkit.Context(idWide+"-"+spanID+"-d"), trace.B3{}, "by an SDK")
	child := func(ctx context.Context) context.Context {
		ctx, _ = sdk.Tracer("x").Start(ctx, "child, which only the SDK knows of")
		return ctx
	}
	as := func(ctx context.Context, traceID, spanID string) context.Context {
		t, _ := oteltrace.TraceIDFromHex(traceID)
		s, _ := oteltrace.SpanIDFromHex(spanID)
		return oteltrace.ContextWithRemoteSpanContext(ctx, oteltrace.NewSpanContext(oteltrace.SpanContextConfig{TraceID: t, SpanID: s}))
	}
	for name, ctx := range map[string]context.Context{
		"a span of ours":                           ours,
		"a span of an SDK":                         bySDK,
		"an SDK's child of ours":                   child(ours),
		"an SDK's child of its own":                child(bySDK),
		"another trace, the same span ID":          as(ours, "1111111111111111"+id64, trace.SpanID(ours)),
		"another trace, the span ID of an SDK":     as(bySDK, "1111111111111111"+id64, trace.SpanID(bySDK)),
		"the same trace, another span":             as(ours, id128, "1111111111111111"),
		"a trace in the context of an SDK's child": trace.NewContext(child(ours), testkit.B3(id64+"-"+spanID)),
		"a context from trace.Only":                trace.Only(child(bySDK)),
	} {
		for _, cfg := range []logctx.Config{{}, logctx.ECS(), {SpanKey: "sid"}} {
			var out bytes.Buffer
			logger := zerolog.New(&out).Hook(logctx.Hook(cfg))
			slogger := slog.New(logctx.Slog(slog.NewJSONHandler(&out, nil), cfg))
			for range 2 { // the first round makes the text, the second round reads it
				logger.Info().Ctx(ctx).Msg(message)
				slogger.InfoContext(ctx, message)
			}
			b, _ := trace.FromContext(ctx)
			for _, line := range testkit.TakeLines(t, &out) {
				keys := []any{line["trace_id"], line["trace.id"], line["span_id"], line["span.id"], line["sid"]}
				keys = slices.DeleteFunc(keys, func(v any) bool { return v == nil })
				assert.Equal(t, []any{b.ID(), b.SpanID.String()}, keys, "IDs under %s, %+v: %v", name, cfg, line)
			}
		}
	}
}

// The first line of a span makes the text of its IDs, while other goroutines log lines of the same
// span.
func TestLinesOfOneSpanAtOnce(t *testing.T) {
	for round := range 2000 {
		ctx, _ := trace.Start(context.Background(), "x")
		b, _ := trace.FromContext(ctx)
		want := fmt.Sprintf("{\"trace_id\":\"%s\",\"span_id\":\"%s\"}\n", b.TraceID, b.SpanID)
		var logging sync.WaitGroup
		begin := make(chan struct{})
		for range 8 {
			logging.Go(func() {
				var out bytes.Buffer
				logger := testkit.Hooked(&out)
				<-begin
				logger.Log().Ctx(ctx).Send()
				assert.Equal(t, want, out.String(), "line in round %d", round)
			})
		}
		close(begin)
		logging.Wait()
	}
}
