package trace_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
)

func providerOf(s trace.Sampler) *trace.Provider {
	return trace.NewProvider(trace.ProviderConfig{Sampler: s})
}

func TestProvider(t *testing.T) {
	for _, tt := range []struct {
		name    string
		ctx     context.Context
		sampler trace.Sampler
		want    said // Span is left empty; an empty Trace means a new trace
	}{
		{"root, sampled", context.Background(), trace.Always(), said{State: trace.Accept}},
		{"root, not sampled", context.Background(), trace.Never(), said{State: trace.Deny}},
		{"accept is inherited", testkit.Context(id64 + "-" + spanID + "-1-" + parentID), trace.Never(), said{id64, "", spanID, trace.Accept}},
		{"deny is inherited", testkit.Context(id128 + "-" + spanID + "-0"), trace.Always(), said{id128, "", spanID, trace.Deny}},
		{"debug is inherited", testkit.Context(idWide + "-" + spanID + "-d"), trace.Never(), said{idWide, "", spanID, trace.Debug}},
		{"defer is decided: sampled", testkit.Context(id64 + "-" + spanID), trace.Always(), said{id64, "", spanID, trace.Accept}},
		{"defer is decided: not sampled", testkit.Context(id64 + "-" + spanID), trace.Never(), said{id64, "", spanID, trace.Deny}},
		{"lone deny", testkit.Context("0"), trace.Always(), said{State: trace.Deny}},
		{"lone accept", testkit.Context("1"), trace.Never(), said{State: trace.Accept}},
		{"lone debug", testkit.Context("d"), trace.Never(), said{State: trace.Debug}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := providerOf(tt.sampler)
			ctx, span := p.Tracer("x", oteltrace.WithInstrumentationVersion("1")).Start(tt.ctx, "x", oteltrace.WithSpanKind(oteltrace.SpanKindServer))
			got := testkit.SaidIn(ctx)
			sc := span.SpanContext()
			assert.Equal(t, got.Span, sc.SpanID().String(), "span ID, by FromContext and by the span")
			assert.Regexp(t, "^[0-9a-f]{16}$", got.Span, "span ID")
			assert.NotEqual(t, spanID, got.Span, "span ID: want a fresh one")
			if tt.want.Trace == "" {
				assert.Regexp(t, "^[0-9a-f]{32}$", got.Trace, "trace ID of a new trace")
				got.Trace = ""
			}
			got.Span = ""
			assert.Equal(t, tt.want, got, "FromContext")
			assert.Equal(t, tt.want.State >= trace.Accept, sc.IsSampled(), "sampled, as OpenTelemetry sees it")
			assert.False(t, sc.IsRemote(), "whether the span is remote")
			assert.Equal(t, oteltrace.TracerProvider(p), span.TracerProvider(), "the span's provider")

			// A child of any provider is in the same trace, with the same decision.
			child, _ := providerOf(trace.Always()).Tracer("").Start(ctx, "child")
			assert.Equal(t, trace.ID(ctx), trace.ID(child), "ID of a child")
			assert.Equal(t, testkit.SaidIn(ctx).State, testkit.SaidIn(child).State, "state of a child")
			assert.Equal(t, trace.SpanID(ctx), testkit.SaidIn(child).Parent, "parent of a child")

			root, _ := p.Tracer("").Start(ctx, "root", oteltrace.WithNewRoot())
			assert.NotEqual(t, trace.ID(ctx), trace.ID(root), "ID WithNewRoot")
			assert.Empty(t, testkit.SaidIn(root).Parent, "parent WithNewRoot")
		})
	}
}

func TestProviderSpansRecordNothing(t *testing.T) {
	ctx, span := providerOf(trace.Always()).Tracer("").Start(context.Background(), "x")
	before := span.SpanContext()
	assert.False(t, span.IsRecording(), "IsRecording")
	for range 2 { // the second time, the span has ended
		span.SetName("y")
		span.SetStatus(codes.Error, "z")
		span.SetAttributes(attribute.String("k", "v"))
		span.AddEvent("e")
		span.AddLink(oteltrace.Link{})
		span.RecordError(context.Canceled)
		span.End()
	}
	assert.Equal(t, before, span.SpanContext(), "span context after all calls")
	assert.Equal(t, before, oteltrace.SpanContextFromContext(ctx), "span context in the context after all calls")
}

func TestZeroProvider(t *testing.T) {
	var p trace.Provider
	ctx, span := p.Tracer("").Start(context.Background(), "x")
	defer span.End()
	assert.Len(t, trace.ID(ctx), 32, "ID")
	ctx, _ = p.Tracer("").Start(testkit.Context(id64+"-"+spanID+"-1"), "x")
	assert.Equal(t, id64, trace.ID(ctx), "ID under a parent")
}

