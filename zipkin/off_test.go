package zipkin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
)

// fromEnv returns the provider of an environment in which half of the traces are sampled.
func fromEnv(t testing.TB, exporter string, cfg zipkin.Config) *zipkin.Provider {
	t.Helper()
	environment(t, map[string]string{"OTEL_TRACES_EXPORTER": exporter, "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5"})
	cfg.Service = "media-api"
	tp, err := zipkin.FromEnv(cfg)
	require.NoError(t, err, "FromEnv")
	return tp
}

// TestOffStartsNothing: a Provider that is off starts no goroutine and does not ask ECS for
// metadata. A Provider that is on does both.
func TestOffStartsNothing(t *testing.T) {
	var asked atomic.Int64
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusNotFound)
	}))
	defer metadata.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections() // the detector's connections
	t.Setenv("ECS_CONTAINER_METADATA_URI_V4", metadata.URL)
	for _, tt := range []struct {
		exporter string
		on       bool
	}{{"none", false}, {"zipkin", true}} {
		t.Run(tt.exporter, func(t *testing.T) {
			asked.Store(0)
			before := goleak.IgnoreCurrent()
			tp := fromEnv(t, tt.exporter, zipkin.Config{Client: new(collector).client()})
			assert.Equal(t, tt.on, asked.Load() > 0, "whether ECS was asked")
			// Look only for the pipe's goroutine, because the request to ECS leaves goroutines of
			// net/http.
			left := goleak.Find(before)
			assert.Equal(t, tt.on, left != nil && strings.Contains(left.Error(), "(*pipe).run"), "whether a goroutine runs: %v", left)
			if !tt.on {
				assert.NoError(t, left, "goroutines")
			}
			assert.NoError(t, tp.Shutdown(patience(t)), "Shutdown")
		})
	}
}

func TestOffMethods(t *testing.T) {
	tp := fromEnv(t, "none", zipkin.Config{})
	assert.InDelta(t, 0.5, tp.Ratio(), 0, "Ratio()")
	assertDecides(t, tp, 0.5)
	require.NoError(t, tp.SetRatio(1), "SetRatio(1)")
	assertDecides(t, tp, 1)
	assert.Error(t, tp.SetRatio(2), "SetRatio(2)")
	assertDecides(t, tp, 1)

	w := httptest.NewRecorder()
	tp.RatioHandler().ServeHTTP(w, httptest.NewRequest("PUT", "/", strings.NewReader("0")))
	assert.Equal(t, "0\n", w.Body.String(), "answer of RatioHandler")
	assertDecides(t, tp, 0)

	end(tp, 3)
	for range 2 {
		assert.NoError(t, tp.ForceFlush(patience(t)), "ForceFlush")
		assert.NoError(t, tp.Shutdown(expired(t)), "Shutdown")
		assert.Equal(t, zipkin.Stats{}, tp.Stats(), "Stats()")
		assertDecides(t, tp, 0) // after Shutdown too
	}
}

// witness is a SpanProcessor that counts the calls of its methods.
type witness struct{ began, ended, flushed, shut int }

func (e *witness) OnStart(context.Context, sdktrace.ReadWriteSpan) { e.began++ }
func (e *witness) OnEnd(sdktrace.ReadOnlySpan)                     { e.ended++ }
func (e *witness) ForceFlush(context.Context) error                { e.flushed++; return io.ErrNoProgress }
func (e *witness) Shutdown(context.Context) error                  { e.shut++; return io.ErrClosedPipe }

// TestOffEndsProcessors: a Provider that is off shuts down its processors, because nothing else
// would end their goroutines.
func TestOffEndsProcessors(t *testing.T) {
	tp := fromEnv(t, "none", zipkin.Config{})
	var some [2]witness
	for i := range some {
		tp.RegisterSpanProcessor(&some[i])
	}
	end(tp, 3)
	assert.ErrorIs(t, tp.ForceFlush(patience(t)), io.ErrNoProgress, "ForceFlush")
	assert.ErrorIs(t, tp.Shutdown(patience(t)), io.ErrClosedPipe, "Shutdown")
	assert.NoError(t, tp.Shutdown(patience(t)), "Shutdown again")
	assert.Equal(t, [2]witness{{0, 0, 1, 1}, {0, 0, 1, 1}}, some, "processors")
}

