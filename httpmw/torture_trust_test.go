package httpmw_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

const bothEncodings = b3.B3SingleHeader | b3.B3MultipleHeader

var (
	spanText  = regexp.MustCompile(`^[0-9a-f]{16}$`)
	traceText = regexp.MustCompile(`^([0-9a-f]{16}|[0-9a-f]{32})$`)

	// logged are the keys of a line that hold an ID, and its form.
	logged = map[string]*regexp.Regexp{
		"trace_id": traceText, "untrusted_trace_id": traceText,
		"span_id": spanText, "parent_id": spanText, "caller_parent_id": spanText,
	}
	// sentOn is everything that may leave in a trace header, to the byte.
	sentOn = map[string]*regexp.Regexp{
		"B3":           regexp.MustCompile(`^([0-9a-f]{16}|[0-9a-f]{32})-[0-9a-f]{16}-[01d](-[0-9a-f]{16})?$`),
		"X-B3-Traceid": traceText, "X-B3-Spanid": spanText, "X-B3-Parentspanid": spanText,
		"X-B3-Sampled": regexp.MustCompile(`^[01]$`),
		"X-B3-Flags":   regexp.MustCompile(`^1$`),
		"Traceparent":  regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$`),
	}
	consoleLine  = regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{6} INF (\S+) (?:console|request)((?: [a-z_]+=\S+)*)$`)
	consoleField = regexp.MustCompile(` ([a-z_]+)=(\S+)`)
)

// downstream is a RoundTripper that answers every request after it has looked at it.
type downstream func(*http.Request)

