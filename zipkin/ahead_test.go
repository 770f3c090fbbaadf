package zipkin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// TestNotTakenCostsNoSDK: if a trace is not sampled, the SDK makes no span for it. So a request
// allocates as much as without an SDK.
func TestNotTakenCostsNoSDK(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	tp, _ := provider(t, zipkin.Config{Sampler: trace.Never()})
	bare := trace.NewProvider(trace.ProviderConfig{Sampler: trace.Never()})
	for _, tt := range []struct {
		name string
		run  func(oteltrace.TracerProvider) func()
	}{
		{"a request", func(p oteltrace.TracerProvider) func() {
			h := httpmw.New(httpmw.Config{TracerProvider: p})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
			return func() { h.ServeHTTP(w, r) }
		}},
		{"a request whose caller is not trusted", func(p oteltrace.TracerProvider) func() {
			h := httpmw.New(httpmw.Config{TracerProvider: p, Trust: httpmw.TrustNone.Always})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
			return func() { h.ServeHTTP(w, r) }
		}},
		{"a call in a request", func(p oteltrace.TracerProvider) func() {
			ctx, _ := trace.Starter{TracerProvider: p}.Start(context.Background(), trace.B3{}, "request")
			client := httpclient.NewTransport(noAnswer{}, httpclient.Config{})
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://svc.example/", nil)
			require.NoError(t, err)
			return func() { client.RoundTrip(r) }
		}},
		{"a span in a request", func(p oteltrace.TracerProvider) func() {
			ctx, _ := trace.Starter{TracerProvider: p}.Start(context.Background(), trace.B3{}, "request")
			return func() {
				_, s := trace.Start(ctx, "part")
				s.End()
			}
		}},
		{"a job", func(p oteltrace.TracerProvider) func() {
			ctx, _ := trace.Starter{TracerProvider: p}.Start(context.Background(), trace.B3{}, "request")
			return func() {
				_, s := trace.Root(ctx, "job")
				s.End()
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, want := testing.AllocsPerRun(500, tt.run(tp)), testing.AllocsPerRun(500, tt.run(bare))
			assert.Equal(t, want, got, "allocations: without an SDK, and with zipkin")
		})
	}
}

type noAnswer struct{}

func (noAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, http.ErrHandlerTimeout
}

// TestNotTakenIsTheProviders: a span that is not sampled returns the zipkin.Provider as its
// TracerProvider, as a sampled span does. Children that this Provider makes obey the decision, and
// the Sampler is asked about new roots.
func TestNotTakenIsTheProviders(t *testing.T) {
	s := new(asked)
	tp, p := provider(t, zipkin.Config{Sampler: s})
	ctx, span := trace.Starter{TracerProvider: tp}.Start(context.Background(), trace.B3{}, "request")
	require.False(t, span.IsRecording(), "whether the request is recorded")
	assert.Equal(t, oteltrace.TracerProvider(tp), span.TracerProvider(), "the provider of the request's children")
	b, _ := trace.FromContext(ctx)
	assert.Equal(t, trace.Deny, b.Sampling, "state that is sent on")
	assert.False(t, span.SpanContext().IsSampled(), "whether the request is sampled")

	s.yes.Store(true) // from here on, new traces are sampled
	inner := otelhttp.NewHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := trace.FromContext(r.Context())
		assert.Equal(t, trace.Deny, b.Sampling, "state inside otelhttp")
	}), "server")
	for _, ctx := range []context.Context{ctx, trace.Only(ctx), trace.Detach(ctx)} {
		for name, start := range map[string]func() oteltrace.Span{
			"Start":   func() oteltrace.Span { _, s := trace.Start(ctx, "child"); return s },
			"Starter": func() oteltrace.Span { _, s := trace.Starter{TracerProvider: tp}.Start(ctx, b, "child"); return s },
			"the span's provider": func() oteltrace.Span {
				_, s := oteltrace.SpanFromContext(ctx).TracerProvider().Tracer("other").Start(ctx, "child")
				return s
			},
			"the SDK": func() oteltrace.Span { _, s := tp.Tracer("other").Start(ctx, "child"); return s },
		} {
			child := start()
			assert.Equal(t, span.SpanContext().TraceID(), child.SpanContext().TraceID(), "trace ID of a child by %s", name)
			assert.NotEqual(t, span.SpanContext().SpanID(), child.SpanContext().SpanID(), "span ID of a child by %s", name)
			assert.False(t, child.IsRecording(), "whether a child by %s is recorded", name)
			child.End()
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
		inner.ServeHTTP(httptest.NewRecorder(), r)
	}
	assert.EqualValues(t, 1, s.n.Load(), "times that the Sampler was asked about the trace")
	assert.Empty(t, flushed(t, tp, p), "spans of the trace")
	assert.Zero(t, tp.Stats(), "Stats")

	_, root := trace.Root(ctx, "root")
	root.End()
	_, root = span.TracerProvider().Tracer("other").Start(ctx, "root", oteltrace.WithNewRoot())
	root.End()
	assert.EqualValues(t, 3, s.n.Load(), "times that the Sampler was asked, with two roots")
	assert.Len(t, flushed(t, tp, p), 2, "spans of new roots")
}

