package httpmw_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
)

// traffic lists the headers of the requests that the benchmarks and the allocation tests serve.
var traffic = []struct {
	name   string
	header http.Header
}{
	{"none", http.Header{}},
	{"multi", testkit.Header("X-B3-TraceId", id128, "X-B3-SpanId", spanID, "X-B3-ParentSpanId", parentID, "X-B3-Sampled", "0")},
	{"single", testkit.Header("b3", id128+"-"+spanID+"-1-"+parentID)},
	{"malformed", testkit.Header("b3", id128+"-"+spanID+"!1-"+parentID)},
}

// TestNewAllocs: New allocates the context and the request's copy, and nothing else.
func TestNewAllocs(t *testing.T) {
	const bound, exact = 3, 2
	for _, tt := range traffic {
		t.Run(tt.name, func(t *testing.T) {
			h := httpmw.New(httpmw.Config{})(http.HandlerFunc(nop))
			w, r := minimal{http.Header{}}, get(tt.header)
			got := testing.AllocsPerRun(1000, func() { h.ServeHTTP(w, r) })
			assert.LessOrEqual(t, got, float64(bound), "allocations of a request, at most")
			if !raceEnabled {
				assert.InDelta(t, exact, got, 0, "allocations of a request: if New now needs fewer, change the constant exact")
			}
		})
	}
}

// TestNewAllocsTrust: if a request has no trace headers, TrustIDs does not copy its headers.
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

// TestAccessLogAllocs: New gives the request a logger, the handler writes a line, and AccessLog
// writes the access line. They allocate the span in its context, the request's copy, the bound
// logger, the logger's fields, the text of the IDs and the ResponseWriter.
func TestAccessLogAllocs(t *testing.T) {
	logger := logctx.New(io.Discard)
	h := httpmw.New(httpmw.Config{Logger: &logger})(httpmw.AccessLog(httpmw.AccessLogConfig{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		zerolog.Ctx(r.Context()).Info().Msg("handler")
		w.WriteHeader(http.StatusNoContent)
	})))
	for _, tt := range traffic {
		t.Run(tt.name, func(t *testing.T) {
			w, r := nullWriter{header: http.Header{}}, get(tt.header)
			got := testing.AllocsPerRun(1000, func() { h.ServeHTTP(&w, r) })
			if !raceEnabled {
				assert.LessOrEqual(t, got, 6.0, "allocations of a request")
			}
		})
	}
}

// TestAccessLogRouteAllocs: a route that AccessLog finds in r.Pattern costs no allocation.
func TestAccessLogRouteAllocs(t *testing.T) {
	logger := zerolog.New(io.Discard)
	allocs := func(pattern string) float64 {
		h := httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			r.Pattern = pattern
		})))
		r := get(nil)
		w := nullWriter{header: http.Header{}}
		return testing.AllocsPerRun(1000, func() { h.ServeHTTP(&w, r) })
	}
	if !raceEnabled {
		assert.LessOrEqual(t, allocs("/users/{id}"), allocs(""), "allocations of a request with a route, compared with a request without")
	}
}

// nullWriter has the optional interfaces that net/http's ResponseWriter for HTTP/1 has.
type nullWriter struct {
	http.Hijacker
	io.ReaderFrom
	http.CloseNotifier
	header http.Header
}

func (w *nullWriter) Header() http.Header               { return w.header }
func (w *nullWriter) Write(p []byte) (int, error)       { return len(p), nil }
func (w *nullWriter) WriteString(s string) (int, error) { return len(s), nil }
func (w *nullWriter) WriteHeader(int)                   {}
func (w *nullWriter) Flush()                            {}
func (w *nullWriter) FlushError() error                 { return nil }
func (w *nullWriter) SetReadDeadline(time.Time) error   { return nil }
func (w *nullWriter) SetWriteDeadline(time.Time) error  { return nil }
func (w *nullWriter) EnableFullDuplex() error           { return nil }