func (look downstream) RoundTrip(r *http.Request) (*http.Response, error) {
	look(r)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

// forger makes requests that try to forge, out of a seed.
type forger struct{ *rand.Rand }

func (f forger) pick(of []string) string { return of[f.IntN(len(of))] }

func (f forger) id(bytes int) string {
	id := make([]byte, bytes)
	for i := range id {
		id[i] = byte(1 + f.IntN(255))
	}
	return hex.EncodeToString(id)
}

// pieces are what a forged value is made of, besides a canary.
var pieces = canaries.Pieces(testkit.IDs())

// forged is a value in which the canary stands among other pieces.
func (f forger) forged(canary string) string {
	parts := []string{canary}
	for range 1 + f.IntN(5) {
		parts = append(parts, f.pick(pieces))
	}
	f.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return strings.Join(parts, "")
}

// header returns headers of which some are good, some are missing and at least one is forged.
func (f forger) header(canary string, w3c bool) http.Header {
	id, state := f.id(8<<f.IntN(2)), f.IntN(3)
	good := map[string]string{
		"B3": id + "-" + f.id(8) + "-" + []string{"0", "1", "d"}[state] + "-" + f.id(8), "X-B3-Traceid": id, "X-B3-Spanid": f.id(8),
		"X-B3-Parentspanid": f.id(8), "X-B3-Sampled": []string{"0", "1", "true"}[state], "X-B3-Flags": []string{"", "0", "1"}[state],
	}
	if w3c {
		// No tracestate: a well-formed one is handed on as it is, by W3C's rules.
		good["Traceparent"] = "00-" + f.id(16) + "-" + f.id(8) + "-01"
	}
	names := slices.Sorted(maps.Keys(good))
	h := http.Header{}
	for _, name := range names {
		switch f.IntN(6) {
		case 0:
			h.Add(name, f.forged(canary))
		case 1:
		case 2:
			h[name] = []string{good[name], f.forged(canary)}
		default:
			h.Set(name, good[name])
		}
	}
	h.Set(f.pick(names), f.forged(canary))
	return h
}

// TestTortureLogForging: what stands in a line as an ID, or leaves as one, is 16 or 32
// lower-case digits, and nothing of a malformed header stands anywhere, whatever the trust.
func TestTortureLogForging(t *testing.T) {
	requests := torture.Size(500, 10_000)
	var out, console testkit.Log
	jsonLogger, consoleLogger := logctx.New(&out), logctx.Console(&console)
	slogger := slog.New(logctx.Slog(slog.NewJSONHandler(&out, nil), logctx.Config{}))
	var sent http.Header
	var inside string
	var handlers []http.Handler
	for i := range 6 {
		p := trace.Propagator{Encoding: bothEncodings, W3C: i >= 3}
		client := httpclient.Wrap(&http.Client{Transport: downstream(func(r *http.Request) { sent = r.Header })}, httpclient.Config{Propagator: p})
		handlers = append(handlers, httpmw.New(httpmw.Config{
			Trust: trusting(httpmw.Trust(i % 3)), Propagator: p, Logger: &jsonLogger, ResponseHeader: "X-B3-TraceId",
		})(httpmw.AccessLog(httpmw.AccessLogConfig{})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &consoleLogger})(
			http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				ctx := r.Context()
				inside = trace.ID(ctx)
				logctx.Info(ctx).Msg("info")
				zerolog.Ctx(ctx).Info().Msg("plain")
				slogger.InfoContext(ctx, "slog")
				consoleLogger.Info().Ctx(ctx).Msg("console")
				out, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://next.example/", nil)
				if assert.NoError(t, err) {
					out.Header = r.Header.Clone() // as a proxy by hand does
					_, err = client.Do(out)       // whose body is empty
					assert.NoError(t, err)
				}
			})))))
	}
	which := 0
	srv := newServer(t, "h1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handlers[which].ServeHTTP(w, r) }))

	f := forger{rand.New(rand.NewPCG(1, 2))}
	var wire, joined, lines, ids, other int
	check := func(form *regexp.Regexp, text, where string) {
		ids++
		if form == nil || !form.MatchString(text) {
			other++
			t.Errorf("%s: got %q, want an ID", where, text)
		}
	}
	for i := range requests {
		// The digits alone would do as a part of an ID; the tilde keeps them from being one.
		digits := f.id(6)
		which = i % 6
		h := f.header(digits+"~", which >= 3)
		claimed, _ := trace.FromHeader(h)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		require.NoError(t, err)
		r.Header = h
		var answer http.Header
		if res, err := srv.Client().Do(r); err == nil {
			wire++
			body(t, res)
			answer = res.Header
		} else { // control bytes, which net/http does not send: as a test, or a server of another make, would hand them in
			answer = serve(handlers[which], get(h)).Header()
		}
		where := fmt.Sprintf("request %d, Trust %d, %q", i, which%3, fmt.Sprintf("%.200v", h))

		require.Equal(t, 4, strings.Count(out.String(), "\n"), "%s: JSON lines in %q", where, out.String())
		for _, line := range out.Lines(t) {
			lines++
			assert.Equal(t, inside, line["trace_id"], "%s: trace_id of %v", where, line)
			for key, value := range line {
				if form := logged[key]; form != nil {
					check(form, fmt.Sprint(value), where+": "+key)
				}
			}
		}
		require.Equal(t, 2, strings.Count(console.String(), "\n"), "%s: console lines in %q", where, console.String())
		for text := range strings.Lines(console.String()) {
			lines++
			parts := consoleLine.FindStringSubmatch(strings.TrimSuffix(text, "\n"))
			require.NotNil(t, parts, "%s: console line %q", where, text)
			check(traceText, parts[1], where+": console")
			for _, field := range consoleField.FindAllStringSubmatch(parts[2], -1) {
				if form := logged[field[1]]; form != nil {
					check(form, field[2], where+": console: "+field[1])
				}
			}
		}
		check(traceText, answer.Get("X-B3-TraceId"), where+": response")
		assert.Equal(t, inside, sent.Get("X-B3-TraceId"), "%s: X-B3-TraceId sent on", where)
		assert.NotEmpty(t, sent.Get("B3"), "%s: b3 sent on", where)
		for name, values := range sent {
			if lower := strings.ToLower(name); lower != "b3" && !strings.HasPrefix(lower, "x-b3-") && !strings.HasPrefix(lower, "trace") {
				continue // User-Agent and the like
			}
			require.Len(t, values, 1, "%s: values of %s sent on", where, name)
			check(sentOn[name], values[0], where+": sent on: "+name)
		}
		if everything := fmt.Sprint(out.String(), console.String(), answer, sent); strings.Contains(everything, digits) || strings.Contains(everything, "evil") {
			t.Errorf("%s: got a piece of a forged header in %q", where, everything)
		}
		if claimed.TraceID.IsValid() && inside == string(claimed.AppendTraceID(nil)) {
			joined++
		}
		out.Reset()
		console.Reset()
	}
	assert.Positive(t, wire, "requests over the wire")
	assert.Less(t, wire, requests, "requests over the wire: the others are too hostile for it")
	assert.Positive(t, joined, "requests whose good headers were believed beside forged ones")
	torture.Row(t, "Log forging through IDs", "%d requests, %d of them over the wire, %d in the caller's trace; %d lines; %d IDs in lines and headers, %d of another form",
		requests, wire, joined, lines, ids, other)
}

