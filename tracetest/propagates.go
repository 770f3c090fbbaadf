package tracetest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/clew/trace"
	"go.opentelemetry.io/otel/propagation"
)

// Propagates sends h requests in one trace and fails the test for each request of h's own that does
// not carry it, as B3 or as traceparent, and if h sends none at all. It sets their headers; without
// requests it sends GET /. A handler that does not believe its caller does not pass.
//
// What h sends is answered with 200 and {} by a recorder, which is http.DefaultTransport until the test
// ends. It sees http.DefaultClient and clients whose transport is nil, or httpclient's over nil. Others
// need to be told, as resty: SetTransport(httpclient.NewTransport(nil, …)) asks for
// http.DefaultTransport with each request. Code that takes that for an *http.Transport panics.
//
// Not for parallel tests, and h's goroutines must have sent what they send before the test ends.
func Propagates(t testing.TB, h http.Handler, requests ...*http.Request) {
	t.Helper()
	ctx, span := trace.Start(context.Background(), "tracetest.Propagates")
	defer span.End()
	r, again := http.DefaultTransport.(*recorder)
	if !again {
		before := http.DefaultTransport
		r = &recorder{t: t}
		http.DefaultTransport = r
		t.Cleanup(func() { http.DefaultTransport = before })
	}
	r.ids.Store(trace.ID(ctx), nil)
	sent := r.sent.Load()
	t.Cleanup(func() {
		t.Helper()
		if r.sent.Load() == sent {
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
		propagator.Inject(ctx, propagation.HeaderCarrier(request.Header))
		h.ServeHTTP(httptest.NewRecorder(), request)
	}
}

var propagator = trace.Propagator{W3C: true}

// recorder answers every request, and looks at its trace.
type recorder struct {
	t    testing.TB
	ids  sync.Map // of the traces
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
	id := trace.ID(propagator.Extract(context.Background(), propagation.HeaderCarrier(request.Header)))
	if _, ours := r.ids.Load(id); !ours {
		r.t.Errorf("%s %s: trace ID is %q, want that of the handler's request", request.Method, request.URL.Redacted(), id)
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
