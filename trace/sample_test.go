package trace_test

import (
	"context"
	"fmt"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// answers are the values that Sample can return, and the state that each value means.
var answers = []struct{ value, state trace.Sampling }{
	{trace.Defer, trace.Defer}, {trace.Deny, trace.Deny}, {trace.Accept, trace.Accept}, {trace.Debug, trace.Debug},
	{4, trace.Defer}, {255, trace.Defer},
}

// An asking holds two arguments of Start: a caller and options. The field decided is true if the
// caller has decided, so that Sample must not be asked.
type asking struct {
	name    string
	caller  string
	opts    []oteltrace.SpanStartOption
	decided bool
}

var newRoot = []oteltrace.SpanStartOption{
	oteltrace.WithNewRoot(),
	oteltrace.WithLinks(oteltrace.Link{SpanContext: oteltrace.SpanContextFromContext(testkit.Context(id128Low + "-" + parentID + "-1"))}),
}

var askings = []asking{
	{"no caller", "", nil, false},
	{"defer", id64 + "-" + spanID, nil, false},
	{"defer, wide", idWide + "-" + spanID, nil, false},
	{"a new root", "", newRoot, false},
	{"a new root for a caller", id128 + "-" + spanID + "-0", newRoot, false},
	{"lone deny", "0", nil, true},
	{"lone accept", "1", nil, true},
	{"lone debug", "d", nil, true},
	{"deny", id128 + "-" + spanID + "-0", nil, true},
	{"accept", id128 + "-" + spanID + "-1", nil, true},
	{"debug", id128 + "-" + spanID + "-d", nil, true},
}

func (a asking) parsed() (caller trace.B3) {
	if a.caller != "" {
		caller = testkit.B3(a.caller)
	}
	return caller
}

// The type sampled holds a span from a Starter that has an SDK and the function Sample.
type sampled struct {
	asking
	sdk     sdkSampler
	watched watched
	starter trace.Starter
	asked   int // how often Sample was asked
	ctx     context.Context
	span    oteltrace.Span
	b3      trace.B3
	said    trace.Sampling // the caller's decision, or Sample's answer if Sample is asked
}

// eachSample runs test for each of askings, answers and SDK samplers.
func eachSample(t *testing.T, test func(*testing.T, *sampled)) {
	for _, a := range askings {
		for _, answer := range answers {
			for _, sdk := range sdkSamplers {
				t.Run(fmt.Sprintf("%s/%v (%d)/%s", a.name, answer.value, answer.value, sdk.name), func(t *testing.T) {
					s := &sampled{asking: a, sdk: sdk, watched: watch(sdk.sampler), said: answer.state}
					if a.decided {
						s.said = a.parsed().Sampling
					}
					s.starter = trace.Starter{TracerProvider: s.watched, Kind: oteltrace.SpanKindServer,
						Sample: func() trace.Sampling { s.asked++; return answer.value }}
					s.ctx, s.span = s.starter.Start(context.Background(), a.parsed(), "request", a.opts...)
					defer s.span.End()
					var ok bool
					s.b3, ok = trace.FromContext(s.ctx)
					require.True(t, ok, "whether there are IDs")
					test(t, s)
				})
			}
		}
	}
}

// With every sampler of an SDK, Sample is asked once if no decision of the caller applies. The
// answer has the same effect as a caller's state without IDs.
func TestSample(t *testing.T) {
	eachSample(t, func(t *testing.T, s *sampled) {
		if s.decided {
			assert.Zero(t, s.asked, "times that Sample was asked although the caller has decided")
		} else {
			assert.Equal(t, 1, s.asked, "times that Sample was asked")
		}
		recorded := s.sdk.records(s.said, s.b3.TraceID)
		assert.Equal(t, recorded, s.span.IsRecording(), "whether the span is recorded")
		assert.Equal(t, wantState(s.said, recorded), s.b3.Sampling, "state sent on")
		assert.Equal(t, map[bool]int32{true: 0, false: 1}[s.said == trace.Deny], s.watched.sampler.asked.Load(), "times that the SDK's sampler was asked")
		if recorded {
			got := s.watched.recorder.Started()[0]
			assert.Len(t, got.Links(), len(s.opts)/2, "links")
			assert.Equal(t, oteltrace.SpanKindServer, got.SpanKind(), "kind")
			if !s.decided {
				assert.NotEqual(t, spanID, got.Parent().SpanID().String(), "parent in the SDK: want a span other than the caller's, because a caller that defers reports no span")
			}
		}
	})
}

// The answer of Sample does not change which trace a span belongs to.
func TestSampleKeepsTheTrace(t *testing.T) {
	eachSample(t, func(t *testing.T, s *sampled) {
		if caller := s.parsed(); caller.TraceID.IsValid() && s.opts == nil {
			assert.Equal(t, caller.ID(), s.b3.ID(), "trace ID")
			assert.Equal(t, caller.SpanID, s.b3.ParentSpanID, "parent")
		} else {
			assert.Len(t, s.b3.ID(), 32, "trace ID: a new one")
			assert.False(t, s.b3.ParentSpanID.IsValid(), "whether there is a parent")
			assert.NotEqual(t, caller.TraceID, s.b3.TraceID, "trace ID")
		}
	})
}

// The decision holds for nested spans. A new root asks the SDK again, even after a deny.
func TestSampleHoldsForNestedSpans(t *testing.T) {
	eachSample(t, func(t *testing.T, s *sampled) {
		s.asked = 0
		child, childSpan := s.starter.Start(s.ctx, trace.B3{}, "nested")
		defer childSpan.End()
		c, _ := trace.FromContext(child)
		assert.Zero(t, s.asked, "times that Sample was asked about a nested span")
		assert.Equal(t, s.b3.TraceID, c.TraceID, "trace ID, nested")
		if s.sdk.parentBased || s.said == trace.Deny {
			assert.Equal(t, s.b3.Sampling, c.Sampling, "state sent on, nested")
		}
		if s.said != trace.Deny {
			return
		}
		assert.Zero(t, s.watched.sampler.asked.Load(), "times that the SDK was asked about a span that is nested in a denied one")
		for i, ctx := range []context.Context{s.ctx, child} {
			_, root := trace.Root(ctx, "root")
			root.End()
			assert.EqualValues(t, i+1, s.watched.sampler.asked.Load(), "times that the SDK was asked about new roots under a denied span")
		}
	})
}

// A trace.Provider obeys Sample as an SDK does.
func TestSampleOfOurs(t *testing.T) {
	for _, yes := range []bool{false, true} {
		for _, answer := range answers {
			for _, opts := range [][]oteltrace.SpanStartOption{nil, {oteltrace.WithNewRoot()}} {
				sampler := trace.Never()
				if yes {
					sampler = trace.Always()
				}
				c := &counter{sampler: sampler}
				starter := trace.Starter{TracerProvider: providerOf(samplerFunc(func(id oteltrace.TraceID) bool {
					c.asked.Add(1)
					return sampler.Sample(id)
				})), Sample: func() trace.Sampling { return answer.value }}
				ctx, _ := starter.Start(context.Background(), trace.B3{}, "x", opts...)
				b, _ := trace.FromContext(ctx)
				want, asked := answer.state, 0
				if want == trace.Defer {
					want, asked = map[bool]trace.Sampling{false: trace.Deny, true: trace.Accept}[yes], 1
				}
				assert.Equal(t, want, b.Sampling, "state after %v (%d)", answer.value, answer.value)
				assert.EqualValues(t, asked, c.asked.Load(), "times that the Sampler was asked after %v (%d)", answer.value, answer.value)
			}
		}
	}
}

type samplerFunc func(oteltrace.TraceID) bool

func (f samplerFunc) Sample(id oteltrace.TraceID) bool { return f(id) }

// Under a span of this process, Sample is not asked, because somebody has decided about that span
// already, even if another library began it. There is one exception. Other libraries treat a
// caller that defers as one that denies. So if the caller defers and another library's span is not
// sampled, Sample is asked.
func TestSampleInASpan(t *testing.T) {
	w := watch(sdktrace.ParentBased(sdktrace.AlwaysSample()))
	taken, _ := w.Tracer("").Start(context.Background(), "taken")
	refused, _ := watch(sdktrace.NeverSample()).Tracer("").Start(context.Background(), "refused")
	ours, _ := trace.Starter{TracerProvider: providerOf(trace.Never())}.Start(context.Background(), trace.B3{}, "ours")
	callerOf := func(ctx context.Context, state trace.Sampling) trace.B3 {
		b, _ := trace.FromContext(ctx)
		b.Sampling = state
		return b
	}
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		caller trace.B3
		asked  int
	}{
		{"another library's span, sampled", taken, trace.B3{}, 0},
		{"another library's span, sampled, and a caller that defers", taken, callerOf(taken, trace.Defer), 0},
		{"another library's span, not sampled", refused, trace.B3{}, 0},
		{"another library's span, not sampled, and a caller that defers", refused, callerOf(refused, trace.Defer), 1},
		{"our span", ours, trace.B3{}, 0},
		{"our span, and a caller that defers", ours, callerOf(ours, trace.Defer), 0},
		{"our span, and a caller in another trace", ours, testkit.B3(id128 + "-" + spanID), 1},
		{"a caller that defers, in the context", testkit.Context(id64 + "-" + spanID), trace.B3{}, 1},
		{"a caller that accepts, in the context", testkit.Context(id64 + "-" + spanID + "-1"), trace.B3{}, 0},
		{"a lone state in the context", testkit.Context("1"), trace.B3{}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			starter := trace.Starter{TracerProvider: w, Sample: func() trace.Sampling { asked++; return trace.Debug }}
			ctx, span := starter.Start(tt.ctx, tt.caller, "x")
			defer span.End()
			assert.Equal(t, tt.asked, asked, "times that Sample was asked")
			b, _ := trace.FromContext(ctx)
			assert.Equal(t, tt.asked == 1, b.Sampling == trace.Debug, "whether the state is Sample's answer, debug: it is %v", b.Sampling)

			_, span = starter.Start(tt.ctx, tt.caller, "x", oteltrace.WithNewRoot())
			span.End()
			assert.Equal(t, tt.asked+1, asked, "times that Sample was asked, with a new root")
		})
	}
}

