package httpclient_test

import (
	"context"
	"net/http"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
)

// fake is a base RoundTripper without allocations, so that a test measures only httpclient.
type fake struct{ response *http.Response }

func newFake() fake {
	return fake{&http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}, Request: &http.Request{}}}
}

func (f fake) RoundTrip(*http.Request) (*http.Response, error) { return f.response, nil }

// maxAllocs is the limit of allocations of a round trip.
const maxAllocs = 5

var trips = []struct {
	name   string
	cfg    httpclient.Config
	caller string // the caller's b3 header; "" if there is none
	header http.Header
	want   float64
}{
	{"X-B3, no headers", httpclient.Config{}, id128 + "-" + spanID + "-1", nil, 5},
	{"X-B3, 3 headers", httpclient.Config{}, id128 + "-" + spanID + "-1", threeHeaders, 5},
	{"X-B3, root", httpclient.Config{}, "", threeHeaders, 5},
	{"b3, no headers", httpclient.Config{Propagator: trace.Propagator{Encoding: b3.B3SingleHeader}}, id128 + "-" + spanID + "-1", nil, 5},
	{"b3, 3 headers", httpclient.Config{Propagator: trace.Propagator{Encoding: b3.B3SingleHeader}}, id128 + "-" + spanID + "-1", threeHeaders, 5},
	{"b3, root", httpclient.Config{Propagator: trace.Propagator{Encoding: b3.B3SingleHeader}}, "", threeHeaders, 5},
	{"X-B3, stale headers", httpclient.Config{}, id128 + "-" + spanID + "-1", http.Header{"B3": {canary}, "X-B3-Traceid": {canary}}, 5},
	{"refused", httpclient.Config{Propagate: func(*http.Request) bool { return false }}, id128 + "-" + spanID + "-1", threeHeaders, 4},
}

var threeHeaders = http.Header{
	"Accept":     {"application/json"},
	"User-Agent": {"test"},
	"X-Caller":   {"1"},
}

// trip returns the request of a row of trips.
func trip(t testing.TB, caller string, header http.Header) *http.Request {
	t.Helper()
	ctx := context.Background()
	if caller != "" {
		ctx = testkit.Context(caller)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://first.example/path", nil)
	require.NoError(t, err)
	if header != nil {
		r.Header = header.Clone()
	}
	return r
}

func TestTransportAllocs(t *testing.T) {
	for _, tt := range trips {
		t.Run(tt.name, func(t *testing.T) {
			r := trip(t, tt.caller, tt.header)
			client := httpclient.NewTransport(newFake(), tt.cfg)
			got := testing.AllocsPerRun(200, func() {
				if _, err := client.RoundTrip(r); err != nil {
					t.Fatal(err)
				}
			})
			assert.LessOrEqual(t, got, float64(maxAllocs), "allocations of RoundTrip")
			assert.Equal(t, tt.want, got, "allocations of RoundTrip: if it now needs fewer, change the row")
		})
	}
}
