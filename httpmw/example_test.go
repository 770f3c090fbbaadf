package httpmw_test

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// call sends a request to h, as another service would, in the trace 463ac35c9f6413ad.
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

// With Config.Logger, the ID is also on the lines of code that does not know clew.
func ExampleNew_logger() {
	logger := zerolog.New(zerolog.ConsoleWriter{Out: os.Stdout, NoColor: true, PartsOrder: []string{"level", "message"}, FieldsExclude: []string{"span_id"}})
	handler := httpmw.New(httpmw.Config{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		zerolog.Ctx(r.Context()).Info().Msg("hello")
	}))

	call(handler, "/", "10.1.2.3:4711")
	// Output: INF hello trace_id=463ac35c9f6413ad
}

// http.TimeoutHandler gives the mux a copy of the request, so AccessLog does not see the pattern
// that the mux sets in the copy. SetRoute tells AccessLog the pattern.
func ExampleSetRoute() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {})
	routes := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r)
		httpmw.SetRoute(r.Context(), r.Pattern)
	})

	logger := zerolog.New(zerolog.ConsoleWriter{Out: os.Stdout, NoColor: true, PartsOrder: []string{"message"},
		FieldsExclude: []string{"method", "path", "bytes", "duration_ms", "remote", "parent_id", "trace_id", "span_id"}})
	handler := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.TimeoutHandler(routes, time.Second, "timeout"))
	call(httpmw.New(httpmw.Config{})(handler), "/users/7", "10.1.2.3:4711")
	// Output: request route=/users/{id} status=200
}

// No caller from the open internet is believed.
func ExampleTrust_Always() {
	mw := httpmw.New(httpmw.Config{Trust: httpmw.TrustNone.Always})
	fmt.Println(debugged(mw, httptest.NewRequest("GET", "/", nil)))
	// Output: no debug
}

// debugged gives r headers that ask for debug, sends r through the middleware h, and reports
// whether the handler is in a debug trace.
func debugged(h func(http.Handler) http.Handler, r *http.Request) string {
	answer := "no debug"
	r.Header.Set("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312-d")
	h(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if b, _ := trace.FromContext(r.Context()); b.Sampling == trace.Debug {
			answer = "debug"
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
	return answer
}

// Callers of paths that the internet cannot reach may ask for debug. The path is cleaned first,
// because a router may take /internal/../shop for /shop.
func ExampleTrust_path() {
	mw := httpmw.New(httpmw.Config{Trust: func(r *http.Request) httpmw.Trust {
		if strings.HasPrefix(path.Clean(r.URL.Path), "/internal/") {
			return httpmw.TrustAll
		}
		return httpmw.TrustNone
	}})

	fmt.Println(debugged(mw, httptest.NewRequest("GET", "/internal/stock", nil)))
	fmt.Println(debugged(mw, httptest.NewRequest("GET", "/shop", nil)))
	fmt.Println(debugged(mw, httptest.NewRequest("GET", "/internal/../shop", nil)))
	// Output:
	// debug
	// no debug
	// no debug
}

// Callers from our own network may ask for debug, and partners may continue their traces. Behind
// a proxy, RemoteAddr is the proxy's address: decide in the proxy, or by a header that only the
// proxy can set.
func ExampleTrust_network() {
	inside := netip.MustParsePrefix("10.0.0.0/8")
	partners := netip.MustParsePrefix("192.0.2.0/24")
	mw := httpmw.New(httpmw.Config{Trust: func(r *http.Request) httpmw.Trust {
		from, _ := netip.ParseAddrPort(r.RemoteAddr) // a malformed address is in no network
		switch addr := from.Addr().Unmap(); {
		case inside.Contains(addr):
			return httpmw.TrustAll
		case partners.Contains(addr):
			return httpmw.TrustIDs
		}
		return httpmw.TrustNone
	}})

	for _, from := range []string{"10.1.2.3:4711", "192.0.2.9:4711", "203.0.113.9:4711"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = from
		fmt.Println(debugged(mw, r))
	}
	// Output:
	// debug
	// no debug
	// no debug
}

// Callers with our gateway's certificate may ask for debug. Look in VerifiedChains: depending on
// the server's tls.Config.ClientAuth, a certificate in PeerCertificates may not be verified.
func ExampleTrust_certificate() {
	mw := httpmw.New(httpmw.Config{Trust: func(r *http.Request) httpmw.Trust {
		if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
			caller := r.TLS.VerifiedChains[0][0]
			if slices.Contains(caller.DNSNames, "gateway.internal.example") {
				return httpmw.TrustAll
			}
		}
		return httpmw.TrustNone
	}})

	gateway := &x509.Certificate{DNSNames: []string{"gateway.internal.example"}}
	r := httptest.NewRequest("GET", "/", nil)
	r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{gateway}}}
	fmt.Println(debugged(mw, r))

	r = httptest.NewRequest("GET", "/", nil)
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{gateway}} // not verified
	fmt.Println(debugged(mw, r))
	// Output:
	// debug
	// no debug
}

