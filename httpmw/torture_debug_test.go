package httpmw_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	canaries "example.com/clew/internal/canary"
	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// TestTortureDebugObeyed: with TrustAll, a caller's debug, accept or deny is obeyed and sent on.
func TestTortureDebugObeyed(t *testing.T) {
	rows := append(append(canaries.B3(testkit.IDs), canaries.Debugging(testkit.IDs)...), canaries.Lone()...)
	rows = slices.DeleteFunc(rows, func(r canaries.Row) bool { return r.State == canaries.Defer })
	for _, tt := range rows {
		// The sampler would decide the opposite.
		provider := never()
		if tt.State == canaries.Deny {
			provider = always()
		}
		for _, w3c := range []bool{false, true} {
			f := newFlood(httpmw.Config{Trust: trusting(httpmw.TrustAll), TracerProvider: provider, Propagator: trace.Propagator{W3C: w3c}})
			f.request(tt.Header)
			want := map[string]int{tt.State: 1}
			assert.Equal(t, want, f.inside, "%s, W3C %v: state in the handler", tt.Name, w3c)
			assert.Equal(t, want, f.sent, "%s, W3C %v: state sent on", tt.Name, w3c)
			assert.Equal(t, f.inside["debug"], f.lines, "%s, W3C %v: lines at debug level", tt.Name, w3c)
		}
	}
}

// flood counts the states that the handler sees, the states that are sent on, and the lines at
// debug level, which are written only in a debug trace.
type flood struct {
	h            http.Handler
	in           *http.Request
	inside, sent map[string]int
	lines        int
}

func newFlood(cfg httpmw.Config) *flood {
	f := &flood{in: get(nil), inside: map[string]int{}, sent: map[string]int{}}
	transport := httpclient.NewTransport(downstream(func(r *http.Request) {
		multi, single := r.Header.Clone(), http.Header{"B3": r.Header["B3"]}
		delete(multi, "B3")
		a, _ := trace.FromHeader(multi)
		b, _ := trace.FromHeader(single)
		if a != b {
			f.sent["not the same in both encodings"]++
		}
		f.sent[a.Sampling.String()]++
	}), httpclient.Config{Propagator: trace.Propagator{Encoding: bothEncodings, W3C: true}})
	out := get(nil)
	logger := logctx.New(writer(func(p []byte) { f.lines++ })).Level(zerolog.InfoLevel)
	cfg.Logger = &logger
	f.h = httpmw.New(cfg)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := trace.FromContext(r.Context())
		f.inside[b.Sampling.String()]++
		logctx.Debug(r.Context()).Msg("only if the caller's debug is believed")
		if _, err := transport.RoundTrip(out.WithContext(r.Context())); err != nil {
			panic(err)
		}
	}))
	return f
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

func (f *flood) request(h http.Header) {
	f.in.Header = h
	f.h.ServeHTTP(minimal{http.Header{}}, f.in)
}

// debugWays are the headers that ask for debug, in the trace id128.
var debugWays = func() (ways []http.Header) {
	both := http.Header{}
	for _, r := range append(canaries.B3(testkit.IDs), canaries.Debugging(testkit.IDs)...) {
		if r.State != canaries.Debug || r.TraceID != "" && r.Width != canaries.Width128 {
			continue
		}
		ways = append(ways, r.Header)
		maps.Copy(both, r.Header)
	}
	most := canaries.Traceparent(testkit.IDs)[1].Header.Clone() // W3C has no debug
	most.Set("Tracestate", "vendor=d")
	maps.Copy(both, most)
	return append(ways, most, both)
}()

// debugging returns the i-th of the debugWays, with id as the trace ID.
func debugging(i int, id string) http.Header {
	h := http.Header{}
	for name, values := range debugWays[i%len(debugWays)] {
		for _, v := range values {
			h[name] = append(h[name], strings.ReplaceAll(v, id128, id))
		}
	}
	return h
}

// coin is a sampler that ignores the ID.
type coin struct {
	*rand.Rand
	rate float64
}

func (c coin) Sample(oteltrace.TraceID) bool { return c.Float64() < c.rate }

// TestTortureDebugFlood: all callers ask for debug and are not believed. Their requests are
// sampled at the configured rate, no debug is sent on, and no line of level debug is written.
func TestTortureDebugFlood(t *testing.T) {
	const rate = 0.001
	requests := torture.Size(20_000, 1_000_000)
	// The short form of the test allows six sigmas, so that the library's own random IDs never
	// fail it. The long form allows four: 874 to 1,126 of a million requests.
	mean, sigma := rate*float64(requests), math.Sqrt(rate*(1-rate)*float64(requests))
	spread := float64(torture.Size(6, 4)) * sigma
	least, most := int(math.Max(1, math.Ceil(mean-spread))), int(mean+spread)

	sampled := map[string]int{}
	debugSent, debugLines := 0, 0
	for _, tt := range []struct {
		name    string
		trust   httpmw.Trust
		w3c     bool
		sampler trace.Sampler
		id      func(i int, r *rand.Rand) string
	}{
		{"TrustIDs", httpmw.TrustIDs, true, trace.NewRatio(rate), func(_ int, r *rand.Rand) string { return fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()) }},
		{"TrustNone", httpmw.TrustNone, true, trace.NewRatio(rate), func(_ int, r *rand.Rand) string { return fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()) }},
		// A Ratio samples all low IDs.
		{"TrustIDs, low IDs, a sampler that ignores them", httpmw.TrustIDs, false, coin{rand.New(rand.NewPCG(3, 4)), rate}, func(i int, _ *rand.Rand) string { return fmt.Sprintf("%032x", i+1) }},
	} {
		random := rand.New(rand.NewPCG(1, 2)) // the same IDs in every run
		f := newFlood(httpmw.Config{Trust: trusting(tt.trust), Propagator: trace.Propagator{W3C: tt.w3c}, TracerProvider: trace.NewProvider(trace.ProviderConfig{Sampler: tt.sampler})})
		for i := range requests {
			f.request(debugging(i, tt.id(i, random)))
		}
		sampled[tt.name] = f.inside["accept"]
		assert.GreaterOrEqual(t, f.inside["accept"], least, "%s: number of sampled requests of %d, at least", tt.name, requests)
		assert.LessOrEqual(t, f.inside["accept"], most, "%s: number of sampled requests of %d, at most", tt.name, requests)
		assert.Equal(t, map[string]int{"accept": sampled[tt.name], "deny": requests - sampled[tt.name]}, f.inside, "%s: states in the handler", tt.name)
		assert.Equal(t, f.inside, f.sent, "%s: states sent on", tt.name)
		assert.Zero(t, f.lines, "%s: lines at debug level", tt.name)
		debugSent += f.sent["debug"]
		debugLines += f.lines
	}
	torture.Row(t, "Debug or sampled floods", "%d requests for debug in each of three floods, at a rate of %v: sampled %d under TrustIDs, %d under TrustNone, %d with chosen IDs and a sampler that ignores them (bounds %d to %d); debug sent on %d times, logged %d times",
		requests, rate, sampled["TrustIDs"], sampled["TrustNone"], sampled["TrustIDs, low IDs, a sampler that ignores them"], least, most, debugSent, debugLines)
}
