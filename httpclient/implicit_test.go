package httpclient_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A request that names no context has the trace of its goroutine's Do, redirects and retries too.
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
				assert.NotEqual(t, want.TraceID, seen[0].TraceID, "trace of a request outside")
			})
		}
	}
}

func implicitServer(t *testing.T, h http.Handler) (url string) {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}