// A told holds what a request leaves behind: its log lines, and the headers that were sent on.
// Times are left out, and new IDs are replaced by names.
type told struct {
	lines []map[string]any
	sent  []http.Header
}

// ask sends a request to a service with this provider. The service logs lines and calls another
// service.
func ask(t *testing.T, tp oteltrace.TracerProvider, caller http.Header) told {
	t.Helper()
	var log bytes.Buffer
	var got told
	logger := logctx.New(&log, logctx.Config{Service: "media-api"})
	client := httpclient.Wrap(&http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		got.sent = append(got.sent, r.Header.Clone())
		resp := reply(http.StatusOK, "")
		resp.Request = r
		return resp, nil
	})}, httpclient.Config{TracerProvider: tp, CallLog: &httpclient.CallLogConfig{Logger: &logger}})
	h := httpmw.New(httpmw.Config{TracerProvider: tp, Logger: &logger})(httpmw.AccessLog(httpmw.AccessLogConfig{})(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			logctx.Info(r.Context()).Msg("asked for")
			out, _ := http.NewRequestWithContext(r.Context(), "GET", "http://other.test/", nil)
			if resp, err := client.Do(out); assert.NoError(t, err) {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			ctx, span := trace.Start(r.Context(), "part")
			logctx.Info(ctx).Msg("a part")
			span.End()
			ctx, span = trace.Root(ctx, "another trace")
			b, _ := trace.FromContext(ctx)
			assert.NotEqual(t, trace.ID(r.Context()), b.ID(), "ID of another trace")
			span.End()
		})))
	r := httptest.NewRequest("GET", "/media/1", nil)
	r.Header = caller
	h.ServeHTTP(httptest.NewRecorder(), r)

	names := map[any]string{} // from each new ID to its name; the first is "new a"
	anew := func(id any) string {
		if names[id] == "" {
			names[id] = "new " + string(rune('a'+len(names)))
		}
		return names[id]
	}
	for _, line := range strings.Split(strings.TrimSpace(log.String()), "\n") {
		fields := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(line), &fields), "line %q", line)
		for key, value := range fields {
			switch key {
			case "time", "duration_ms", "body_ms":
				delete(fields, key)
			case "trace_id":
				if len(caller) == 0 {
					assert.Len(t, value, 32, "new trace ID")
					fields[key] = "new"
				}
			case "span_id", "parent_id":
				fields[key] = anew(value)
			}
		}
		got.lines = append(got.lines, fields)
	}
	for _, h := range got.sent {
		for key, values := range h {
			switch {
			case key == "X-B3-Spanid", key == "X-B3-Parentspanid": // a log line has the same ID
				values[0] = anew(values[0])
			case key == "X-B3-Traceid" && len(caller) == 0:
				values[0] = "new"
			}
		}
	}
	return got
}

var callers = map[string]http.Header{
	"accepts":                    {"B3": {id64 + "-" + spanID + "-1"}},
	"denies":                     {"B3": {id64 + "-" + spanID + "-0"}},
	"debugs":                     {"B3": {id64 + "-" + spanID + "-d"}},
	"defers, and is sampled":     {"B3": {"163ac35c9f6413ad-a2fb4a1d1a96d312"}},
	"defers, and is not sampled": {"B3": {"f63ac35c9f6413ad-a2fb4a1d1a96d312"}},
	"defers, with 32 digits":     {"B3": {"0000000000000000163ac35c9f6413ad-a2fb4a1d1a96d312"}},
	"sends no headers":           {},
}

// shareFor returns a ratio with which the test does not depend on chance. The ratio is one half if
// the caller sends IDs, because its IDs decide, and 1 if the trace begins here.
func shareFor(caller http.Header) float64 {
	if len(caller) == 0 {
		return 1
	}
	return 0.5
}