// Callers who know a secret may ask for debug. The comparison takes the same time for every
// guess. It compares hashes, because a comparison of the texts would reveal whether the length is
// right.
func ExampleTrust_secret() {
	secret := sha256.Sum256([]byte("correct horse battery staple"))
	mw := httpmw.New(httpmw.Config{Trust: func(r *http.Request) httpmw.Trust {
		given := sha256.Sum256([]byte(r.Header.Get("X-Debug-Secret")))
		if subtle.ConstantTimeCompare(given[:], secret[:]) == 1 {
			return httpmw.TrustAll
		}
		return httpmw.TrustNone
	}})

	for _, given := range []string{"correct horse battery staple", "password", ""} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-Debug-Secret", given)
		fmt.Println(debugged(mw, r))
	}
	// Output:
	// debug
	// no debug
	// no debug
}

// Under TrustIDs the sampler decides by an ID that the caller chose. A trace.Ratio samples all
// low IDs. This sampler does not, but it still makes one and the same decision for an ID.
func ExampleTrust_sampler() {
	mw := httpmw.New(httpmw.Config{
		Trust: httpmw.TrustIDs.Always,
		TracerProvider: trace.NewProvider(trace.ProviderConfig{
			Sampler: unguessable{trace.NewRatio(0.001), maphash.MakeSeed()},
		}),
	})

	sampled := 0
	handler := mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if oteltrace.SpanContextFromContext(r.Context()).IsSampled() {
			sampled++
		}
	}))
	for low := range 1000 {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("b3", fmt.Sprintf("%016x-a2fb4a1d1a96d312-1", low+1))
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	fmt.Println("fewer than 50 of 1,000:", sampled < 50)
	// Output: fewer than 50 of 1,000: true
}

// unguessable samples a share of the traces, by a hash of the ID that no caller can compute.
type unguessable struct {
	ratio *trace.Ratio
	seed  maphash.Seed
}

func (u unguessable) Sample(id oteltrace.TraceID) bool {
	var hashed oteltrace.TraceID
	binary.BigEndian.PutUint64(hashed[8:], maphash.Comparable(u.seed, id))
	return u.ratio.Sample(hashed)
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
		FieldsExclude: []string{"duration_ms", "remote", "span_id"}, // for brevity
	})
	handler := httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{
		Logger: &logger,
		Skip:   func(r *http.Request) bool { return r.URL.Path == "/healthz" },
	})(mux))

	call(handler, "/users/7", "10.1.2.3:4711")
	call(handler, "/healthz", "10.1.2.3:4711")
	// Output: WRN request bytes=13 method=GET parent_id=a2fb4a1d1a96d312 path=/users/7 route=/users/{id} status=404 trace_id=463ac35c9f6413ad
}

