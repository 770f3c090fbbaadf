package tracetest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/clew/trace"
	"go.opentelemetry.io/otel/propagation"
)

// Propagates sends h requests in one trace and fails the test for each request of h's own that does
// not carry it, and if h sends none at all. It sets their B3 headers; without requests it sends GET /.
//
// What h sends is answered with 200 and {} by a recorder, which is http.DefaultTransport until the test
// ends: it sees http.DefaultClient and clients whose transport is nil or httpclient's over nil, from h's
// goroutines too. Not for parallel tests.
func Propagates(t testing.TB, h http.Handler, requests ...*http.Request) {
	t.Helper()
	ctx, span := trace.Start(context.Background(), "tracetest.Propagates")
	defer span.End()
	r := &recorder{t: t, id: trace.ID(ctx)}
	before := http.DefaultTransport
	http.DefaultTransport = r
	t.Cleanup(func() {
		t.Helper()
		http.DefaultTransport = before
		if r.sent.Load() == 0 {
			t.Error("no request was sent through http.DefaultTransport")
		}
	})
	if len(requests) == 0 {
		requests = []*http.Request{httptest.NewRequest(http.MethodGet, "/", nil)}
	}
	for _, request := range requests {
		if request.Header == nil {
			request.Header = http.Header{}
		}
		trace.Propagator{}.Inject(ctx, propagation.HeaderCarrier(request.Header))
		h.ServeHTTP(httptest.NewRecorder(), request)
	}
}

// recorder answers every request, and looks at its trace.
type recorder struct {
	t    testing.TB
	id   string // of the trace
	sent atomic.Int64
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.sent.Add(1)
	if request.Body != nil {
		defer request.Body.Close()
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return nil, err
		}
	}
	b, _ := trace.FromHeader(request.Header)
	got := trace.ID(trace.NewContext(context.Background(), b))
	if got != r.id {
		r.t.Errorf("%s %s: trace ID is %q, want that of the handler's request, %q", request.Method, request.URL.Redacted(), got, r.id)
	}
	const answer = "{}"
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(strings.NewReader(answer)),
		ContentLength: int64(len(answer)),
		Request:       request,
	}, nil
}