// TestOnAndOffAreAlike: the program does not notice whether Zipkin is on.
func TestOnAndOffAreAlike(t *testing.T) {
	for name, caller := range callers {
		t.Run(name, func(t *testing.T) {
			share := shareFor(caller)
			on, off := fromEnv(t, "zipkin", zipkin.Config{Client: new(collector).client()}), fromEnv(t, "otlp", zipkin.Config{})
			for _, tp := range []*zipkin.Provider{on, off} {
				require.NoError(t, tp.SetRatio(share))
				defer func() { assert.NoError(t, tp.Shutdown(patience(t)), "Shutdown") }()
			}
			want := ask(t, trace.NewProvider(trace.ProviderConfig{Sampler: trace.NewRatio(share)}), caller)
			require.Len(t, want.lines, 4, "lines without an SDK")
			require.Len(t, want.sent, 1, "requests without an SDK")
			assert.Equal(t, want, ask(t, off, caller), "lines and headers, without an SDK and with a Provider that is off")
			assert.Equal(t, want, ask(t, on, caller), "lines and headers, without an SDK and with a Provider that is on")
			assert.Zero(t, off.Stats(), "Stats() of the Provider that is off")
		})
	}
}

// TestOffGlobally: a Provider that is off works as OpenTelemetry's global provider, for our
// packages and for code that knows only OpenTelemetry.
func TestOffGlobally(t *testing.T) {
	if !testkit.InChild(t) {
		return
	}
	off := fromEnv(t, "none", zipkin.Config{})
	// Libraries that keep a tracer in a variable make it before the Provider is global.
	early := otel.Tracer("early")
	otel.SetTracerProvider(off)
	for name, caller := range callers {
		share := shareFor(caller)
		require.NoError(t, off.SetRatio(share))
		want := ask(t, trace.NewProvider(trace.ProviderConfig{Sampler: trace.NewRatio(share)}), caller)
		assert.Equal(t, want, ask(t, nil, caller), "lines and headers, without an SDK and with a Provider that is off, for a caller that %s", name)
	}
	for _, tracer := range []oteltrace.Tracer{early, otel.Tracer("late")} {
		ctx, span := tracer.Start(accepted(), "theirs")
		assert.True(t, span.SpanContext().IsSampled(), "decision")
		assert.False(t, span.IsRecording(), "IsRecording()")
		assert.Equal(t, id64, trace.ID(ctx), "trace ID")
		assert.NotEqual(t, spanID, trace.SpanID(ctx), "span ID")
	}
	assert.ErrorContains(t, trace.Install(nil), "a global TracerProvider already", "Install, as with a Provider that is on")
	assert.NoError(t, off.Shutdown(patience(t)), "Shutdown")
}

// TestOffCostsNothing: requests in and out allocate no more than without an SDK.
func TestOffCostsNothing(t *testing.T) {
	off := fromEnv(t, "none", zipkin.Config{})
	for name, caller := range callers {
		t.Run(name, func(t *testing.T) {
			measure := func(tp oteltrace.TracerProvider) float64 {
				resp := reply(http.StatusOK, "")
				client := httpclient.NewTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) { return resp, nil }), httpclient.Config{TracerProvider: tp})
				h := httpmw.New(httpmw.Config{TracerProvider: tp})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					client.RoundTrip(r)
					_, span := trace.Start(r.Context(), "part")
					span.End()
				}))
				w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/media/1", nil)
				r.Header = caller
				return testing.AllocsPerRun(500, func() { h.ServeHTTP(w, r) })
			}
			without := measure(trace.NewProvider(trace.ProviderConfig{Sampler: trace.NewRatio(0.5)}))
			require.Greater(t, without, 0.0)
			if got := measure(off); !raceEnabled {
				assert.InDelta(t, without, got, 0, "allocations, without an SDK and with a Provider that is off")
			}
		})
	}
	assert.NoError(t, off.Shutdown(patience(t)), "Shutdown")
}
