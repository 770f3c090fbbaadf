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

// answers are what Sample may say, and what it then counts as.
var answers = []struct{ says, counts trace.Sampling }{
	{trace.Defer, trace.Defer}, {trace.Deny, trace.Deny}, {trace.Accept, trace.Accept}, {trace.Debug, trace.Debug}, {4, trace.Defer}, {255, trace.Defer},
}

// TestSample: whatever the provider, Sample is asked once where nobody has decided, and what it
// says is obeyed as a state that came without IDs is.
func TestSample(t *testing.T) {
	newRoot := []oteltrace.SpanStartOption{oteltrace.WithNewRoot(), oteltrace.WithLinks(oteltrace.Link{SpanContext: oteltrace.SpanContextFromContext(testkit.Context(id128Low + "-" + parentID + "-1"))})}
	for _, tt := range []struct {
		name    string
		caller  string
		opts    []oteltrace.SpanStartOption
		decided bool
	}{
		{"nothing", "", nil, false},
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
	} {
		for _, answer := range answers {
			for _, s := range sdkSamplers {
				t.Run(fmt.Sprintf("%s/%v (%d)/%s", tt.name, answer.says, answer.says, s.name), func(t *testing.T) {
					w := watch(s.sampler)
					var caller trace.B3
					if tt.caller != "" {
						caller = testkit.B3(tt.caller)
					}
					asked := 0
					starter := trace.Starter{TracerProvider: w, Kind: oteltrace.SpanKindServer, Sample: func() trace.Sampling { asked++; return answer.says }}
					ctx, span := starter.Start(context.Background(), caller, "request", tt.opts...)
					defer span.End()

					b, ok := trace.FromContext(ctx)
					require.True(t, ok, "whether there are IDs")
					said := answer.counts
					if tt.decided {
						said = caller.Sampling
						assert.Zero(t, asked, "times that Sample was asked about what is decided")
					} else {
						assert.Equal(t, 1, asked, "times that Sample was asked")
					}
					recorded := s.records(said, b.TraceID)
					assert.Equal(t, recorded, span.IsRecording(), "whether the span is recorded")
					assert.Equal(t, wantState(said, recorded), b.Sampling, "state sent on")
					assert.Equal(t, map[bool]int32{true: 0, false: 1}[said == trace.Deny], w.sampler.asked.Load(), "times that the SDK's sampler was asked")

					// Which trace it is, Sample does not say.
					if caller.TraceID.IsValid() && tt.opts == nil {
						assert.Equal(t, caller.ID(), b.ID(), "trace ID")
						assert.Equal(t, caller.SpanID, b.ParentSpanID, "parent")
					} else {
						assert.Len(t, b.ID(), 32, "trace ID: a new one")
						assert.False(t, b.ParentSpanID.IsValid(), "whether there is a parent")
						assert.NotEqual(t, caller.TraceID, b.TraceID, "trace ID")
					}
					if recorded {
						got := w.recorder.Started()[0]
						assert.Len(t, got.Links(), len(tt.opts)/2, "links")
						assert.Equal(t, oteltrace.SpanKindServer, got.SpanKind(), "kind")
						if !tt.decided {
							assert.NotEqual(t, spanID, got.Parent().SpanID().String(), "parent in the SDK: a caller that defers reports none")
						}
					}

					// It holds for what is nested, whoever starts it.
					asked = 0
					child, childSpan := starter.Start(ctx, trace.B3{}, "nested")
					defer childSpan.End()
					c, _ := trace.FromContext(child)
					assert.Zero(t, asked, "times that Sample was asked about what is nested")
					assert.Equal(t, b.TraceID, c.TraceID, "trace ID, nested")
					if s.parentBased || said == trace.Deny {
						assert.Equal(t, b.Sampling, c.Sampling, "state sent on, nested")
					}
					if said == trace.Deny {
						assert.Zero(t, w.sampler.asked.Load(), "times that the SDK was asked about what is nested in a deny")
						for i, ctx := range []context.Context{ctx, child} {
							_, root := trace.Root(ctx, "root")
							root.End()
							assert.EqualValues(t, i+1, w.sampler.asked.Load(), "times that the SDK was asked about a root in a deny: it is a trace of its own")
						}
					}
				})
			}
		}
	}
}