// The default rate is exactly one in a thousand. A Ratio halves the low 64 bits of the ID, and
// samples the ID if the half is in the lowest thousandth of all halves.
func TestDefaultRate(t *testing.T) {
	last := uint64(1<<63) / 1000
	text := func(half uint64) string { return id128[:16] + pad16(strconv.FormatUint(half<<1, 16)) }
	for name, start := range map[string]func(trace.B3) context.Context{
		"NewProvider": func(b trace.B3) context.Context {
			ctx, _ := trace.NewProvider(trace.ProviderConfig{}).Tracer("").Start(trace.NewContext(context.Background(), b), "x")
			return ctx
		},
		"zero Provider": func(b trace.B3) context.Context {
			ctx, _ := new(trace.Provider).Tracer("").Start(trace.NewContext(context.Background(), b), "x")
			return ctx
		},
		"Start without any SDK": func(b trace.B3) context.Context {
			ctx, _ := trace.Start(trace.NewContext(context.Background(), b), "x")
			return ctx
		},
		"Starter without any SDK": func(b trace.B3) context.Context {
			ctx, _ := trace.Starter{}.Start(context.Background(), b, "x")
			return ctx
		},
	} {
		// A float64 near 2^63/1000 is exact to a few units, so the tests use IDs whose halves are
		// 8 units below and above this bound.
		assert.Equal(t, trace.Accept, testkit.SaidIn(start(testkit.B3(text(last-8)+"-"+spanID))).State, "%s: the last ID of the first thousandth", name)
		assert.Equal(t, trace.Deny, testkit.SaidIn(start(testkit.B3(text(last+8)+"-"+spanID))).State, "%s: the first ID after the first thousandth", name)
	}
}

func pad16(s string) string { return strings.Repeat("0", 16-len(s)) + s }

func TestNewIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		ctx, span := trace.Start(context.Background(), "x")
		id, sc := trace.ID(ctx), span.SpanContext()
		require.Regexp(t, "^[0-9a-f]{32}$", id, "a new trace ID")
		require.True(t, sc.IsValid(), "whether the IDs are valid")
		require.NotEqual(t, zeros, id[16:], "low half of a new trace ID")
		require.False(t, seen[id] || seen[trace.SpanID(ctx)], "whether an ID was seen before")
		seen[id], seen[trace.SpanID(ctx)] = true, true
	}
}

// A new trace ID begins with the second in which the trace began.
func TestNewIDsTellTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 5 {
			now := time.Now().Unix()
			for name, start := range map[string]func(context.Context, string, ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span){
				"Start": trace.Start, "Root": trace.Root, "Provider": new(trace.Provider).Tracer("").Start,
			} {
				ctx, _ := start(context.Background(), "x")
				got, err := strconv.ParseInt(trace.ID(ctx)[:8], 16, 64)
				require.NoError(t, err)
				assert.Equal(t, now, got, "first 8 digits of the ID after %s, as a number", name)
			}
			time.Sleep(36*time.Hour + 1234*time.Millisecond) // by the bubble's clock
		}
	})
}

// Some libraries, such as otelhttp, use the provider of clew's span. Spans of this provider must
// obey a deny too.
func TestTracerProviderOfADeny(t *testing.T) {
	if !testkit.InChild(t) {
		return
	}
	provider := &counter{sampler: trace.Always()}
	otel.SetTracerProvider(sdk(provider))
	for name, ctx := range map[string]context.Context{
		"remote": testkit.Context(id64 + "-" + spanID + "-0"),
		"local":  first(trace.Starter{TracerProvider: sdk(provider)}.Start(context.Background(), testkit.B3(id64+"-"+spanID+"-0"), "x")),
		"lone":   first(trace.Starter{TracerProvider: sdk(provider)}.Start(context.Background(), testkit.B3("0"), "x")),
	} {
		p := oteltrace.SpanFromContext(ctx).TracerProvider()
		assert.IsType(t, (*trace.Provider)(nil), p, "%s: provider of a denied span", name)
		child, span := p.Tracer("nested").Start(ctx, "nested")
		assert.False(t, span.IsRecording(), "%s: whether a nested span is recorded", name)
		assert.Equal(t, trace.Deny, testkit.SaidIn(child).State, "%s: state of a nested span", name)
	}
	assert.Zero(t, provider.asked.Load(), "times that the SDK's sampler was asked")
}

func first(ctx context.Context, _ oteltrace.Span) context.Context { return ctx }
