package httpmw_test

import (
	"net/http"
	"testing"

	"example.com/clew/httpmw"
	"github.com/stretchr/testify/assert"
)

// traffic is what allocations and benchmarks are measured with.
var traffic = []struct {
	name   string
	header http.Header
}{
	{"none", http.Header{}},
	{"multi", header("X-B3-TraceId", id128, "X-B3-SpanId", spanID, "X-B3-ParentSpanId", parentID, "X-B3-Sampled", "0")},
	{"single", header("b3", id128+"-"+spanID+"-1-"+parentID)},
	{"malformed", header("b3", id128+"-"+spanID+"!1-"+parentID)},
}

// TestNewAllocs: the context and the request's copy, nothing else.
func TestNewAllocs(t *testing.T) {
	const bound, exact = 3, 2
	for _, tt := range traffic {
		t.Run(tt.name, func(t *testing.T) {
			h := httpmw.New(httpmw.Config{})(http.HandlerFunc(nop))
			w, r := minimal{http.Header{}}, get(tt.header)
			got := testing.AllocsPerRun(1000, func() { h.ServeHTTP(w, r) })
			assert.LessOrEqual(t, got, float64(bound), "allocations of a request, at most")
			if !raceEnabled {
				assert.InDelta(t, exact, got, 0, "allocations of a request: if there are fewer now, say so here")
			}
		})
	}
}

// TestNewAllocsTrust: to believe less must not cost more than the copy of the headers.
func TestNewAllocsTrust(t *testing.T) {
	for _, tt := range []struct {
		name  string
		trust httpmw.Trust
	}{{"TrustAll", httpmw.TrustAll}, {"TrustIDs", httpmw.TrustIDs}} {
		t.Run(tt.name+" without headers", func(t *testing.T) {
			h := httpmw.New(httpmw.Config{Trust: trusting(tt.trust)})(http.HandlerFunc(nop))
			w, r := minimal{http.Header{}}, get(nil)
			got := testing.AllocsPerRun(1000, func() { h.ServeHTTP(w, r) })
			assert.LessOrEqual(t, got, 3.0, "allocations of a request, at most")
		})
	}
}
