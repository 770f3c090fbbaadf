package httpclient_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// A request without a context has the trace that trace.Do gives its goroutine, and so have the
// request's redirects and retries.
func TestImplicit(t *testing.T) {
	var seen []trace.B3
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := trace.FromHeader(r.Header)
		seen = append(seen, b)
		switch {
		case r.URL.Path == "/redirect":
			http.Redirect(w, r, "/", http.StatusFound)
		case len(seen) == 1 && r.URL.Path == "/retry":
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	base := implicitServer(t, serve)
	for _, tt := range []struct {
		name, path string
		send       func(t *testing.T, url string)
	}{
		{"net/http", "/", func(t *testing.T, url string) {
			client := httpclient.Wrap(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, httpclient.Config{})
			resp, err := client.Get(url)
			require.NoError(t, err)
			resp.Body.Close()
		}},
		{"resty", "/", func(t *testing.T, url string) {
			client := httpclient.Resty(resty.New().SetCloseConnection(true), httpclient.Config{})
			client.SetRetryCount(1).SetRetryWaitTime(1).AddRetryCondition(func(r *resty.Response, _ error) bool { return r.StatusCode() >= 500 })
			_, err := client.R().Get(url)
			require.NoError(t, err)
		}},
	} {
		for _, path := range []string{"/", "/redirect", "/retry"} {
			t.Run(tt.name+", "+path, func(t *testing.T) {
				ctx, span := trace.Start(context.Background(), "request")
				defer span.End()
				want, _ := trace.FromContext(ctx)
				seen = nil
				trace.Do(ctx, func(context.Context) { tt.send(t, base+path) })
				if path == "/redirect" || path == "/retry" && tt.name == "resty" {
					assert.Len(t, seen, 2, "attempts")
				}
				for i, b := range seen {
					assert.Equal(t, want.TraceID, b.TraceID, "trace of attempt %d", i)
					assert.Equal(t, want.SpanID, b.ParentSpanID, "parent of attempt %d", i)
				}
				seen = nil
				tt.send(t, base+path)
				assert.NotEqual(t, want.TraceID, seen[0].TraceID, "trace of a request outside of trace.Do")
			})
		}
	}
}

func implicitServer(t *testing.T, h http.Handler) (url string) {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

type addedKey struct{}

// longer(ctx) returns ctx with one more value.
func longer(ctx context.Context) context.Context {
	return context.WithValue(ctx, addedKey{}, "added")
}

// Each of followUps sends a request, and then sends more requests. The contexts of the later
// requests hold the record of an earlier attempt.
var followUps = []struct {
	name string
	send func(t *testing.T, c *resty.Client, plain *http.Client)
}{
	{"resty, again", func(t *testing.T, c *resty.Client, _ *http.Client) {
		r := c.R()
		for range 3 {
			_, err := r.Get("http://x.test/")
			require.NoError(t, err)
			r.SetContext(longer(r.Context()))
		}
	}},
	{"resty, sent before in the goroutine of another trace", func(t *testing.T, c *resty.Client, _ *http.Client) {
		r := c.R()
		other, span := trace.Start(context.Background(), "other")
		defer span.End()
		trace.Do(other, func(context.Context) {
			_, err := r.SetHeader("Not", "counted").Get("http://x.test/")
			require.NoError(t, err)
		})
		r.Header.Del("Not")
		_, err := r.SetContext(longer(r.Context())).Get("http://x.test/")
		require.NoError(t, err)
	}},
	{"resty, retries", func(t *testing.T, c *resty.Client, _ *http.Client) {
		c.SetRetryCount(2).SetRetryWaitTime(1).AddRetryCondition(func(r *resty.Response, _ error) bool { return r.Request.Attempt < 3 })
		c.AddRetryHook(func(r *resty.Response, _ error) { r.Request.SetContext(longer(r.Request.Context())) })
		_, err := c.R().Get("http://x.test/")
		require.NoError(t, err)
	}},
	{"resty, redirects", func(t *testing.T, c *resty.Client, _ *http.Client) {
		_, err := c.R().EnableTrace().Get("http://x.test/redirect")
		require.NoError(t, err)
	}},
	{"net/http, in the context of the previous answer", func(t *testing.T, _ *resty.Client, plain *http.Client) {
		ctx := context.Background()
		for range 3 {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://x.test/", nil)
			require.NoError(t, err)
			resp, err := plain.Do(r)
			require.NoError(t, err)
			resp.Body.Close()
			ctx = longer(resp.Request.Context())
		}
	}},
}

// The span of each send is a child of the goroutine's span. This also holds for a later send whose
// context is derived from the context of an earlier attempt.
func TestImplicitAfterAnother(t *testing.T) {
	for _, tt := range followUps {
		for name, starter := range map[string]trace.Starter{
			"clew's provider": {}, "an SDK": {TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample()))},
		} {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				base := new(headerKeeper)
				ctx, span := starter.Start(context.Background(), testkit.B3(testkit.IDWide+"-"+spanID+"-d"), "request")
				defer span.End()
				want, _ := trace.FromContext(ctx)
				trace.Do(ctx, func(context.Context) {
					tt.send(t, httpclient.Resty(resty.New().SetTransport(base), httpclient.Config{}),
						httpclient.Wrap(&http.Client{Transport: base}, httpclient.Config{}))
				})
				assert.NotEmpty(t, base.seen)
				for i, b := range base.seen {
					assert.Equal(t, want.ID(), b.ID(), "trace of attempt %d", i)
					assert.Equal(t, want.SpanID, b.ParentSpanID, "parent of attempt %d", i)
					assert.Equal(t, trace.Debug, b.Sampling, "state of attempt %d", i)
				}
			})
		}
	}
}

// headerKeeper is a base that keeps the B3 of each request, except requests with the header
// "Not". It redirects "/redirect".
type headerKeeper struct{ seen []trace.B3 }

func (k *headerKeeper) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := trace.FromHeader(r.Header)
	if err != nil {
		return nil, err
	}
	if r.Header.Get("Not") == "" {
		k.seen = append(k.seen, b)
	}
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}
	if r.URL.Path == "/redirect" {
		resp.StatusCode = http.StatusFound
		resp.Header.Set("Location", fmt.Sprintf("/%d", len(k.seen)))
	}
	return resp, nil
}

// A request in the context of an earlier answer stays in that answer's trace, even in the
// goroutine of another trace.
func TestImplicitStays(t *testing.T) {
	var seen []trace.B3
	client := httpclient.Wrap(&http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		b, err := trace.FromHeader(r.Header)
		assert.NoError(t, err)
		seen = append(seen, b)
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})}, httpclient.Config{})
	send := func(ctx context.Context) context.Context {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://x.test/", nil)
		require.NoError(t, err)
		resp, err := client.Do(r)
		require.NoError(t, err)
		resp.Body.Close()
		return resp.Request.Context()
	}
	var first context.Context
	trace.Do(testkit.Context(testkit.ID64+"-"+spanID+"-1"), func(context.Context) { first = send(context.Background()) })
	rec := newRecorder(t, sdktrace.AlwaysSample())
	other, span := trace.Starter{TracerProvider: rec.provider}.Start(context.Background(), trace.B3{}, "other")
	trace.Do(other, func(context.Context) { send(first) })
	span.End()
	rec.spans(t, 1) // only the span named other: the provider made no second span
	require.Len(t, seen, 2)
	assert.Equal(t, testkit.ID64, seen[0].ID(), "trace of the first request")
	assert.Equal(t, testkit.ID64, seen[1].ID(), "trace of the second request")
}