// TestNotTakenIsNoDeny: a message in state debug is recorded, even if this service did not sample
// its trace before.
func TestNotTakenIsNoDeny(t *testing.T) {
	tp, p := provider(t, zipkin.Config{Sampler: trace.Never()})
	ctx, _ := trace.Starter{TracerProvider: tp}.Start(context.Background(), trace.B3{}, "request")
	caller, _ := trace.FromContext(ctx)
	for _, tt := range []struct {
		state trace.Sampling
		want  int
	}{{trace.Defer, 0}, {trace.Deny, 0}, {trace.Accept, 0}, {trace.Debug, 1}} {
		caller.Sampling = tt.state
		_, s := trace.Starter{}.Start(ctx, caller, "message")
		s.End()
		assert.Len(t, flushed(t, tp, p), tt.want, "spans after a message in state %v", tt.state)
	}
}

// TestDefersAreDecidedInTheirTrace: if a caller defers, the span here keeps the caller's trace ID,
// in the same width. In log lines and headers, the caller's span is the parent. Zipkin gets no
// parent, because no service reports the caller's span.
func TestDefersAreDecidedInTheirTrace(t *testing.T) {
	for _, id := range []string{id128, id64, idWide} {
		for _, yes := range []bool{false, true} {
			s := new(asked)
			s.yes.Store(yes)
			tp, p := provider(t, zipkin.Config{Sampler: s})
			caller := testkit.B3(id + "-" + spanID)
			ctx, span := trace.Starter{TracerProvider: tp, Kind: oteltrace.SpanKindServer}.Start(context.Background(), caller, "request")
			b, _ := trace.FromContext(ctx)
			assert.Equal(t, id, b.ID(), "trace ID")
			assert.Equal(t, spanID, b.ParentSpanID.String(), "parent")
			assert.Equal(t, yes, b.Sampling == trace.Accept, "accepted")
			assert.Equal(t, yes, span.IsRecording(), "recorded")
			span.End()
			spans := flushed(t, tp, p)
			require.Len(t, spans, map[bool]int{true: 1}[yes])
			if yes {
				assert.Equal(t, id, spans[0]["traceId"], "trace ID in Zipkin")
				assert.NotContains(t, spans[0], "parentId")
			}
		}
	}
}

// TestAfterShutdown: after Shutdown, spans still have IDs. Almost no span is sampled, because
// nothing would be recorded.
func TestAfterShutdown(t *testing.T) {
	p := new(poster)
	tp, err := zipkin.NewProvider(zipkin.Config{Service: "s", Endpoint: "http://collector.example", Client: &http.Client{Transport: p}, Sampler: trace.Always()})
	require.NoError(t, err)
	require.NoError(t, tp.Shutdown(context.Background()))
	accepted := 0
	for range 1000 {
		for _, start := range []func() context.Context{
			func() context.Context {
				ctx, _ := trace.Starter{TracerProvider: tp}.Start(context.Background(), trace.B3{}, "x")
				return ctx
			},
			func() context.Context {
				ctx, _ := trace.Starter{TracerProvider: tp}.Start(context.Background(), trace.B3{}, "x", oteltrace.WithNewRoot())
				return ctx
			},
		} {
			b, ok := trace.FromContext(start())
			require.True(t, ok, "IDs after Shutdown")
			if b.Sampling == trace.Accept {
				accepted++
			}
		}
	}
	assert.Less(t, accepted, 50, "sampled traces of 2,000 after Shutdown")
}

