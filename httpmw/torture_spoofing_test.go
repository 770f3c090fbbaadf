package httpmw_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
)

const bothEncodings = b3.B3SingleHeader | b3.B3MultipleHeader

// downstream is a function that acts as a RoundTripper: RoundTrip calls the function with each
// request, and answers 200.
type downstream func(*http.Request)

func (look downstream) RoundTrip(r *http.Request) (*http.Response, error) {
	look(r)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

// TestTortureSpoofedIDs: under TrustNone no caller can choose its trace ID, share a trace ID with
// another caller, or have its trace headers sent on. The ID that the caller claims is kept as a
// link and on the access line.
func TestTortureSpoofedIDs(t *testing.T) {
	const attackers = 20
	each := torture.Size(500, 10_000) / attackers
	requests := attackers * each
	s := newSpoofed(t)
	s.server.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = attackers
	var wg sync.WaitGroup
	for attacker := range attackers {
		wg.Go(func() {
			for i := range each {
				s.attack(attacker, i)
			}
		})
	}
	wg.Wait()

	require.Len(t, s.claims, requests, "different trace IDs that New has chosen")
	spoofed := 0
	for ours := range s.claims {
		assert.Regexp(t, "^[0-9a-f]{32}$", ours, "a trace ID that New has chosen")
		if slices.Contains(claimedIDs, ours) {
			spoofed++
		}
	}
	assert.Zero(t, spoofed, "requests whose trace ID was claimed by an attacker")
	assert.EqualValues(t, requests, s.sent.Load(), "requests that the client sent")
	assert.EqualValues(t, requests, s.proxied.Load(), "requests that the proxy sent")
	linked, noted := s.checkSpans(), s.checkLines(requests)
	assert.Positive(t, linked, "server spans with a link")
	assert.Equal(t, linked, noted, "access lines with an untrusted_trace_id, and server spans with a link")
	torture.Row(t, "Spoofed IDs from outside", "%d requests of %d attackers with %d IDs: %d with a claimed trace ID, %d with a new one; %d claimed IDs kept as a link, %d on the access line; %d requests sent on without a claimed header",
		requests, attackers, len(claimedIDs), spoofed, len(s.claims), linked, noted, s.sent.Load()+s.proxied.Load())
}

// claimedIDs are the trace IDs that attackers claim. theirs are texts that must not be in the
// requests that are sent on: IDs of attackers, and a word that only attackers use.
var (
	claimedIDs = []string{id64, id128, id128Low, canary + canary, strings.Repeat(canary, 4)}
	theirs     = append([]string{spanID, parentID, "evil"}, claimedIDs...)
)

// theirsIn returns a header of h that contains one of theirs, or "" if there is none.
func theirsIn(h http.Header) string {
	for name, values := range h {
		for _, text := range theirs {
			if strings.Contains(name+": "+strings.Join(values, ","), text) {
				return fmt.Sprint(name, values)
			}
		}
	}
	return ""
}

// spoofed is a server that is attacked, and what it has noted about the attacks.
type spoofed struct {
	*testing.T
	handler       http.Handler
	server        *httptest.Server
	spans         *tracetest.SpanRecorder
	out           testkit.Log
	sent, proxied atomic.Int64 // requests that the handler has sent by client and by proxy

	mu     sync.Mutex
	claims map[string]string // from the trace ID that New has chosen to the ID that was claimed
}

func newSpoofed(t *testing.T) *spoofed {
	s := &spoofed{T: t, claims: map[string]string{}}
	all := propagation.NewCompositeTextMapPropagator(trace.Propagator{Encoding: bothEncodings}, propagation.TraceContext{}, propagation.Baggage{})
	client := httpclient.Wrap(&http.Client{Transport: downstream(s.checkSent)}, httpclient.Config{Propagator: all})
	// A proxy over a transport without clew sends on the headers that the handler sees.
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "next.example"}) },
		Transport: downstream(s.checkProxied),
	}
	sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
	logger := logctx.New(&s.out)
	s.spans = rec
	s.handler = httpmw.New(httpmw.Config{TracerProvider: sdk, Propagator: all, Trust: trusting(httpmw.TrustNone), Logger: &logger, ResponseHeader: "X-Trace"})(
		httpmw.AccessLog(httpmw.AccessLogConfig{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			logctx.Info(r.Context()).Msg("inside")
			req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://next.example/", nil)
			if assert.NoError(t, err) {
				req.Header = r.Header.Clone()
				_, err = client.Do(req) // the body of the answer is empty
				assert.NoError(t, err)
			}
			proxy.ServeHTTP(w, r)
		})))
	s.server = newServer(t, "h1", s.handler)
	return s
}