// TestTortureSpoofedIDs: under TrustNone nobody outside can choose an ID, share one with
// another, or get anything past us; what was claimed is kept as a link and on the access line.
func TestTortureSpoofedIDs(t *testing.T) {
	const attackers = 20
	each := torture.Size(500, 10_000) / attackers
	ids := []string{id64, id128, id128Low, canary + canary, strings.Repeat(canary, 4)}
	// theirs is what must not be seen further in: their IDs, and what only they say.
	theirs := append([]string{spanID, parentID, "evil"}, ids...)
	none := func(h http.Header) string {
		for name, values := range h {
			for _, text := range theirs {
				if strings.Contains(name+": "+strings.Join(values, ","), text) {
					return fmt.Sprint(name, values)
				}
			}
		}
		return ""
	}

	all := propagation.NewCompositeTextMapPropagator(trace.Propagator{Encoding: bothEncodings}, propagation.TraceContext{}, propagation.Baggage{})
	var sent, proxied atomic.Int64
	client := httpclient.Wrap(&http.Client{Transport: downstream(func(r *http.Request) {
		sent.Add(1)
		assert.Empty(t, none(r.Header), "theirs on a request of the client's")
		ours := trace.ID(r.Context())
		assert.Equal(t, ours, r.Header.Get("X-B3-TraceId"), "X-B3-TraceId of a request of the client's")
		assert.Equal(t, "00-"+ours+"-"+trace.SpanID(r.Context())+"-01", r.Header.Get("traceparent"), "traceparent of a request of the client's")
		assert.Empty(t, r.Header.Get("tracestate")+r.Header.Get("baggage"), "tracestate and baggage of a request of the client's")
	})}, httpclient.Config{Propagator: all})
	// A proxy over a bare transport hands on what the handler sees.
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "next.example"}) },
		Transport: downstream(func(r *http.Request) {
			proxied.Add(1)
			assert.Empty(t, none(r.Header), "theirs on a request of the proxy's")
			assert.Equal(t, "kept", r.Header.Get("X-Other"), "X-Other of a request of the proxy's")
			for name := range r.Header {
				assert.False(t, slices.ContainsFunc(traceHeaders, func(h string) bool { return strings.EqualFold(h, name) }), "%s on a request of the proxy's", name)
			}
		}),
	}
	sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
	var out testkit.Log
	logger := logctx.New(&out)
	h := httpmw.New(httpmw.Config{TracerProvider: sdk, Propagator: all, Trust: trusting(httpmw.TrustNone), Logger: &logger, ResponseHeader: "X-Trace"})(
		httpmw.AccessLog(httpmw.AccessLogConfig{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			logctx.Info(r.Context()).Msg("inside")
			req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://next.example/", nil)
			if assert.NoError(t, err) {
				req.Header = r.Header.Clone()
				_, err = client.Do(req) // whose body is empty
				assert.NoError(t, err)
			}
			proxy.ServeHTTP(w, r)
		})))
	srv := newServer(t, "h1", h)
	transport := srv.Client().Transport.(*http.Transport)
	transport.MaxIdleConnsPerHost = attackers

	var mu sync.Mutex
	claims := map[string]string{} // our trace ID: what was claimed
	attack := func(attacker, i int) {
		id := ids[(attacker+i)%len(ids)] // shared with other attackers, and repeated
		wide := strings.Repeat("0", 32-len(id)) + id
		hdr := http.Header{"X-Other": {"kept"}}
		single := []string{id + "-" + spanID + "-d-" + parentID}
		multi := http.Header{"X-B3-Traceid": {id}, "X-B3-Spanid": {spanID}, "X-B3-Parentspanid": {parentID}, "X-B3-Sampled": {"1"}, "X-B3-Flags": {"1"}}
		w3c := http.Header{"Traceparent": {"00-" + wide + "-" + spanID + "-01"}, "Tracestate": {"evil=1"}, "Baggage": {"evil=1"}}
		form := i / len(ids) % 5
		if form == 0 || form == 1 || form == 4 {
			hdr["B3"] = single
		}
		if form == 0 || form == 2 || form == 4 {
			maps.Copy(hdr, multi)
		}
		if form == 0 || form == 3 || form == 4 {
			maps.Copy(hdr, w3c)
		}
		claimed, ours := id, ""
		switch {
		case form == 4: // keys that no server makes: not read, not let through
			odd := http.Header{"X-Other": {"kept"}}
			for key, values := range hdr {
				if key != "X-Other" {
					odd[[]string{strings.ToLower(key), strings.ToUpper(key)}[i%2]] = values
				}
			}
			delete(odd, "B3") // upper case is the canonical one here
			ours, claimed = serve(h, get(odd)).Header().Get("X-Trace"), ""
		default:
			if form == 3 && len(id) == 16 {
				hdr["B3"] = single // a traceparent alone has no width
			}
			res := send(t, srv, "/", hdr)
			body(t, res)
			ours = res.Header.Get("X-Trace")
		}
		mu.Lock()
		defer mu.Unlock()
		claims[ours] = claimed
	}
	var wg sync.WaitGroup
	for attacker := range attackers {
		wg.Go(func() {
			for i := range each {
				attack(attacker, i)
			}
		})
	}
	wg.Wait()

	requests := attackers * each
	spoofed, linked, noted := 0, 0, 0
	require.Len(t, claims, requests, "trace IDs of ours, all different")
	for ours := range claims {
		assert.Regexp(t, "^[0-9a-f]{32}$", ours, "a trace ID of ours")
		if slices.Contains(ids, ours) {
			spoofed++
		}
	}
	assert.Zero(t, spoofed, "traces under an ID that was claimed")
	assert.EqualValues(t, requests, sent.Load(), "requests of the client's")
	assert.EqualValues(t, requests, proxied.Load(), "requests of the proxy's")

	for _, span := range clewSpans(rec) {
		claimed, ok := claims[span.SpanContext().TraceID().String()]
		assert.True(t, ok, "a span in a trace that is not ours: %v", span.SpanContext().TraceID())
		if span.SpanKind() != oteltrace.SpanKindServer {
			assert.Empty(t, span.Links(), "links of a span further in")
			continue
		}
		assert.False(t, span.Parent().IsValid(), "the server span's parent is valid")
		assert.Empty(t, span.SpanContext().TraceState().String(), "tracestate of the server span")
		if claimed == "" {
			assert.Empty(t, span.Links(), "links where nothing was claimed")
			continue
		}
		linked++
		if assert.Len(t, span.Links(), 1, "links of the server span") {
			assert.Equal(t, strings.Repeat("0", 32-len(claimed))+claimed, span.Links()[0].SpanContext.TraceID().String(), "trace ID of the link")
		}
	}
	lines := out.Lines(t)
	assert.Len(t, lines, 2*requests, "lines")
	for _, line := range lines {
		claimed, ok := claims[line["trace_id"].(string)]
		assert.True(t, ok, "trace_id of %v is ours", line)
		if line["message"] == "request" && claimed != "" {
			noted++
			assert.Equal(t, claimed, line["untrusted_trace_id"], "untrusted_trace_id of %v", line)
			delete(line, "untrusted_trace_id")
		}
		for key, value := range line { // and in no other field, or line
			assert.NotContains(t, theirs, value, "%s of %v", key, line)
		}
	}
	assert.Positive(t, linked, "server spans with a link")
	assert.Equal(t, linked, noted, "access lines with an untrusted_trace_id, and server spans with a link")
	torture.Row(t, "Spoofed IDs from outside", "%d requests of %d attackers with %d IDs: %d under an ID of theirs, %d trace IDs of ours; %d claims kept as a link, %d on the access line; %d requests sent on with nothing of theirs",
		requests, attackers, len(ids), spoofed, len(claims), linked, noted, sent.Load()+proxied.Load())
}

