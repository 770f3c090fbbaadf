package httpmw_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The environment names the propagator of a service, for incoming and outgoing requests.
func TestPropagatorFromEnvInAndOut(t *testing.T) {
	const w3cParent = "00-" + id128 + "-" + spanID + "-01"
	callers := map[string]http.Header{
		"B3 that defers": testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID),
		"both":           testkit.Header("b3", id64+"-"+spanID+"-d", "traceparent", w3cParent, "baggage", "k=v"),
		"W3C":            testkit.Header("traceparent", w3cParent, "baggage", "k=v"),
	}
	type sent map[string]string // the trace ID in each header, and the baggage
	for _, tt := range []struct {
		name, value string
		want        map[string]sent // by caller; "new" is an ID that was not received
	}{
		{"not set", "", map[string]sent{
			"B3 that defers": {"X-B3-Traceid": id64}, "both": {"X-B3-Traceid": id64}, "W3C": {"X-B3-Traceid": "new"}}},
		{"b3", "b3", map[string]sent{
			"B3 that defers": {"B3": id64}, "both": {"B3": id64}, "W3C": {"B3": "new"}}},
		{"b3,tracecontext", "b3,tracecontext", map[string]sent{
			"B3 that defers": {"B3": id64, "Traceparent": id64}, "both": {"B3": id64, "Traceparent": id64}, "W3C": {"B3": id128, "Traceparent": id128}}},
		{"b3multi,baggage", "b3multi,baggage", map[string]sent{
			"B3 that defers": {"X-B3-Traceid": id64}, "both": {"X-B3-Traceid": id64, "Baggage": "k=v"}, "W3C": {"X-B3-Traceid": "new", "Baggage": "k=v"}}},
		{"tracecontext", "tracecontext", map[string]sent{
			"B3 that defers": {"Traceparent": "new"}, "both": {"Traceparent": id128}, "W3C": {"Traceparent": id128}}},
		{"baggage", "baggage", map[string]sent{
			"B3 that defers": {}, "both": {"Baggage": "k=v"}, "W3C": {"Baggage": "k=v"}}},
		{"none", "none", map[string]sent{"B3 that defers": {}, "both": {}, "W3C": {}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("OTEL_PROPAGATORS", tt.value)
			p, err := trace.PropagatorFromEnv()
			require.NoError(t, err, "PropagatorFromEnv")
			for caller, received := range callers {
				got := sent{}
				var here string // the ID that the handler has
				out := httpclient.NewTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
					for _, name := range []string{"B3", "X-B3-Traceid", "Traceparent", "Baggage"} {
						if value := r.Header.Get(name); value != "" {
							got[name] = value
						}
					}
					return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
				}), httpclient.Config{Propagator: p})
				in := httpmw.New(httpmw.Config{Propagator: p, TracerProvider: trace.NewProvider(trace.ProviderConfig{Sampler: trace.Always()})})
				in(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					here = trace.ID(r.Context())
					again := httptest.NewRequest("GET", "http://other.example/", nil).WithContext(r.Context())
					again.Header.Set("b3", id64+"-"+spanID) // stale: it must not be sent
					_, err := out.RoundTrip(again)
					assert.NoError(t, err)
				})).ServeHTTP(httptest.NewRecorder(), get(received))

				want := tt.want[caller]
				for name, value := range want {
					switch name {
					case "B3":
						b, err := trace.Parse(got[name])
						assert.NoError(t, err, "b3 sent for %s", caller)
						assert.NotEqual(t, trace.Defer, b.Sampling, "decision sent for %s", caller)
						got[name] = b.ID()
					case "Traceparent":
						if assert.Len(t, got[name], len(w3cParent), "traceparent sent for %s", caller) {
							got[name] = got[name][3:35]
							if here == id64 {
								got[name] = got[name][16:]
							}
						}
					case "Baggage":
						continue
					}
					assert.Equal(t, here, got[name], "%s sent for %s, which must be the handler's ID", name, caller)
					if value == "new" {
						assert.NotContains(t, []string{id64, id128}, here, "ID for %s", caller)
						got[name] = value
					}
				}
				assert.Equal(t, want, got, "headers sent for %s", caller)
			}
		})
	}
}