// TestRootsKeepTheirOptions: all options have an effect on a sampled root.
func TestRootsKeepTheirOptions(t *testing.T) {
	assert.Equal(t, 6, reflect.TypeFor[oteltrace.SpanConfig]().NumField(), "fields of a SpanConfig: is there a new one that trace.joining loses?")

	tp, _ := provider(t, zipkin.Config{Ratio: 1})
	rec := tracetest.NewSpanRecorder()
	tp.RegisterSpanProcessor(rec)
	link := oteltrace.Link{SpanContext: oteltrace.NewSpanContext(oteltrace.SpanContextConfig{TraceID: oteltrace.TraceID{1}, SpanID: oteltrace.SpanID{2}}),
		Attributes: []attribute.KeyValue{attribute.String("why", "it")}}
	begun := time.Unix(1700000000, 5000)
	// WithNewRoot hides the span "outer" from the root.
	ctx, _ := tp.Tracer("other").Start(context.Background(), "outer")
	_, s := trace.Starter{TracerProvider: tp, Kind: oteltrace.SpanKindServer}.Start(ctx, trace.B3{}, "root",
		oteltrace.WithNewRoot(), oteltrace.WithLinks(link), oteltrace.WithAttributes(attribute.Int("n", 7)), oteltrace.WithTimestamp(begun))
	s.End()
	require.Len(t, rec.Ended(), 1)
	got := rec.Ended()[0]
	assert.Equal(t, "root", got.Name())
	assert.Equal(t, oteltrace.SpanKindServer, got.SpanKind(), "kind")
	assert.Equal(t, []attribute.KeyValue{attribute.Int("n", 7)}, got.Attributes(), "attributes")
	assert.True(t, begun.Equal(got.StartTime()), "begun: %v", got.StartTime())
	if assert.Len(t, got.Links(), 1, "links") {
		assert.Equal(t, link.SpanContext.SpanID(), got.Links()[0].SpanContext.SpanID(), "link")
		assert.Equal(t, link.Attributes, got.Links()[0].Attributes, "attributes of the link")
	}
	assert.False(t, got.Parent().IsValid(), "whether the root has a parent: %v", got.Parent())
	assert.NotEqual(t, oteltrace.SpanContextFromContext(ctx).TraceID(), got.SpanContext().TraceID(), "trace ID")

	// Without a kind and a time, the root has the SDK's defaults.
	_, s = trace.Root(ctx, "job")
	s.End()
	got = rec.Ended()[1]
	assert.Equal(t, oteltrace.SpanKindInternal, got.SpanKind(), "kind of a job")
	assert.False(t, got.StartTime().Before(begun.Add(time.Hour)), "a job has begun at %v", got.StartTime())
}

// TestRatioChangesWhileRunning: SetRatio changes the ratio for traces that begin afterwards, and
// for no others.
func TestRatioChangesWhileRunning(t *testing.T) {
	tp, p := provider(t, zipkin.Config{Ratio: 1})
	starter := trace.Starter{TracerProvider: tp}
	taken, _ := starter.Start(context.Background(), trace.B3{}, "taken")
	none(t, tp)
	notTaken, _ := starter.Start(context.Background(), trace.B3{}, "not taken")
	_, s := trace.Start(taken, "child")
	s.End()
	assert.Len(t, flushed(t, tp, p), 1, "spans of a sampled trace, at ratio 0")
	require.NoError(t, tp.SetRatio(1))
	_, s = trace.Start(notTaken, "child")
	s.End()
	assert.Empty(t, flushed(t, tp, p), "spans of a trace that is not sampled, at ratio 1")
}

// TestSampleOverrulesTheSampler: httpmw's Config.Sample is asked before the Sampler. If Sample
// decides, Zipkin gets the same spans as after a decision of the caller. But the first span has no
// parent, because a caller that defers reports no span.
func TestSampleOverrulesTheSampler(t *testing.T) {
	for _, trust := range []httpmw.Trust{httpmw.TrustAll, httpmw.TrustIDs, httpmw.TrustNone} {
		for _, id := range []string{"", id128, id64, idWide} {
			for says, want := range map[trace.Sampling]int{trace.Defer: 0, trace.Deny: 0, trace.Accept: 2, trace.Debug: 2} {
				t.Run(fmt.Sprintf("trust %d/%s/%v", trust, id, says), func(t *testing.T) {
					s := new(asked)
					tp, p := provider(t, zipkin.Config{Sampler: s})
					h := httpmw.New(httpmw.Config{TracerProvider: tp, Trust: trust.Always, Sample: func(*http.Request) trace.Sampling { return says }})
					r := httptest.NewRequest(http.MethodGet, "/", nil)
					if id != "" {
						r.Header.Set("b3", id+"-"+spanID)
					}
					h(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
						_, part := trace.Start(r.Context(), "part")
						part.End()
					})).ServeHTTP(httptest.NewRecorder(), r)
					assert.EqualValues(t, map[bool]int64{true: 1}[says == trace.Defer], s.n.Load(), "times that the Sampler was asked")
					spans := flushed(t, tp, p)
					require.Len(t, spans, want, "spans")
					if want == 0 {
						assert.Zero(t, tp.Stats(), "Stats")
						return
					}
					server := spans[1]
					assert.NotContains(t, server, "parentId", "the server's span must have no parent")
					assert.Equal(t, server["id"], spans[0]["parentId"], "parent of the part")
					if id != "" && trust != httpmw.TrustNone {
						assert.Equal(t, id, server["traceId"], "trace ID")
					}
					for _, span := range spans {
						assert.Equal(t, says == trace.Debug, span["debug"] == true, "debug")
					}
				})
			}
		}
	}
}