// slog writes the handler's own lines and the access line. Fields adds a field of the program to
// the access line.
func ExampleConfig_slog() {
	shorter := func(_ []string, a slog.Attr) slog.Attr { // drops what changes from run to run
		if slices.Contains([]string{"time", "duration_ms", "span_id"}, a.Key) {
			return slog.Attr{}
		}
		return a
	}
	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: shorter})
	logger := slog.New(logctx.Slog(handler, logctx.Config{Service: "users"}))
	access := httpmw.AccessLog(httpmw.AccessLogConfig{Fields: func(r *http.Request) []slog.Attr {
		return []slog.Attr{slog.String("tenant", r.Header.Get("X-Tenant"))}
	}})
	h := httpmw.New(httpmw.Config{Slog: logger})(access(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		logctx.SlogFrom(r.Context()).Info("hello") // or logger.InfoContext(r.Context(), "hello")
	})))

	r := httptest.NewRequest(http.MethodGet, "/users", nil)
	r.Header.Set("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312")
	r.Header.Set("X-Tenant", "acme")
	h.ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// level=INFO msg=hello service=users trace_id=463ac35c9f6413ad
	// level=INFO msg=request service=users trace_id=463ac35c9f6413ad method=GET path=/users status=200 bytes=0 remote=192.0.2.1:1234 parent_id=a2fb4a1d1a96d312 tenant=acme
}

// Sample decides by path: each checkout is sampled, no health check is, and the sampler decides
// about all other requests.
func ExampleConfig_sample() {
	mux := http.NewServeMux()
	for _, route := range []string{"/checkout", "/healthz", "/media"} {
		mux.HandleFunc(route, func(_ http.ResponseWriter, r *http.Request) {
			b, _ := trace.FromContext(r.Context())
			fmt.Println(route, b.Sampling)
		})
	}
	tp := trace.NewProvider(trace.ProviderConfig{Sampler: trace.Never()})

	handler := httpmw.New(httpmw.Config{
		TracerProvider: tp,
		Sample: func(r *http.Request) trace.Sampling {
			switch r.URL.Path {
			case "/checkout":
				return trace.Accept
			case "/healthz":
				return trace.Deny
			}
			return trace.Defer // to the sampler
		},
	})(mux)

	for _, path := range []string{"/checkout", "/healthz", "/media"} {
		call(handler, path, "10.1.2.3:4711")
	}
	// Output:
	// /checkout accept
	// /healthz deny
	// /media deny
}

// The handler uses no context, and logs with a logger that main has made.
func ExampleConfig_implicit() {
	lines := zerolog.ConsoleWriter{Out: os.Stdout, NoColor: true, PartsOrder: []string{"message"}, FieldsExclude: []string{"span_id"}}
	logger := zerolog.New(lines).Hook(logctx.Hook(logctx.Config{}))
	hello := func(http.ResponseWriter, *http.Request) { logger.Info().Msg("hello") }
	// TimeoutHandler runs its handler in another goroutine. trace.Do gives that goroutine the
	// trace.
	inTime := http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		logger.Info().Msg("in time")
		trace.Do(r.Context(), func(context.Context) { hello(w, r) })
	}), time.Minute, "")

	in := httpmw.New(httpmw.Config{Implicit: true})
	call(in(http.HandlerFunc(hello)), "/users/7", "10.1.2.3:4711")
	call(in(inTime), "/users/7", "10.1.2.3:4711")
	// Output:
	// hello trace_id=463ac35c9f6413ad
	// in time
	// hello trace_id=463ac35c9f6413ad
}

func ExampleRouteLabels() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /media/{id}", func(w http.ResponseWriter, r *http.Request) {
		route, _ := pprof.Label(r.Context(), "http.route")
		fmt.Println("profiles and dumps of this handler say", route)
	})
	h := httpmw.New(httpmw.Config{Labels: httpmw.RouteLabels(mux)})(mux)

	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/media/7", nil))
	// Output: profiles and dumps of this handler say /media/{id}
}

// The trace ID can be a label too. A label value for each request makes profiles larger.
func ExampleConfig_labels() {
	labels := func(r *http.Request) pprof.LabelSet {
		return pprof.Labels("http.route", r.URL.Path, "trace_id", trace.ID(r.Context()))
	}
	h := httpmw.New(httpmw.Config{Labels: labels})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, _ := pprof.Label(r.Context(), "trace_id")
		fmt.Println(id)
	}))

	r := httptest.NewRequest(http.MethodGet, "/health", nil)
	r.Header.Set("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	h.ServeHTTP(httptest.NewRecorder(), r)
	// Output: 463ac35c9f6413ad
}
