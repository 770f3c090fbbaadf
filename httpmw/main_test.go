package httpmw_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"example.com/clew/trace"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Of the IDs with low halves 1fb4… and e1be…, a ratio of one half samples the first and not
// the second.
const (
	id64     = "463ac35c9f6413ad"
	id128    = "5759e988bd862e3fe1be46a994272793"
	id128Low = "5759e988bd862e3f1fb446a994272793"
	idWide   = "0000000000000000e1be46a994272793"
	spanID   = "a2fb4a1d1a96d312"
	parentID = "0020000000000001"
)

// clewScope is the instrumentation scope of the spans that this module asks an SDK for.
var clewScope = reflect.TypeFor[trace.Starter]().PkgPath()

// header builds a header from names and values; a repeated name is added.
func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// get is a GET of / with h, for handlers that are called without a server.
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

// protocols are the servers that bytes on the wire are tested over.
var protocols = []string{"h1", "h2"}

// newServer starts a server that speaks protocol and tells nobody of panics. Functions to prepare it may be nil.
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

// logbook is where loggers write to: their lines as parsed JSON.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logbook) lines(t testing.TB) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for text := range strings.Lines(l.String()) {
		lines = append(lines, parseLine(t, text))
	}
	return lines
}

// only returns the one line there is.
func (l *logbook) only(t testing.TB) map[string]any {
	t.Helper()
	lines := l.lines(t)
	require.Len(t, lines, 1, "lines in the log:\n%s", l)
	return lines[0]
}

// parseLine is json.Unmarshal, but a key that stands twice in a line fails the test: JSON
// maps would hide an ID that was written twice.
func parseLine(t testing.TB, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	open, err := d.Token()
	require.NoError(t, err, "line %q", text)
	require.Equal(t, json.Delim('{'), open, "line %q", text)
	line := map[string]any{}
	for d.More() {
		key, err := d.Token()
		require.NoError(t, err, "line %q", text)
		require.NotContains(t, line, key, "keys of line %q", text)
		var value any
		require.NoError(t, d.Decode(&value), "line %q", text)
		line[key.(string)] = value
	}
	return line
}

// newSDK returns an SDK whose spans are recorded by the recorder.
func newSDK(sampler sdktrace.Sampler) (*sdktrace.TracerProvider, *tracetest.SpanRecorder) {
	rec := tracetest.NewSpanRecorder()
	return sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithSpanProcessor(rec)), rec
}

// clewSpans returns the spans that this module made, of those that have ended.
func clewSpans(rec *tracetest.SpanRecorder) []sdktrace.ReadOnlySpan {
	var spans []sdktrace.ReadOnlySpan
	for _, s := range rec.Ended() {
		if s.InstrumentationScope().Name == clewScope {
			spans = append(spans, s)
		}
	}
	return spans
}

// said is a B3 in plain text: what a table wants.
type said struct{ trace, span, parent, state string }

func saidBy(b trace.B3) said {
	s := said{trace: string(b.AppendTraceID(nil)), state: b.Sampling.String()}
	if b.SpanID.IsValid() {
		s.span = b.SpanID.String()
	}
	if b.ParentSpanID.IsValid() {
		s.parent = b.ParentSpanID.String()
	}
	return s
}

// current is what the context of r says.
func current(r *http.Request) said {
	b, _ := trace.FromContext(r.Context())
	return saidBy(b)
}

// must is trace.Parse for values that are well-formed.
func must(single string) trace.B3 {
	b, err := trace.Parse(single)
	if err != nil {
		panic(err)
	}
	return b
}

// never and always give IDs, and one decision.
func never() oteltrace.TracerProvider {
	return trace.NewProvider(trace.ProviderConfig{Sampler: trace.Never()})
}

func always() oteltrace.TracerProvider {
	return trace.NewProvider(trace.ProviderConfig{Sampler: trace.Always()})
}

// recovered calls f and returns what it panicked with.
func recovered(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

// body reads a response to its end.
func body(t testing.TB, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err, "reading the body of %s", res.Request.URL)
	return string(text)
}

// send sends a GET of path with h.
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