// TestSampleOfOurs: the same with a Provider.
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
				})), Sample: func() trace.Sampling { return answer.says }}
				ctx, _ := starter.Start(context.Background(), trace.B3{}, "x", opts...)
				b, _ := trace.FromContext(ctx)
				want, asked := answer.counts, 0
				if want == trace.Defer {
					want, asked = map[bool]trace.Sampling{false: trace.Deny, true: trace.Accept}[yes], 1
				}
				assert.Equal(t, want, b.Sampling, "state after %v (%d)", answer.says, answer.says)
				assert.EqualValues(t, asked, c.asked.Load(), "times that the Sampler was asked after %v (%d)", answer.says, answer.says)
			}
		}
	}
}

type samplerFunc func(oteltrace.TraceID) bool

func (f samplerFunc) Sample(id oteltrace.TraceID) bool { return f(id) }

// TestSampleInASpan: a span of this process has been decided, by another library too. Only where
// that is no decision, since it could not tell a caller that defers from one that denies, is
// Sample asked.
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
		{"another's, sampled", taken, trace.B3{}, 0},
		{"another's, sampled, and a caller that defers", taken, callerOf(taken, trace.Defer), 0},
		{"another's, not sampled", refused, trace.B3{}, 0},
		{"another's, not sampled, and a caller that defers", refused, callerOf(refused, trace.Defer), 1},
		{"ours", ours, trace.B3{}, 0},
		{"ours, and a caller that defers", ours, callerOf(ours, trace.Defer), 0},
		{"ours, and a caller in another trace", ours, testkit.B3(id128 + "-" + spanID), 1},
		{"a caller in the context, who defers", testkit.Context(id64 + "-" + spanID), trace.B3{}, 1},
		{"a caller in the context, who accepts", testkit.Context(id64 + "-" + spanID + "-1"), trace.B3{}, 0},
		{"a lone state in the context", testkit.Context("1"), trace.B3{}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			starter := trace.Starter{TracerProvider: w, Sample: func() trace.Sampling { asked++; return trace.Debug }}
			ctx, span := starter.Start(tt.ctx, tt.caller, "x")
			defer span.End()
			assert.Equal(t, tt.asked, asked, "times that Sample was asked")
			b, _ := trace.FromContext(ctx)
			assert.Equal(t, tt.asked == 1, b.Sampling == trace.Debug, "debug: state is %v", b.Sampling)

			_, span = starter.Start(tt.ctx, tt.caller, "x", oteltrace.WithNewRoot())
			span.End()
			assert.Equal(t, tt.asked+1, asked, "times that Sample was asked, with a new root")
		})
	}
}

// TestSamplePanics: before there is a span.
func TestSamplePanics(t *testing.T) {
	w := watch(sdktrace.AlwaysSample())
	starter := trace.Starter{TracerProvider: w, Sample: func() trace.Sampling { panic("no sample") }}
	for _, opts := range [][]oteltrace.SpanStartOption{nil, {oteltrace.WithNewRoot()}} {
		assert.PanicsWithValue(t, "no sample", func() { starter.Start(context.Background(), trace.B3{}, "x", opts...) })
	}
	assert.Empty(t, w.recorder.Started(), "spans begun at the SDK")
}

// TestSampleLooksNoLonger: to ask costs no further walk through the context.
func TestSampleLooksNoLonger(t *testing.T) {
	for _, opts := range [][]oteltrace.SpanStartOption{nil, {oteltrace.WithNewRoot()}} {
		var walks [2]int
		for i, sample := range []func() trace.Sampling{nil, func() trace.Sampling { return trace.Accept }} {
			ctx := walked{context.Background(), &walks[i]}
			trace.Starter{TracerProvider: providerOf(trace.Always()), Sample: sample}.Start(ctx, trace.B3{}, "x", opts...)
		}
		assert.Equal(t, walks[0], walks[1], "values asked of the context: without Sample, and with it")
		assert.NotZero(t, walks[0], "values asked of the context")
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