func (s *spoofed) checkSent(r *http.Request) {
	s.sent.Add(1)
	assert.Empty(s, theirsIn(r.Header), "a claimed header on the client's request")
	ours := trace.ID(r.Context())
	assert.Equal(s, ours, r.Header.Get("X-B3-TraceId"), "X-B3-TraceId of the client's request")
	assert.Equal(s, "00-"+ours+"-"+trace.SpanID(r.Context())+"-01", r.Header.Get("traceparent"), "traceparent of the client's request")
	assert.Empty(s, r.Header.Get("tracestate")+r.Header.Get("baggage"), "tracestate and baggage of the client's request")
}

func (s *spoofed) checkProxied(r *http.Request) {
	s.proxied.Add(1)
	assert.Empty(s, theirsIn(r.Header), "a claimed header on the proxy's request")
	assert.Equal(s, "kept", r.Header.Get("X-Other"), "X-Other of the proxy's request")
	for name := range r.Header {
		assert.False(s, slices.ContainsFunc(traceHeaders, func(h string) bool { return strings.EqualFold(h, name) }), "%s on the proxy's request", name)
	}
}

// attack sends an attacker's request number i. All attackers claim the same IDs, each of them
// repeatedly.
func (s *spoofed) attack(attacker, i int) {
	id := claimedIDs[(attacker+i)%len(claimedIDs)]
	form := i / len(claimedIDs) % 5
	h := claiming(id, form)
	claimed, ours := id, ""
	switch form {
	case 4: // keys that no server makes: New does not read them, and does not pass them on
		claimed, ours = "", serve(s.handler, get(oddKeys(h, i))).Header().Get("X-Trace")
	default:
		res := send(s, s.server, "/", h)
		body(s, res)
		ours = res.Header.Get("X-Trace")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claims[ours] = claimed
}

// claiming(id, form) returns headers that claim id. Form 1 is b3, form 2 is X-B3-*, form 3 is
// traceparent, and the forms 0 and 4 are all encodings at once.
func claiming(id string, form int) http.Header {
	h := http.Header{"X-Other": {"kept"}}
	single := []string{id + "-" + spanID + "-d-" + parentID}
	if form == 0 || form == 1 || form == 4 {
		h["B3"] = single
	}
	if form == 0 || form == 2 || form == 4 {
		maps.Copy(h, http.Header{"X-B3-Traceid": {id}, "X-B3-Spanid": {spanID}, "X-B3-Parentspanid": {parentID}, "X-B3-Sampled": {"1"}, "X-B3-Flags": {"1"}})
	}
	if form == 0 || form == 3 || form == 4 {
		wide := strings.Repeat("0", 32-len(id)) + id
		maps.Copy(h, http.Header{"Traceparent": {"00-" + wide + "-" + spanID + "-01"}, "Tracestate": {"evil=1"}, "Baggage": {"evil=1"}})
	}
	if form == 3 && len(id) == 16 {
		h["B3"] = single // a traceparent alone does not show that the ID has 16 digits
	}
	return h
}

// oddKeys returns h with its keys in lower case or, for an odd i, in upper case.
func oddKeys(h http.Header, i int) http.Header {
	odd := http.Header{"X-Other": {"kept"}}
	for key, values := range h {
		if key != "X-Other" {
			odd[[]string{strings.ToLower(key), strings.ToUpper(key)}[i%2]] = values
		}
	}
	delete(odd, "B3") // for this key upper case is the canonical form
	return odd
}

// checkSpans returns how many server spans have a link to the ID that was claimed.
func (s *spoofed) checkSpans() (linked int) {
	for _, span := range clewSpans(s.spans) {
		claimed, ok := s.claims[span.SpanContext().TraceID().String()]
		assert.True(s, ok, "the trace of a span is not one that New has begun: %v", span.SpanContext().TraceID())
		if span.SpanKind() != oteltrace.SpanKindServer {
			assert.Empty(s, span.Links(), "links of a span further in")
			continue
		}
		assert.False(s, span.Parent().IsValid(), "the server span's parent is valid")
		assert.Empty(s, span.SpanContext().TraceState().String(), "tracestate of the server span")
		if claimed == "" {
			assert.Empty(s, span.Links(), "links where nothing was claimed")
			continue
		}
		linked++
		if assert.Len(s, span.Links(), 1, "links of the server span") {
			assert.Equal(s, strings.Repeat("0", 32-len(claimed))+claimed, span.Links()[0].SpanContext.TraceID().String(), "trace ID of the link")
		}
	}
	return linked
}

// checkLines returns how many access lines have the ID that was claimed.
func (s *spoofed) checkLines(requests int) (noted int) {
	lines := s.out.Lines(s)
	assert.Len(s, lines, 2*requests, "lines")
	for _, line := range lines {
		claimed, ok := s.claims[line["trace_id"].(string)]
		assert.True(s, ok, "trace_id of %v is one that New has chosen", line)
		if line["message"] == "request" && claimed != "" {
			noted++
			assert.Equal(s, claimed, line["untrusted_trace_id"], "untrusted_trace_id of %v", line)
			delete(line, "untrusted_trace_id")
		}
		for key, value := range line { // no other field has a claimed ID
			assert.NotContains(s, theirs, value, "%s of %v", key, line)
		}
	}
	return noted
}