// If Sample panics, no span has begun.
func TestSamplePanics(t *testing.T) {
	w := watch(sdktrace.AlwaysSample())
	starter := trace.Starter{TracerProvider: w, Sample: func() trace.Sampling { panic("no sample") }}
	for _, opts := range [][]oteltrace.SpanStartOption{nil, {oteltrace.WithNewRoot()}} {
		assert.PanicsWithValue(t, "no sample", func() { starter.Start(context.Background(), trace.B3{}, "x", opts...) })
	}
	assert.Empty(t, w.recorder.Started(), "spans begun at the SDK")
}

// With Sample, Start looks up no more values in the context than without Sample.
func TestSampleLooksNoLonger(t *testing.T) {
	for _, opts := range [][]oteltrace.SpanStartOption{nil, {oteltrace.WithNewRoot()}} {
		var walks [2]int
		for i, sample := range []func() trace.Sampling{nil, func() trace.Sampling { return trace.Accept }} {
			ctx := walked{context.Background(), &walks[i]}
			trace.Starter{TracerProvider: providerOf(trace.Always()), Sample: sample}.Start(ctx, trace.B3{}, "x", opts...)
		}
		assert.Equal(t, walks[0], walks[1], "lookups in the context: without Sample, and with it")
		assert.NotZero(t, walks[0], "lookups in the context")
	}
}

type walked struct {
	context.Context
	n *int
}

func (w walked) Value(key any) any {
	*w.n++
	return w.Context.Value(key)
}
