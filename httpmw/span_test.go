package httpmw_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

func TestNewSpan(t *testing.T) {
	plain := http.HandlerFunc(nop)
	for _, tt := range []struct {
		name string
		cfg  httpmw.Config
		// build puts the middleware where a user would.
		build func(mw func(http.Handler) http.Handler) http.Handler
		path  string
		want  string
		route string
	}{
		{"no mux", httpmw.Config{}, func(mw func(http.Handler) http.Handler) http.Handler {
			return mw(plain)
		}, "/users/7", "GET", ""},
		{"mux inside", httpmw.Config{}, func(mw func(http.Handler) http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("GET /users/{id}", plain)
			return mw(mux)
		}, "/users/7", "GET /users/{id}", "/users/{id}"},
		{"inside a mux", httpmw.Config{}, func(mw func(http.Handler) http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/users/{id}", mw(plain))
			return mux
		}, "/users/7", "GET /users/{id}", "/users/{id}"},
		{"pattern with a host", httpmw.Config{}, func(mw func(http.Handler) http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("GET \t svc.example/users/", plain)
			return mw(mux)
		}, "/users/7", "GET svc.example/users/", "svc.example/users/"},
		{"no route", httpmw.Config{}, func(mw func(http.Handler) http.Handler) http.Handler {
			return mw(http.NewServeMux())
		}, "/nowhere", "GET", ""},
		{"AccessLog and mux inside", httpmw.Config{}, func(mw func(http.Handler) http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/users/{id}", plain)
			discard := zerolog.Nop()
			return mw(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &discard})(mux))
		}, "/users/7", "GET /users/{id}", "/users/{id}"},
		{"SpanName", httpmw.Config{SpanName: func(r *http.Request) string { return "serve " + r.Pattern }}, func(mw func(http.Handler) http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/users/{id}", plain)
			return mw(mux)
		}, "/users/7", "serve /users/{id}", "/users/{id}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
			tt.cfg.TracerProvider = sdk
			r := httptest.NewRequest(http.MethodGet, "http://svc.example"+tt.path, nil)
			r.Header.Set("b3", id128+"-"+spanID+"-1")
			serve(tt.build(httpmw.New(tt.cfg)), r)

			require.Len(t, rec.Started(), 1, "spans started")
			require.Len(t, rec.Ended(), 1, "spans ended")
			span := rec.Ended()[0]
			assert.Equal(t, tt.want, span.Name(), "name of the span")
			assert.Equal(t, oteltrace.SpanKindServer, span.SpanKind(), "kind of the span")
			assert.Equal(t, id128, span.SpanContext().TraceID().String(), "trace ID of the span")
			assert.Equal(t, spanID, span.Parent().SpanID().String(), "parent of the span")
			assert.Equal(t, codes.Unset, span.Status().Code, "status of the span")
			attrs := attribute.NewSet(span.Attributes()...)
			got, _ := attrs.Value("http.route")
			assert.Equal(t, tt.route, got.AsString(), "http.route of the span")
			got, _ = attrs.Value("url.path")
			assert.Equal(t, tt.path, got.AsString(), "url.path of the span")
			got, _ = attrs.Value("http.request.method")
			assert.Equal(t, "GET", got.AsString(), "http.request.method of the span")
		})
	}
}

func TestSpanPeer(t *testing.T) {
	for _, tt := range []struct {
		name, remote, address string
		port                  int64
	}{
		{"IPv4", "192.0.2.1:1234", "192.0.2.1", 1234},
		{"IPv6", "[2001:db8::1]:65535", "2001:db8::1", 65535},
		{"IPv4 in IPv6", "[::ffff:192.0.2.1]:1234", "192.0.2.1", 1234},
		{"a Unix socket", "@", "", 0},
		{"no address", "", "", 0},
		{"an address without a port, from other middleware", "192.0.2.1", "", 0},
		{"garbage", "\x00\n:99999", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tt.remote
			serve(httpmw.New(httpmw.Config{TracerProvider: sdk})(http.NotFoundHandler()), r)

			require.Len(t, rec.Ended(), 1, "spans ended")
			attrs := attribute.NewSet(rec.Ended()[0].Attributes()...)
			address, has := attrs.Value("network.peer.address")
			assert.Equal(t, tt.address != "", has, "whether there is a network.peer.address")
			assert.Equal(t, tt.address, address.AsString(), "network.peer.address")
			port, has := attrs.Value("network.peer.port")
			assert.Equal(t, tt.address != "", has, "whether there is a network.peer.port")
			assert.Equal(t, tt.port, port.AsInt64(), "network.peer.port")
		})
	}
}

// counting is an SDK whose spans count the calls of End. The SDK itself ignores all calls but the
// first.
type counting struct {
	oteltrace.TracerProvider
	ends *int
}

func (c counting) Tracer(name string, opts ...oteltrace.TracerOption) oteltrace.Tracer {
	return countingTracer{c.TracerProvider.Tracer(name, opts...), c.ends}
}

type countingTracer struct {
	oteltrace.Tracer
	ends *int
}

