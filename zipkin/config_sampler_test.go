package zipkin_test

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// The type asked is a Sampler that gives the same answer each time. It remembers the last trace ID
// that it was asked about.
type asked struct {
	yes atomic.Bool
	n   atomic.Int64
	id  atomic.Pointer[oteltrace.TraceID]
}

func (a *asked) Sample(id oteltrace.TraceID) bool {
	a.n.Add(1)
	a.id.Store(&id)
	return a.yes.Load()
}

// TestSampler: the Sampler is asked once about a trace that no caller has decided, and never about
// other traces.
func TestSampler(t *testing.T) {
	for _, tt := range []struct {
		name, b3 string
		asked    int64
		sampled  [2]bool // if the Sampler says no, and if it says yes
	}{
		{"no headers", "", 1, [2]bool{false, true}},
		{"defer", id128 + "-" + spanID, 1, [2]bool{false, true}},
		{"defer, 16 digits", id64 + "-" + spanID, 1, [2]bool{false, true}},
		{"deny", id128 + "-" + spanID + "-0", 0, [2]bool{false, false}},
		{"lone deny", "0", 0, [2]bool{false, false}},
		{"accept", id128 + "-" + spanID + "-1", 0, [2]bool{true, true}},
		{"lone accept", "1", 0, [2]bool{true, true}},
		{"debug", id128 + "-" + spanID + "-d", 0, [2]bool{true, true}},
		{"lone debug", "d", 0, [2]bool{true, true}},
	} {
		for _, starter := range starters {
			for yes, want := range tt.sampled {
				t.Run(tt.name+"/"+starter.name+"/"+[]string{"no", "yes"}[yes], func(t *testing.T) {
					s := new(asked)
					s.yes.Store(yes == 1)
					tp, p := provider(t, zipkin.Config{Sampler: s})
					r := httptest.NewRequest(http.MethodGet, "/", nil)
					if tt.b3 != "" {
						r.Header.Set("b3", tt.b3)
					}
					starter.serve(tp, r)
					assert.Equal(t, tt.asked, s.n.Load(), "times that the Sampler was asked")
					spans := flushed(t, tp, p)
					if !want {
						assert.Empty(t, spans, "spans")
						return
					}
					require.Len(t, spans, 2, "spans: the server's, and a child")
					assert.Equal(t, spans[0]["traceId"], spans[1]["traceId"], "trace IDs")
					if tt.asked > 0 {
						b := trace.B3{TraceID: *s.id.Load()}
						assert.Equal(t, spans[0]["traceId"], b.ID(), "trace that the Sampler was asked about")
					}
				})
			}
		}
	}
}

// TestSamplerWithRoots: a new root begins a new trace, whatever function starts it. The Sampler is
// asked once about this trace.
func TestSamplerWithRoots(t *testing.T) {
	caller := testkit.B3(id128 + "-" + spanID + "-1")
	link := oteltrace.WithLinks(oteltrace.Link{SpanContext: oteltrace.NewSpanContext(oteltrace.SpanContextConfig{TraceID: oteltrace.TraceID{1}, SpanID: oteltrace.SpanID{2}})})
	for _, tt := range []struct {
		name  string
		start func(tp *zipkin.Provider, ctx context.Context) oteltrace.Span
		links int
	}{
		{"Root", func(_ *zipkin.Provider, ctx context.Context) oteltrace.Span {
			_, s := trace.Root(ctx, "root")
			return s
		}, 1},
		{"Start", func(tp *zipkin.Provider, ctx context.Context) oteltrace.Span {
			_, s := trace.Starter{TracerProvider: tp}.Start(ctx, caller, "root", oteltrace.WithNewRoot(), link)
			return s
		}, 1},
		{"another library", func(tp *zipkin.Provider, ctx context.Context) oteltrace.Span {
			_, s := tp.Tracer("other").Start(ctx, "root", oteltrace.WithNewRoot())
			return s
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := new(asked)
			tp, p := provider(t, zipkin.Config{Sampler: s})
			ctx, outer := trace.Starter{TracerProvider: tp}.Start(context.Background(), caller, "outer")
			require.Zero(t, s.n.Load(), "times that the Sampler was asked about a trace that its caller accepts")

			tt.start(tp, ctx).End()
			assert.EqualValues(t, 1, s.n.Load(), "times that the Sampler was asked, after it said no")
			assert.Empty(t, flushed(t, tp, p), "spans, after the Sampler said no")

			s.yes.Store(true)
			root := tt.start(tp, ctx)
			root.End()
			assert.EqualValues(t, 2, s.n.Load(), "times that the Sampler was asked, after it said yes")
			spans := flushed(t, tp, p)
			require.Len(t, spans, 1, "spans, after the Sampler said yes")
			assert.Equal(t, s.id.Load().String(), spans[0]["traceId"], "trace that the Sampler was asked about")
			assert.NotEqual(t, id128, spans[0]["traceId"], "trace ID")
			assert.NotContains(t, spans[0], "parentId")
			links, _ := spans[0].tags()["links"].(string)
			assert.Equal(t, tt.links, strings.Count(links, "-"), "links: %q", links)
			outer.End()
		})
	}
}

// TestSamplerIsNoRatio: if a Config has a Sampler, the Provider has no ratio to read or to set.
func TestSamplerIsNoRatio(t *testing.T) {
	ratio := trace.NewRatio(1)
	for name, s := range map[string]trace.Sampler{"a limit": trace.NewLimit(1), "a ratio": ratio} {
		t.Run(name, func(t *testing.T) {
			tp, _ := provider(t, zipkin.Config{Sampler: s})
			assert.True(t, math.IsNaN(tp.Ratio()), "Ratio: got %v, want NaN", tp.Ratio())
			for _, share := range []float64{0, 0.5, 1, 2, nan} {
				assert.EqualError(t, tp.SetRatio(share), "zipkin: no ratio to set: Config.Sampler decides", "SetRatio(%v)", share)
			}
			for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost} {
				w := httptest.NewRecorder()
				tp.RatioHandler().ServeHTTP(w, httptest.NewRequest(method, "/debug/ratio", strings.NewReader("0.5")))
				assert.Equal(t, http.StatusNotFound, w.Code, "status of %s", method)
				assert.Equal(t, "zipkin: no ratio to set: Config.Sampler decides\n", w.Body.String(), "answer to %s", method)
			}
		})
	}

	// The Sampler's own SetRate works while the Provider runs.
	tp, p := provider(t, zipkin.Config{Sampler: ratio})
	for _, rate := range []float64{1, 0, 1} {
		ratio.SetRate(rate)
		_, s := trace.Starter{TracerProvider: tp}.Start(context.Background(), trace.B3{}, "root")
		s.End()
		assert.Len(t, flushed(t, tp, p), int(rate), "spans after SetRate(%v)", rate)
	}
}
