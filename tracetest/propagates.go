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

// Propagates sends requests to h in one trace. It fails the test for each request that h sends
// without this trace, and if h sends no request. The trace may be B3 or traceparent. Propagates
// adds the trace to the headers of the given requests. If none are given, it sends GET /. The test
// also fails if h does not trust its caller.
//
// Until the test ends, http.DefaultTransport is a recorder that answers each request with 200 and
// {}. It sees the requests of http.DefaultClient and of each client whose transport is either nil
// or httpclient's transport over nil. Other clients need one of these transports: with resty,
// SetTransport(httpclient.NewTransport(nil, …)) looks up http.DefaultTransport for each request.
// Code that asserts that http.DefaultTransport is an *http.Transport panics.
//
// The test must not be parallel, and h's goroutines must send their requests before the test ends.
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

// recorder answers every request, and checks its trace.
type recorder struct {
	t    testing.TB
	ids  sync.Map // the IDs of the traces
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
		r.t.Errorf("%s %s: trace ID is %q, want the ID of the request to the handler", request.Method, request.URL.Redacted(), id)
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
