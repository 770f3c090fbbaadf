package httpmw_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	id64     = testkit.ID64
	id128    = testkit.ID128
	id128Low = testkit.ID128Low
	idWide   = testkit.IDWide
	spanID   = testkit.SpanID
	parentID = testkit.ParentID
)

type said = testkit.Said

// clewScope is the instrumentation scope of the spans that this module asks an SDK for.
var clewScope = reflect.TypeFor[trace.Starter]().PkgPath()

// get returns a GET of / with the headers h, for handlers that are called without a server.
func get(h http.Header) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://svc.example/", nil)
	for key, values := range h {
		r.Header[key] = values
	}
	return r
}

// serve calls h without a server.
func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// protocols are the protocols of the test servers.
var protocols = []string{"h1", "h2"}

// newServer starts a server that speaks the given protocol and does not log panics. A prepare
// function may be nil.
func newServer(t testing.TB, protocol string, h http.Handler, prepare ...func(*http.Server)) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	for _, f := range prepare {
		if f != nil {
			f(srv.Config)
		}
	}
	if protocol == "h2" {
		srv.EnableHTTP2 = true
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv
}

// clewSpans returns the ended spans that this module has made.
func clewSpans(rec *tracetest.SpanRecorder) []sdktrace.ReadOnlySpan {
	var spans []sdktrace.ReadOnlySpan
	for _, s := range rec.Ended() {
		if s.InstrumentationScope().Name == clewScope {
			spans = append(spans, s)
		}
	}
	return spans
}

// current(r) returns the B3 of r's context as text.
func current(r *http.Request) said {
	return testkit.SaidIn(r.Context())
}

// The provider from never() makes IDs and samples no trace. The provider from always() samples
// every trace.
func never() oteltrace.TracerProvider {
	return trace.NewProvider(trace.ProviderConfig{Sampler: trace.Never()})
}

func always() oteltrace.TracerProvider {
	return trace.NewProvider(trace.ProviderConfig{Sampler: trace.Always()})
}

// recovered(f) calls f and returns the value that f panicked with.
func recovered(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

// body reads a response to its end and returns its body.
func body(t testing.TB, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err, "reading the body of %s", res.Request.URL)
	return string(text)
}

// send sends a GET of path with the headers h.
func send(t testing.TB, srv *httptest.Server, path string, h http.Header) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+path, nil)
	require.NoError(t, err, "http.NewRequest(%q)", path)
	for key, values := range h {
		r.Header[key] = values
	}
	res, err := srv.Client().Do(r)
	require.NoError(t, err, "GET %s", path)
	return res
}

func nop(http.ResponseWriter, *http.Request) {}

func keysOf(line map[string]any) string {
	keys := make([]string, 0, len(line))
	for key := range line {
		keys = append(keys, key)
	}
	return fmt.Sprint(sorted(keys))
}
