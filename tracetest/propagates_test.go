package tracetest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/trace"
	"example.com/clew/tracetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
)

func get(ctx context.Context, c *http.Client, url string) string {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("body"))
	if err != nil {
		return err.Error()
	}
	resp, err := c.Do(r)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return resp.Status + " " + string(body)
}

func TestPropagates(t *testing.T) {
	traced := httpclient.Wrap(&http.Client{}, httpclient.Config{})
	single := httpclient.Wrap(&http.Client{}, httpclient.Config{Propagator: trace.Propagator{Encoding: b3.B3SingleHeader}})
	w3c := httpclient.Wrap(&http.Client{}, httpclient.Config{Propagator: propagation.TraceContext{}})
	const url = "http://user:secret@stock.example/items"
	for _, tt := range []struct {
		name  string
		serve func(r *http.Request)
		said  []string
	}{
		{"carries the trace", func(r *http.Request) { get(r.Context(), traced, url) }, nil},
		{"in the single header b3", func(r *http.Request) { get(r.Context(), single, url) }, nil},
		{"as traceparent", func(r *http.Request) { get(r.Context(), w3c, url) }, nil},
		{"a bare client", func(r *http.Request) { get(r.Context(), http.DefaultClient, url) },
			[]string{`POST http://user:xxxxx@stock.example/items: trace ID is ""`}},
		{"a fresh context", func(r *http.Request) { get(context.Background(), traced, url) }, []string{"want the ID of the request to the handler"}},
		{"one of two requests", func(r *http.Request) { get(r.Context(), traced, url); get(r.Context(), http.DefaultClient, url) }, []string{`trace ID is ""`}},
		{"sends nothing", func(*http.Request) {}, []string{"no request was sent"}},
		{"the answer", func(r *http.Request) { assert.Equal(t, "200 OK {}", get(r.Context(), traced, url)) }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, fake := http.DefaultTransport, &fakeTB{TB: t}
			h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { tt.serve(r) })
			tracetest.Propagates(fake, httpmw.New(httpmw.Config{})(h))
			assertErrors(t, tt.said, fake.end())
			assert.Same(t, before, http.DefaultTransport)
		})
	}
}

// Each call of Propagates in a test has its own trace. Goroutines of the first call may send
// requests during the second call.
func TestPropagatesTwice(t *testing.T) {
	traced := httpclient.Wrap(&http.Client{}, httpclient.Config{})
	var late context.Context
	send := func(send bool) http.Handler {
		return httpmw.New(httpmw.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if late == nil {
				late = r.Context()
			} else if send {
				get(late, traced, "http://stock.example/")
			}
		}))
	}
	before, fake := http.DefaultTransport, &fakeTB{TB: t}
	tracetest.Propagates(fake, send(true))
	tracetest.Propagates(fake, send(true))
	assert.Empty(t, fake.end())
	assert.Same(t, before, http.DefaultTransport)

	late = nil
	tracetest.Propagates(fake, send(true))
	tracetest.Propagates(fake, send(false))
	assertErrors(t, []string{"no request was sent", "no request was sent"}, fake.end())
	assert.Same(t, before, http.DefaultTransport)
}

// The requests that a test passes are all sent in one trace.
func TestPropagatesRequests(t *testing.T) {
	var paths []string
	h := httpmw.New(httpmw.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		get(r.Context(), httpclient.Wrap(http.DefaultClient, httpclient.Config{}), "http://stock.example/")
	}))
	bare := httptest.NewRequest(http.MethodGet, "/b", nil)
	bare.Header = nil
	tracetest.Propagates(t, h, httptest.NewRequest(http.MethodGet, "/a", nil), bare)
	require.Equal(t, []string{"/a", "/b"}, paths)
}