// TestTortureDebugObeyed: among friends debug, accept and deny are obeyed, and sent on.
func TestTortureDebugObeyed(t *testing.T) {
	rows := append(append(canaries.B3(testkit.IDs), canaries.Debugging(testkit.IDs)...), canaries.Lone()...)
	rows = slices.DeleteFunc(rows, func(r canaries.Row) bool { return r.State == canaries.Defer })
	for _, tt := range rows {
		// Each against a sampler that would have it otherwise.
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

// flood counts what becomes of requests: the state in the handler, the one sent on, and the
// lines that a debug trace alone has.
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
		logctx.Debug(r.Context()).Msg("only where a debug is believed")
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

// debugWays are the ways to ask for debug, in the trace id128.
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

// debugging is a request for debug in one of the ways there are, the i-th.
func debugging(i int, id string) http.Header {
	h := http.Header{}
	for name, values := range debugWays[i%len(debugWays)] {
		for _, v := range values {
			h[name] = append(h[name], strings.ReplaceAll(v, id128, id))
		}
	}
	return h
}

// coin is a sampler that does not look at the ID.
type coin struct {
	*rand.Rand
	rate float64
}

func (c coin) Sample(oteltrace.TraceID) bool { return c.Float64() < c.rate }

// TestTortureDebugFlood: where the decision is not believed, callers who all ask for debug get
// the rate that was configured, no debug is sent on, and no log gets longer.
func TestTortureDebugFlood(t *testing.T) {
	const rate = 0.001
	requests := torture.Size(20_000, 1_000_000)
	// In the short form six sigmas, so that the library's own random IDs never fail a test; in the
	// long one four, which is 874 to 1,126 of a million.
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
		// Low IDs are those that a Ratio samples, all of them.
		{"TrustIDs, low IDs, a sampler that ignores them", httpmw.TrustIDs, false, coin{rand.New(rand.NewPCG(3, 4)), rate}, func(i int, _ *rand.Rand) string { return fmt.Sprintf("%032x", i+1) }},
	} {
		random := rand.New(rand.NewPCG(1, 2)) // the same IDs in every run
		f := newFlood(httpmw.Config{Trust: trusting(tt.trust), Propagator: trace.Propagator{W3C: tt.w3c}, TracerProvider: trace.NewProvider(trace.ProviderConfig{Sampler: tt.sampler})})
		for i := range requests {
			f.request(debugging(i, tt.id(i, random)))
		}
		sampled[tt.name] = f.inside["accept"]
		assert.GreaterOrEqual(t, f.inside["accept"], least, "%s: sampled of %d, at least", tt.name, requests)
		assert.LessOrEqual(t, f.inside["accept"], most, "%s: sampled of %d, at most", tt.name, requests)
		assert.Equal(t, map[string]int{"accept": sampled[tt.name], "deny": requests - sampled[tt.name]}, f.inside, "%s: states in the handler", tt.name)
		assert.Equal(t, f.inside, f.sent, "%s: states sent on", tt.name)
		assert.Zero(t, f.lines, "%s: lines at debug level", tt.name)
		debugSent += f.sent["debug"]
		debugLines += f.lines
	}
	torture.Row(t, "Debug or sampled floods", "%d requests for debug each, at %v: sampled TrustIDs %d, TrustNone %d, chosen IDs under a sampler that ignores them %d (bounds %d to %d); debug sent on %d times, logged %d times",
		requests, rate, sampled["TrustIDs"], sampled["TrustNone"], sampled["TrustIDs, low IDs, a sampler that ignores them"], least, most, debugSent, debugLines)
}

// huge are a mebibyte of headers, in the shapes that it can have.
func huge() map[string]http.Header {
	const size = 1 << 20
	traceparent := []string{"00-" + id128 + "-" + spanID + "-01"} // without it, nobody reads a tracestate
	multi := func(name, value string) http.Header {
		h := testkit.Header("X-B3-TraceId", id128, "X-B3-SpanId", spanID)
		h.Set(name, value)
		return h
	}
	repeated := func(value string) []string { return slices.Repeat([]string{value}, 20_000) }
	many := http.Header{"B3": {id128 + "-" + spanID + "-1"}}
	foreign := http.Header{}
	for i := range 10_000 {
		key := fmt.Sprintf("X-Header-%05d", i)
		many[key] = []string{strings.Repeat("v", 90)}
		foreign[key] = many[key]
	}
	digits, dashes := strings.Repeat("7", size), strings.Repeat("-", size)
	return map[string]http.Header{
		"b3":                        testkit.Header("b3", strings.Repeat("a", size)),
		"b3 of dashes":              testkit.Header("b3", dashes),
		"b3 and spaces":             testkit.Header("b3", strings.Repeat(" ", size/2)+id128+"-"+spanID+"-1"+strings.Repeat("\t", size/2)),
		"X-B3-TraceId":              multi("X-B3-TraceId", digits),
		"X-B3-ParentSpanId":         multi("X-B3-ParentSpanId", digits),
		"X-B3-Sampled":              multi("X-B3-Sampled", strings.Repeat("true", size/4)),
		"X-B3-Flags, digits":        multi("X-B3-Flags", digits),
		"X-B3-Flags, letters":       multi("X-B3-Flags", strings.Repeat("d", size)),
		"10,000 headers":            foreign,
		"10,000 headers and b3":     many,
		"20,000 times b3":           {"B3": repeated(id128 + "-" + spanID + "-1")},
		"20,000 times baggage":      {"Baggage": repeated("k=v")},
		"20,000 times tracestate":   {"Traceparent": traceparent, "Tracestate": repeated("k=v")},
		"20,000 times traceparent":  {"Traceparent": repeated(traceparent[0])},
		"baggage":                   {"Baggage": {"k=" + strings.Repeat("v", size)}},
		"traceparent":               {"Traceparent": {traceparent[0] + "-" + strings.Repeat("0", size)}},
		"traceparent of dashes":     {"Traceparent": {dashes}},
		"traceparent of the future": {"Traceparent": {"cc" + traceparent[0][2:] + dashes}},
		"tracestate":                {"Traceparent": traceparent, "Tracestate": {"k=" + strings.Repeat("v", size)}},
		"tracestate, commas":        {"Traceparent": traceparent, "Tracestate": {strings.Repeat(",", size)}},
		"tracestate, members":       {"Traceparent": traceparent, "Tracestate": {strings.TrimSuffix(strings.Repeat("kkkkk=vvvv,", 100_000), ",")}},
		"tracestate beside B3":      {"B3": {id128 + "-" + spanID + "-1"}, "Traceparent": traceparent, "Tracestate": {strings.TrimSuffix(strings.Repeat("kkkkk=vvvv,", 100_000), ",")}},
	}
}

// allocated is how many bytes f allocates: the least of some runs, since the rest of the
// program may allocate beside it. ReadMemStats stops the world, so that it counts exactly.
func allocated(f func()) int {
	least := math.MaxInt
	for range 4 { // of which the first fills pools
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, int(after.TotalAlloc-before.TotalAlloc))
	}
	return least
}