func (c countingTracer) Start(ctx context.Context, name string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	ctx, span := c.Tracer.Start(ctx, name, opts...)
	span = countingSpan{span, c.ends}
	return oteltrace.ContextWithSpan(ctx, span), span
}

type countingSpan struct {
	oteltrace.Span
	ends *int
}

func (c countingSpan) End(opts ...oteltrace.SpanEndOption) {
	*c.ends++
	c.Span.End(opts...)
}

// The function panics calls panic(value). The name of the function is on the stack, unless the
// middleware has recovered the panic and repeated it.
func panics(value any) { panic(value) }

func TestNewPanic(t *testing.T) {
	own := errors.New("own")
	for _, value := range []struct {
		name  string
		value any
	}{
		{"string", "boom"},
		{"error", own},
		{"http.ErrAbortHandler", http.ErrAbortHandler},
		{"pointer", t},
	} {
		for _, recording := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, recording %v", value.name, recording), func(t *testing.T) {
				sampler, ends := sdktrace.NeverSample(), 0
				if recording {
					sampler = sdktrace.AlwaysSample()
				}
				sdk, rec := testkit.SDK(sampler)
				h := httpmw.New(httpmw.Config{TracerProvider: counting{sdk, &ends}})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
					panics(value.value)
				}))
				var got any
				var stack string
				func() {
					defer func() { got, stack = recover(), string(debug.Stack()) }()
					serve(h, get(nil))
				}()
				assert.Equal(t, value.value, got, "the value that the middleware panics with")
				assert.Contains(t, stack, "httpmw_test.panics", "the stack of the panic: without this name, the middleware has recovered the panic and repeated it")
				assert.Equal(t, 1, strings.Count(stack, "\npanic("), "panics on the stack: two mean that the middleware has recovered the panic and repeated it\n%s", stack)
				assert.Equal(t, 1, ends, "calls of the span's End")
				if recording {
					require.Len(t, rec.Ended(), 1, "spans ended")
					assert.Equal(t, codes.Error, rec.Ended()[0].Status().Code, "status of the span")
				}
			})
		}
	}
}

// TestNewMethods: callers cannot choose the names of spans.
func TestNewMethods(t *testing.T) {
	for _, tt := range []struct{ method, name, attribute, original string }{
		{"GET", "GET", "GET", ""},
		{"TRACE", "TRACE", "TRACE", ""},
		{"get", "HTTP", "_OTHER", "get"},
		{"FORGED-7", "HTTP", "_OTHER", "FORGED-7"},
		{"", "HTTP", "_OTHER", ""},
		{strings.Repeat("X", 9000), "HTTP", "_OTHER", strings.Repeat("X", 8000) + "…"},
	} {
		for _, trust := range []httpmw.Trust{httpmw.TrustNone, httpmw.TrustIDs, httpmw.TrustAll} {
			sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
			started := ""
			h := httpmw.New(httpmw.Config{TracerProvider: sdk, Trust: trusting(trust)})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				started = oteltrace.SpanFromContext(r.Context()).(sdktrace.ReadOnlySpan).Name()
				r.Pattern = "/x"
			}))
			r := get(nil)
			r.Method, r.URL.Path = tt.method, strings.Repeat("p", 9000)
			serve(h, r)
			require.Len(t, rec.Ended(), 1, "spans ended")
			attributes := map[string]string{}
			for _, kv := range rec.Ended()[0].Attributes() {
				attributes[string(kv.Key)] = kv.Value.AsString()
			}
			assert.Equal(t, tt.name, started, "name of the span of a %.20q while it runs", tt.method)
			assert.Equal(t, tt.name+" /x", rec.Ended()[0].Name(), "name of the span of a %.20q", tt.method)
			assert.Equal(t, tt.attribute, attributes["http.request.method"], "http.request.method of a %.20q", tt.method)
			assert.Equal(t, tt.original, attributes["http.request.method_original"], "http.request.method_original of a %.20q", tt.method)
			assert.Equal(t, strings.Repeat("p", 8000)+"…", attributes["url.path"], "url.path, which is cut")
		}
	}
}

// If SpanName panics, the span still ends.
func TestNewSpanNamePanics(t *testing.T) {
	sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
	h := httpmw.New(httpmw.Config{TracerProvider: sdk, SpanName: func(*http.Request) string { panic("name") }})(http.HandlerFunc(nop))
	assert.Equal(t, "name", recovered(func() { serve(h, get(nil)) }), "the value that the middleware panics with")
	assert.Len(t, rec.Ended(), 1, "spans ended")
}

func TestNewGoexit(t *testing.T) {
	ends := 0
	sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
	h := httpmw.New(httpmw.Config{TracerProvider: counting{sdk, &ends}})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() }))
	done := make(chan struct{})
	go func() {
		defer close(done)
		serve(h, get(nil))
	}()
	<-done
	assert.Equal(t, 1, ends, "calls of the span's End after runtime.Goexit")
	require.Len(t, rec.Ended(), 1, "spans ended after runtime.Goexit")
	assert.Equal(t, codes.Unset, rec.Ended()[0].Status().Code, "status of the span after runtime.Goexit, which is no panic")
}
