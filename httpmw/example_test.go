package httpmw_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
)

// call is a request as another service sends it: in trace 463ac35c9f6413ad.
func call(h http.Handler, path, from string) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = from
	r.Header.Set("X-B3-TraceId", "463ac35c9f6413ad")
	r.Header.Set("X-B3-SpanId", "a2fb4a1d1a96d312")
	h.ServeHTTP(httptest.NewRecorder(), r)
}

func ExampleNew() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("in trace", trace.ID(r.Context()))
	})
	logger := logctx.New(os.Stderr)
	access := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})
	handler := httpmw.New(httpmw.Config{})(access(mux))

	call(handler, "/users/7", "10.1.2.3:4711")
	// Output: in trace 463ac35c9f6413ad
}

// Code that has never heard of clew logs the ID as well, if Config has a Logger.
func ExampleNew_logger() {
	logger := zerolog.New(zerolog.ConsoleWriter{Out: os.Stdout, NoColor: true, PartsOrder: []string{"level", "message"}, FieldsExclude: []string{"span_id"}})
	handler := httpmw.New(httpmw.Config{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		zerolog.Ctx(r.Context()).Info().Msg("hello")
	}))

	call(handler, "/", "10.1.2.3:4711")
	// Output: INF hello trace_id=463ac35c9f6413ad
}

// Believe what comes from the inside, and nobody else.
func ExampleConfig_trust() {
	inside := netip.MustParsePrefix("10.0.0.0/8")
	mw := httpmw.New(httpmw.Config{
		Trust: func(r *http.Request) httpmw.Trust {
			from, err := netip.ParseAddrPort(r.RemoteAddr)
			switch {
			case err != nil || !inside.Contains(from.Addr()):
				return httpmw.TrustNone
			case strings.HasPrefix(r.URL.Path, "/partners/"):
				return httpmw.TrustIDs
			}
			return httpmw.TrustAll
		},
	})
	handler := mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("in the caller's trace:", trace.ID(r.Context()) == "463ac35c9f6413ad")
	}))

	call(handler, "/", "10.1.2.3:4711")
	call(handler, "/", "203.0.113.9:4711")
	// Output:
	// in the caller's trace: true
	// in the caller's trace: false
}

func ExampleAccessLog() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no such user", http.StatusNotFound)
	})
	logger := zerolog.New(zerolog.ConsoleWriter{
		Out:           os.Stdout,
		NoColor:       true,
		PartsOrder:    []string{"level", "message"},
		FieldsExclude: []string{"duration_ms", "remote", "span_id"}, // to be short
	})
	handler := httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{
		Logger: &logger,
		Skip:   func(r *http.Request) bool { return r.URL.Path == "/healthz" },
	})(mux))

	call(handler, "/users/7", "10.1.2.3:4711")
	call(handler, "/healthz", "10.1.2.3:4711")
	// Output: WRN request bytes=13 method=GET parent_id=a2fb4a1d1a96d312 path=/users/7 route=/users/{id} status=404 trace_id=463ac35c9f6413ad
}