// TestTortureHugeHeaders: a mebibyte of headers costs a request no more than a few kilobytes,
// besides the copy of the map where the trust asks for one, and leaves nothing behind.
func TestTortureHugeHeaders(t *testing.T) {
	const most, growth = 16 << 10, 256 << 10
	logger := logctx.New(io.Discard)
	shapes := huge()
	type way struct {
		name    string
		request func(http.Header)
		copies  func(http.Header) bool
	}
	var ways []way
	for name, p := range map[string]trace.Propagator{"": {}, ", W3C": {W3C: true}} {
		for trust, text := range []string{"TrustNone", "TrustIDs", "TrustAll"} {
			in := get(nil)
			var seen http.Header
			h := httpmw.New(httpmw.Config{Propagator: p, Trust: trusting(httpmw.Trust(trust)), Logger: &logger, ResponseHeader: "X-B3-TraceId"})(
				httpmw.AccessLog(httpmw.AccessLogConfig{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header })))
			request := func(hdr http.Header) {
				in.Header = hdr
				h.ServeHTTP(minimal{http.Header{}}, in)
			}
			ways = append(ways, way{text + name, request, func(hdr http.Header) bool {
				request(hdr)
				defer func() { seen = nil }()
				return fmt.Sprintf("%p", seen) != fmt.Sprintf("%p", hdr)
			}})
		}
		out := get(nil).WithContext(trace.NewContext(context.Background(), testkit.B3(id128+"-"+spanID+"-1")))
		transport := httpclient.NewTransport(downstream(func(*http.Request) {}), httpclient.Config{Propagator: p})
		ways = append(ways, way{"client" + name, func(hdr http.Header) {
			out.Header = hdr
			if _, err := transport.RoundTrip(out); err != nil {
				panic(err)
			}
		}, func(http.Header) bool { return true }})
	}

	worst, where := 0, ""
	for name, h := range shapes {
		var sink http.Header
		clone := allocated(func() { sink = h.Clone() })
		runtime.KeepAlive(sink)
		for _, way := range ways {
			copies := way.copies(h)
			got := allocated(func() { way.request(h) })
			if copies {
				got -= clone
			}
			if got > worst {
				worst, where = got, way.name+", "+name
			}
			if !raceEnabled { // whose own bytes are counted too
				assert.LessOrEqual(t, got, most, "%s, %s: bytes of a request, besides the copy of the headers (%v)", way.name, name, copies)
			}
		}
	}

	names := slices.Sorted(maps.Keys(shapes))
	requests := torture.Size(2_000, 100_000)
	before := torture.Heap()
	for i := range requests {
		ways[i%len(ways)].request(shapes[names[i/len(ways)%len(names)]])
	}
	grown := torture.Heap() - before
	runtime.KeepAlive(shapes)
	if !raceEnabled {
		assert.LessOrEqual(t, grown, growth, "bytes more in use after %d requests", requests)
	}
	torture.Row(t, "Huge headers", "%d shapes of 1 MiB, %d ways: at most %d bytes a request (%s) besides the copy of the headers; heap grown by %d bytes after %d requests",
		len(shapes), len(ways), worst, where, grown, requests)
}
