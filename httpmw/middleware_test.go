package httpmw_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	zlog "github.com/rs/zerolog/log"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}

func TestNewWithoutHeaders(t *testing.T) {
	var first, second said
	var remote bool
	seen := &first
	h := httpmw.New(httpmw.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		*seen = current(r)
		remote = oteltrace.SpanContextFromContext(r.Context()).IsRemote()
	}))
	serve(h, get(nil))
	seen = &second
	serve(h, get(nil))

	assert.Regexp(t, "^[0-9a-f]{32}$", first.Trace, "trace ID of a request without headers")
	assert.Regexp(t, "^[0-9a-f]{16}$", first.Span, "span ID of a request without headers")
	assert.Empty(t, first.Parent, "parent of a request without headers")
	assert.Contains(t, []trace.Sampling{trace.Accept, trace.Deny}, first.State, "state of a request without headers: decided here")
	assert.False(t, remote, "IsRemote of the request's own span")
	assert.NotEqual(t, first.Trace, second.Trace, "trace IDs of two requests")
}

func TestNewContinues(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   said // but for the span ID
	}{
		{"b3", testkit.Header("b3", id128+"-"+spanID+"-1"), said{Trace: id128, Parent: spanID, State: trace.Accept}},
		{"b3 wins as a whole", testkit.Header("b3", id128+"-"+spanID+"-0", "X-B3-TraceId", id64, "X-B3-SpanId", parentID, "X-B3-Flags", "1"), said{Trace: id128, Parent: spanID, State: trace.Deny}},
		{"malformed b3 beside good X-B3", testkit.Header("b3", "d-d-d", "X-B3-TraceId", id64, "X-B3-SpanId", spanID, "X-B3-Sampled", "1"), said{Trace: id64, Parent: spanID, State: trace.Accept}},
		{"caller with a parent", testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID, "X-B3-ParentSpanId", parentID, "X-B3-Sampled", "0"), said{Trace: id64, Parent: spanID, State: trace.Deny}},
		{"defer: decided here", testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID), said{Trace: id64, Parent: spanID, State: trace.Deny}},
		{"traceparent is not B3", testkit.Header("traceparent", "00-"+id128+"-"+spanID+"-01"), said{State: trace.Deny}},
		{"lone deny", testkit.Header("b3", "0"), said{State: trace.Deny}},
		{"lone accept", testkit.Header("X-B3-Sampled", "1"), said{State: trace.Accept}},
		{"lone debug", testkit.Header("X-B3-Flags", "1"), said{State: trace.Debug}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got said
			h := httpmw.New(httpmw.Config{TracerProvider: never()})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = current(r) }))
			serve(h, get(tt.header))
			assert.Regexp(t, "^[0-9a-f]{16}$", got.Span, "span ID with %v", tt.header)
			assert.NotEqual(t, spanID, got.Span, "span ID with %v: the server span has its own", tt.header)
			if tt.want.Trace == "" {
				assert.Regexp(t, "^[0-9a-f]{32}$", got.Trace, "trace ID with %v: a new one", tt.header)
				assert.NotEqual(t, id128, got.Trace, "trace ID with %v: a new one", tt.header)
				got.Trace = ""
			}
			got.Span = ""
			assert.Equal(t, tt.want, got, "trace with %v", tt.header)
		})
	}
}

// TestNewSameRequest: the handler sees the request that it would have seen without New, with
// another context.
func TestNewSameRequest(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
	}{
		{"no trace", testkit.Header("Accept", "*/*")},
		{"trace", testkit.Header("b3", id128+"-"+spanID+"-d", "X-B3-TraceId", id64, "traceparent", "x", "tracestate", "y", "baggage", "k=v", "Accept", "*/*")},
		{"malformed", testkit.Header("b3", "x", "X-B3-Sampled", "maybe")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "https://svc.example/a/b?c=d", strings.NewReader("text"))
			r.Header = tt.header
			r.SetPathValue("k", "v")
			before := tt.header.Clone()
			w := httptest.NewRecorder()
			called := 0
			httpmw.New(httpmw.Config{})(http.HandlerFunc(func(gotW http.ResponseWriter, got *http.Request) {
				called++
				assert.Same(t, w, gotW, "the ResponseWriter in the handler")
				assert.Same(t, r.URL, got.URL, "r.URL in the handler")
				assert.Equal(t, fmt.Sprintf("%p", r.Header), fmt.Sprintf("%p", got.Header), "r.Header in the handler: the same map")
				assert.True(t, reflect.DeepEqual(r, got.WithContext(r.Context())), "the request in the handler, but for its context:\ngot  %+v\nwant %+v", got, r)
				text, err := io.ReadAll(got.Body)
				assert.NoError(t, err, "reading the body")
				assert.Equal(t, "text", string(text), "the body in the handler")
			})).ServeHTTP(w, r)
			assert.Equal(t, 1, called, "calls of the handler")
			assert.Equal(t, before, r.Header, "the caller's header map afterwards")
			assert.Empty(t, w.Header(), "response headers of the zero Config")
		})
	}
}

// TestNewKeepsContext: values, deadline and cancellation of the request stay.
func TestNewKeepsContext(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	httpmw.New(httpmw.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "value", r.Context().Value(key{}), "a value of the request's context")
		assert.NoError(t, r.Context().Err(), "Err before the cancellation")
		cancel()
		assert.ErrorIs(t, r.Context().Err(), context.Canceled, "Err after the cancellation")
	})).ServeHTTP(httptest.NewRecorder(), get(nil).WithContext(ctx))
}

// TestNewUploads: net/http removes the temporary files of its own request, so it must know the
// files of the copy too.
func TestNewUploads(t *testing.T) {
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	part, err := parts.CreateFormFile("file", "upload.bin")
	require.NoError(t, err)
	_, err = part.Write(make([]byte, 64<<10))
	require.NoError(t, err)
	require.NoError(t, parts.Close())

	upload := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	for _, tt := range []struct {
		name string
		wrap func(http.Handler) http.Handler
	}{
		{"bare", func(h http.Handler) http.Handler { return h }},
		{"New", httpmw.New(httpmw.Config{})},
		{"New under TrustNone", httpmw.New(httpmw.Config{Trust: trusting(httpmw.TrustNone)})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("TMPDIR", dir)
			during := 0
			srv := newServer(t, "h1", tt.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				upload(w, r)
				files, _ := os.ReadDir(dir)
				during = len(files)
			})))
			res, err := srv.Client().Post(srv.URL, parts.FormDataContentType(), bytes.NewReader(form.Bytes()))
			require.NoError(t, err, "POST of a form")
			body(t, res)
			srv.Close() // waits until the request is finished
			require.Equal(t, http.StatusOK, res.StatusCode, "status of the upload")
			require.Equal(t, 1, during, "temporary files in the handler")
			files, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, files, "temporary files after the request")
		})
	}
}

func TestNewResponseHeader(t *testing.T) {
	for _, tt := range []struct {
		name   string
		cfg    httpmw.Config
		header http.Header
		want   string
	}{
		{"none", httpmw.Config{}, testkit.Header("b3", id64+"-"+spanID), ""},
		{"64 bit", httpmw.Config{ResponseHeader: "X-B3-TraceId"}, testkit.Header("b3", id64+"-"+spanID), "^" + id64 + "$"},
		{"zero high half", httpmw.Config{ResponseHeader: "X-B3-TraceId"}, testkit.Header("b3", idWide+"-"+spanID), "^" + idWide + "$"},
		{"upper case", httpmw.Config{ResponseHeader: "x-b3-traceid"}, testkit.Header("b3", strings.ToUpper(id128)+"-"+spanID), "^" + id128 + "$"},
		{"new trace", httpmw.Config{ResponseHeader: "X-B3-TraceId"}, nil, "^[0-9a-f]{32}$"},
		{"untrusted", httpmw.Config{ResponseHeader: "X-B3-TraceId", Trust: trusting(httpmw.TrustNone)}, testkit.Header("b3", id64+"-"+spanID), "^[0-9a-f]{32}$"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var inside string
			srv := newServer(t, "h1", httpmw.New(tt.cfg)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inside = trace.ID(r.Context())
				w.WriteHeader(http.StatusNotFound)
			})))
			res := send(t, srv, "/", tt.header)
			body(t, res)
			got := res.Header.Get("X-B3-TraceId")
			if tt.want == "" {
				assert.Empty(t, got, "X-B3-TraceId of the response")
				return
			}
			assert.Regexp(t, tt.want, got, "X-B3-TraceId of the response")
			assert.Equal(t, inside, got, "X-B3-TraceId of the response and trace.ID in the handler")
		})
	}
}

func TestNewNilHandler(t *testing.T) {
	got := recovered(func() { httpmw.New(httpmw.Config{})(nil) })
	assert.Equal(t, "httpmw: New: nil http.Handler", got, "New(Config{})(nil) panics with")
}

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
		{"none", "", "", 0},
		{"what another middleware has put there", "192.0.2.1", "", 0},
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

// counting is an SDK whose spans count how often they are ended. The SDK itself ignores all ends
// but the first.
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

// panics is a function whose name is on the stack of a panic that was not recovered on its way.
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
				assert.Equal(t, value.value, got, "what flew out of the middleware")
				assert.Contains(t, stack, "httpmw_test.panics", "the stack of the panic, which has not been recovered before")
				assert.Equal(t, 1, strings.Count(stack, "\npanic("), "panics on the stack: a second one is a recovered one, thrown again\n%s", stack)
				assert.Equal(t, 1, ends, "calls of the span's End")
				if recording {
					require.Len(t, rec.Ended(), 1, "spans ended")
					assert.Equal(t, codes.Error, rec.Ended()[0].Status().Code, "status of the span")
				}
			})
		}
	}
}

// TestNewMethods: callers cannot make up names of spans.
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
			assert.Equal(t, strings.Repeat("p", 8000)+"…", attributes["url.path"], "url.path, cut")
		}
	}
}

// If SpanName panics, the span ends all the same.
func TestNewSpanNamePanics(t *testing.T) {
	sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
	h := httpmw.New(httpmw.Config{TracerProvider: sdk, SpanName: func(*http.Request) string { panic("name") }})(http.HandlerFunc(nop))
	assert.Equal(t, "name", recovered(func() { serve(h, get(nil)) }), "what flew out of the middleware")
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
	assert.Equal(t, codes.Unset, rec.Ended()[0].Status().Code, "status of the span after runtime.Goexit: no panic")
}

// canary stands in every malformed value and must not be seen again. Its digits are hexadecimal,
// so that it also fits into IDs.
const canary = "cacacaca"

// malformed returns headers that have nothing valid, by what is wrong with them.
func malformed() map[string]http.Header {
	bad := map[string]string{
		"short":             canary,
		"15 digits":         canary + "cacacac",
		"17 digits":         canary + canary + "c",
		"31 digits":         strings.Repeat(canary, 3) + "cacacac",
		"33 digits":         strings.Repeat(canary, 4) + "c",
		"0x":                "0x" + canary + "cacaca",
		"plus":              "+" + canary + "cacacac",
		"underscore":        canary + "_cacacac",
		"space inside":      canary + " cacacac",
		"letters":           canary + "klmnopqr",
		"UUID":              canary + "-caca-caca-caca-" + canary + "caca",
		"fullwidth digits":  canary + "０１２３４５６７",
		"NUL":               canary + "\x00cacacac",
		"line feed":         canary + "\ncacacac",
		"CRLF and a header": canary + canary + "\r\nX-Evil: " + canary,
		"escape":            "\x1b[31m" + canary + "\x1b[0m",
		"DEL":               canary + "\x7fcacacac",
		"not UTF-8":         canary + "\xff\xfecacacac",
		"JSON":              `","level":"` + canary + `","x":"`,
		"template":          "${jndi:ldap://" + canary + "}",
		"64 KiB of digits":  strings.Repeat(canary, 8<<10),
		"64 KiB of escapes": canary + strings.Repeat("\x1b[2J", 16<<10),
	}
	rows := map[string]http.Header{}
	for name, v := range bad {
		rows["b3 alone: "+name] = testkit.Header("b3", v)
		rows["b3 trace ID: "+name] = testkit.Header("b3", v+"-"+spanID+"-d")
		rows["b3 span ID: "+name] = testkit.Header("b3", id128+"-"+v+"-d")
		rows["b3 state: "+name] = testkit.Header("b3", id128+"-"+spanID+"-"+v)
		rows["b3 parent: "+name] = testkit.Header("b3", id128+"-"+spanID+"-d-"+v)
		rows["X-B3-TraceId: "+name] = testkit.Header("X-B3-TraceId", v, "X-B3-SpanId", spanID, "X-B3-Flags", "1")
		rows["X-B3-SpanId: "+name] = testkit.Header("X-B3-TraceId", id128, "X-B3-SpanId", v, "X-B3-Flags", "1")
		rows["X-B3-Sampled: "+name] = testkit.Header("X-B3-TraceId", id128, "X-B3-SpanId", spanID, "X-B3-Sampled", v, "X-B3-Flags", "1")
		rows["X-B3-Sampled alone: "+name] = testkit.Header("X-B3-Sampled", v)
		rows["X-B3-Flags alone: "+name] = testkit.Header("X-B3-Flags", v)
		rows["both: "+name] = testkit.Header("b3", v, "X-B3-TraceId", v, "X-B3-SpanId", v, "X-B3-ParentSpanId", v, "X-B3-Sampled", v, "X-B3-Flags", v)
		rows["first of two: "+name] = http.Header{"B3": {v, id128 + "-" + spanID + "-d"}}
	}
	rows["trace ID without span ID"] = testkit.Header("X-B3-TraceId", canary+canary, "X-B3-Flags", "1")
	rows["span ID without trace ID"] = testkit.Header("X-B3-SpanId", canary+canary, "X-B3-Flags", "1")
	rows["b3 without span ID"] = testkit.Header("b3", strings.Repeat(canary, 4)+"-")
	rows["b3 separator 1"] = testkit.Header("b3", canary+canary+"!"+spanID+"-d")
	rows["b3 separator 2"] = testkit.Header("b3", canary+canary+"-"+spanID+"!d")
	rows["b3 separator 3"] = testkit.Header("b3", canary+canary+"-"+spanID+"-d!"+parentID)
	rows["b3 with more after it"] = testkit.Header("b3", canary+canary+"-"+spanID+"-d-"+parentID+"-")
	rows["b3 with a zero span ID"] = testkit.Header("b3", canary+canary+"-0000000000000000-d")
	rows["b3 with a zero trace ID"] = testkit.Header("b3", "0000000000000000-"+canary+canary+"-d")
	return rows
}

// TestNewMalformed: a malformed header begins a new trace. No byte of it is in a log line, in a
// response or in an outgoing header.
func TestNewMalformed(t *testing.T) {
	assert.Greater(t, len(malformed()), 200, "rows")
	levels := map[string]func(*http.Request) httpmw.Trust{
		"default":   nil,
		"TrustIDs":  trusting(httpmw.TrustIDs),
		"TrustNone": trusting(httpmw.TrustNone),
	}
	propagators := map[string]propagation.TextMapPropagator{
		"default": nil,
		"W3C":     trace.Propagator{W3C: true},
		"generic": propagation.NewCompositeTextMapPropagator(trace.Propagator{}, propagation.Baggage{}),
	}
	for name, h := range malformed() {
		t.Run(name, func(t *testing.T) {
			for trust, trustFunc := range levels {
				for propagator, p := range propagators {
					checkMalformed(t, "Trust "+trust+", Propagator "+propagator, httpmw.Config{
						TracerProvider: never(), // so that a believed debug or accept shows
						Trust:          trustFunc,
						Propagator:     p,
						ResponseHeader: "X-B3-TraceId",
					}, h)
				}
			}
		})
	}
}

func checkMalformed(t *testing.T, where string, cfg httpmw.Config, h http.Header) {
	t.Helper()
	var out, console testkit.Log
	jsonLogger, consoleLogger := logctx.New(&out), logctx.Console(&console)
	cfg.Logger = &jsonLogger
	sent := http.Header{}
	var got said
	var seen http.Header
	handler := httpmw.New(cfg)(httpmw.AccessLog(httpmw.AccessLogConfig{})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &consoleLogger})(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got, seen = current(r), r.Header
			zerolog.Ctx(r.Context()).Info().Msg("plain")
			logctx.Info(r.Context()).Msg("with context")
			consoleLogger.Info().Ctx(r.Context()).Msg("console")
			trace.Propagator{Encoding: b3.B3SingleHeader | b3.B3MultipleHeader, W3C: true}.Inject(r.Context(), propagation.HeaderCarrier(sent))
		}))))
	before := h.Clone()
	res := serve(handler, get(h))

	assert.Regexp(t, "^[0-9a-f]{32}$", got.Trace, "%s: trace ID", where)
	assert.NotEqual(t, id128, got.Trace, "%s: trace ID", where)
	assert.Empty(t, got.Parent, "%s: parent", where)
	assert.Equal(t, trace.Deny, got.State, "%s: state, decided here", where)
	assert.Equal(t, before, h, "%s: the caller's headers", where)
	assert.Equal(t, got.Trace, sent.Get("X-B3-TraceId"), "%s: X-B3-TraceId sent on", where)
	require.NotEmpty(t, sent.Get("b3"), "%s: b3 sent on", where)
	lines := out.Lines(t)
	require.Len(t, lines, 3, "%s: lines", where)
	for _, line := range lines {
		assert.Equal(t, got.Trace, line["trace_id"], "%s: trace_id of %v", where, line)
		assert.NotContains(t, line, "untrusted_trace_id", "%s: line", where)
		assert.NotContains(t, line, "caller_parent_id", "%s: line", where)
	}
	require.Equal(t, 2, strings.Count(console.String(), "\n"), "%s: console lines in %q", where, console.String())
	everything := map[string]string{
		"JSON":             out.String(),
		"console":          console.String(),
		"response headers": fmt.Sprint(res.Header()),
		"sent headers":     fmt.Sprint(sent),
	}
	if cfg.Trust != nil { // else the handler sees the headers as they came
		everything["headers in the handler"] = fmt.Sprint(seen)
	}
	for what, text := range everything {
		assert.NotContains(t, text, canary, "%s: %s", where, what)
		assert.NotContains(t, text, parentID, "%s: %s", where, what)
		assert.NotContains(t, strings.ToLower(text), "evil", "%s: %s", where, what)
	}
}

// TestNewMalformedOnTheWire: the same rows, as far as a real server lets them through.
func TestNewMalformedOnTheWire(t *testing.T) {
	var out testkit.Log
	logger := logctx.New(&out)
	srv := newServer(t, "h1", httpmw.New(httpmw.Config{Logger: &logger, ResponseHeader: "X-B3-TraceId"})(
		httpmw.AccessLog(httpmw.AccessLogConfig{})(http.HandlerFunc(nop))))
	sent := 0
	for name, h := range malformed() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		require.NoError(t, err)
		r.Header = h
		res, err := srv.Client().Do(r)
		if err != nil {
			continue // control bytes, which net/http does not send
		}
		body(t, res)
		sent++
		assert.Regexp(t, "^[0-9a-f]{32}$", res.Header.Get("X-B3-TraceId"), "%s: X-B3-TraceId of the response", name)
		assert.NotContains(t, fmt.Sprint(res.Header), canary, "%s: response headers", name)
	}
	srv.Close()
	assert.Greater(t, sent, 100, "rows that were sent")
	assert.Len(t, out.Lines(t), sent, "access lines")
	assert.NotContains(t, out.String(), canary, "access lines")
}

// generic is trace.Propagator as another type, which New does not recognize.
type generic struct{ trace.Propagator }

// TestNewLocalSpan: the current span of the context is the parent, unless the headers name another
// trace, whichever propagator reads them.
func TestNewLocalSpan(t *testing.T) {
	const localTrace = id128
	in := func(local string) http.Header { return testkit.Header("b3", local) }
	w3cHeader := func(flags string) http.Header {
		return testkit.Header("traceparent", "00-"+localTrace+"-"+spanID+"-"+flags)
	}
	composite := propagation.NewCompositeTextMapPropagator(trace.Propagator{}, propagation.Baggage{}, propagation.TraceContext{})
	b3s := []propagation.TextMapPropagator{nil, trace.Propagator{W3C: true}, generic{}, composite}
	contrib := []propagation.TextMapPropagator{b3.New()}
	w3cs := []propagation.TextMapPropagator{trace.Propagator{W3C: true}, propagation.TraceContext{}, composite}
	for _, tt := range []struct {
		name        string
		propagators []propagation.TextMapPropagator
		header      http.Header
		other       string // the trace that the headers name instead
		denies      bool
		debugs      bool
	}{
		{"no headers", slices.Concat(b3s, contrib, w3cs), nil, "", false, false},
		{"same trace, accept", slices.Concat(b3s, contrib), in(localTrace + "-" + spanID + "-1"), "", false, false},
		{"same trace, defer", b3s, in(localTrace + "-" + spanID), "", false, false},
		{"same trace, deny", b3s, in(localTrace + "-" + spanID + "-0"), "", true, false},
		{"same trace, debug", b3s, in(localTrace + "-" + spanID + "-d"), "", false, true},
		{"other trace, accept", slices.Concat(b3s, contrib), in(id128Low + "-" + spanID + "-1"), id128Low, false, false},
		{"other trace, deny", b3s, in(id128Low + "-" + spanID + "-0"), id128Low, true, false},
		{"other trace, debug", b3s, in(id128Low + "-" + spanID + "-d"), id128Low, false, true},
		{"lone accept", b3s, in("1"), "", false, false},
		{"lone deny", b3s, in("0"), "", true, false},
		{"lone debug", b3s, in("d"), "", false, true},
		{"malformed", b3s, in("d-d-d"), "", false, false},
		{"traceparent, same trace", w3cs, w3cHeader("01"), "", false, false},
		{"traceparent, other trace", w3cs, testkit.Header("traceparent", "00-"+id128Low+"-"+spanID+"-01"), id128Low, false, false},
	} {
		for i, p := range tt.propagators {
			t.Run(fmt.Sprintf("%s, %T %d", tt.name, p, i), func(t *testing.T) {
				ctx := trace.NewContext(t.Context(), testkit.B3(localTrace+"-"+parentID+"-1"))
				ctx, local := trace.Starter{TracerProvider: always()}.Start(ctx, trace.B3{}, "local")
				wantParent := local.SpanContext().SpanID().String()
				wantTrace, wantState := localTrace, trace.Accept
				if tt.other != "" {
					wantTrace, wantParent = tt.other, spanID
				}
				if tt.denies {
					wantState = trace.Deny
				}
				if tt.debugs {
					wantState = trace.Debug
				}
				var got said
				h := httpmw.New(httpmw.Config{Propagator: p})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = current(r) }))
				serve(h, get(tt.header).WithContext(ctx))
				got.Span = ""
				assert.Equal(t, said{Trace: wantTrace, Parent: wantParent, State: wantState}, got, "with %v under a local span", tt.header)
			})
		}
	}
}

// TestNewUnsampledLocalSpan: an unsampled local span of an SDK is no caller's deny. Without
// headers, New's SDK asks its sampler, whichever propagator reads.
func TestNewUnsampledLocalSpan(t *testing.T) {
	for _, p := range []propagation.TextMapPropagator{nil, trace.Propagator{W3C: true}, generic{}, b3.New(), propagation.TraceContext{}} {
		t.Run(fmt.Sprintf("%T", p), func(t *testing.T) {
			outer, _ := testkit.SDK(sdktrace.NeverSample())
			sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
			ctx, local := outer.Tracer("outer").Start(t.Context(), "local")
			serve(httpmw.New(httpmw.Config{TracerProvider: sdk, Propagator: p})(http.HandlerFunc(nop)), get(nil).WithContext(ctx))
			require.Len(t, rec.Ended(), 1, "spans of an SDK that samples always, under another SDK's unsampled span")
			assert.Equal(t, local.SpanContext().SpanID(), rec.Ended()[0].Parent().SpanID(), "parent of the span")
		})
	}
}

// TestNewRemoteInContext: a remote parent that other middleware has extracted is the parent, if
// the headers bring none.
func TestNewRemoteInContext(t *testing.T) {
	for _, p := range []propagation.TextMapPropagator{nil, generic{}, b3.New()} {
		t.Run(fmt.Sprintf("%T", p), func(t *testing.T) {
			ctx := trace.NewContext(t.Context(), testkit.B3(idWide+"-"+spanID+"-d"))
			var got said
			h := httpmw.New(httpmw.Config{Propagator: p})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = current(r) }))
			serve(h, get(nil).WithContext(ctx))
			got.Span = ""
			assert.Equal(t, said{Trace: idWide, Parent: spanID, State: trace.Debug}, got, "under a remote span in the context")
		})
	}
}

func TestNewPropagator(t *testing.T) {
	bag := propagation.NewCompositeTextMapPropagator(trace.Propagator{W3C: true}, propagation.Baggage{})
	const parent = "00-" + id128 + "-" + spanID + "-01"
	for _, tt := range []struct {
		name       string
		propagator propagation.TextMapPropagator
		header     http.Header
		trace      string
		state      trace.Sampling
		tracestate string
		baggage    string
	}{
		{"W3C", trace.Propagator{W3C: true}, testkit.Header("traceparent", parent, "tracestate", "a=b"), id128, trace.Accept, "a=b", ""},
		{"W3C, not sampled", trace.Propagator{W3C: true}, testkit.Header("traceparent", "00-"+id128+"-"+spanID+"-00"), id128, trace.Deny, "", ""},
		{"W3C with a zero high half", trace.Propagator{W3C: true}, testkit.Header("traceparent", "00-"+idWide+"-"+spanID+"-01"), idWide, trace.Accept, "", ""},
		{"W3C and B3 of the same trace", trace.Propagator{W3C: true}, testkit.Header("traceparent", parent, "tracestate", "a=b", "b3", id128+"-"+spanID+"-d"), id128, trace.Debug, "a=b", ""},
		{"W3C and B3 of another trace", trace.Propagator{W3C: true}, testkit.Header("traceparent", parent, "tracestate", "a=b", "b3", id64+"-"+spanID+"-0"), id64, trace.Deny, "", ""},
		{"composite with baggage", bag, testkit.Header("traceparent", parent, "tracestate", "a=b", "baggage", "k=v"), id128, trace.Accept, "a=b", "k=v"},
		{"baggage alone", bag, testkit.Header("b3", id64+"-"+spanID+"-1", "baggage", "k=v"), id64, trace.Accept, "", "k=v"},
		{"contrib's TraceContext", propagation.TraceContext{}, testkit.Header("traceparent", parent, "tracestate", "a=b"), id128, trace.Accept, "a=b", ""},
		{"contrib's b3", b3.New(), testkit.Header("b3", id128+"-"+spanID+"-1"), id128, trace.Accept, "", ""},
		{"contrib's b3, debug", b3.New(), testkit.Header("X-B3-TraceId", id128, "X-B3-SpanId", spanID, "X-B3-Sampled", "1"), id128, trace.Accept, "", ""},
	} {
		for _, withSDK := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, SDK %v", tt.name, withSDK), func(t *testing.T) {
				cfg := httpmw.Config{Propagator: tt.propagator, TracerProvider: never()}
				if withSDK {
					sdk, _ := testkit.SDK(sdktrace.ParentBased(sdktrace.NeverSample()))
					cfg.TracerProvider = sdk
				}
				var got said
				var tracestate string
				var bagged string
				sent := http.Header{}
				serve(httpmw.New(cfg)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					got = current(r)
					tracestate = oteltrace.SpanContextFromContext(r.Context()).TraceState().String()
					bagged = baggage.FromContext(r.Context()).String()
					trace.Propagator{W3C: true}.Inject(r.Context(), propagation.HeaderCarrier(sent))
				})), get(tt.header))
				got.Span = ""
				assert.Equal(t, said{Trace: tt.trace, Parent: spanID, State: tt.state}, got, "with %v", tt.header)
				assert.Equal(t, tt.tracestate, tracestate, "tracestate with %v", tt.header)
				assert.Equal(t, tt.tracestate, sent.Get("tracestate"), "tracestate sent on with %v", tt.header)
				assert.Equal(t, tt.baggage, bagged, "baggage with %v", tt.header)
			})
		}
	}
}

// gate is a sampler that can be shut.
type gate struct{ open bool }

func (g *gate) Sample(zerolog.Level) bool { return g.open }

func TestNewLogger(t *testing.T) {
	plainHook := logctx.Hook(logctx.Config{})
	for _, tt := range []struct {
		name  string
		build func(w io.Writer) zerolog.Logger
		key   string
	}{
		{"plain", func(w io.Writer) zerolog.Logger { return zerolog.New(w) }, "trace_id"},
		{"logctx.New", func(w io.Writer) zerolog.Logger { return logctx.New(w) }, "trace_id"},
		{"with the hook", func(w io.Writer) zerolog.Logger { return zerolog.New(w).Hook(plainHook) }, "trace_id"},
		{"with the hook of another format", func(w io.Writer) zerolog.Logger { return zerolog.New(w).Hook(logctx.Hook(logctx.ECS())) }, "trace.id"},
		{"with fields", func(w io.Writer) zerolog.Logger { return zerolog.New(w).With().Str("service", "svc").Logger() }, "trace_id"},
		{"with the hook, then fields", func(w io.Writer) zerolog.Logger {
			return zerolog.New(w).Hook(plainHook).With().Str("service", "svc").Logger()
		}, "trace_id"},
		{"bound to another context", func(w io.Writer) zerolog.Logger {
			other := trace.NewContext(context.Background(), testkit.B3(id64+"-"+spanID+"-1"))
			return zerolog.New(w).Hook(plainHook).With().Ctx(other).Logger()
		}, "trace_id"},
		{"info level", func(w io.Writer) zerolog.Logger { return zerolog.New(w).Level(zerolog.InfoLevel) }, "trace_id"},
		{"info level, with the hook", func(w io.Writer) zerolog.Logger { return zerolog.New(w).Level(zerolog.InfoLevel).Hook(plainHook) }, "trace_id"},
		{"fatal level, with the hook", func(w io.Writer) zerolog.Logger { return zerolog.New(w).Level(zerolog.FatalLevel).Hook(plainHook) }, "trace_id"},
		{"disabled", func(w io.Writer) zerolog.Logger { return zerolog.New(w).Level(zerolog.Disabled) }, "trace_id"},
		{"disabled, with the hook", func(w io.Writer) zerolog.Logger { return zerolog.New(w).Level(zerolog.Disabled).Hook(plainHook) }, "trace_id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out testkit.Log
			logger := tt.build(&out)
			var id string
			h := httpmw.New(httpmw.Config{Logger: &logger})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				id = trace.ID(r.Context())
				stored := zerolog.Ctx(r.Context())
				assert.Equal(t, logger.GetLevel(), stored.GetLevel(), "level of the logger in the context")
				l := stored.Level(zerolog.InfoLevel) // some of the loggers are off
				l.Info().Msg("plain")
			}))
			serve(h, get(nil))
			line := out.Line(t)
			assert.Equal(t, id, line[tt.key], "%s of %v", tt.key, line)
			if tt.key != "trace_id" {
				assert.NotContains(t, line, "trace_id", "a logger that has a hook of its own")
			}
		})
	}
}

// TestNewLoggerSampler: the search for the hook is not misled by a sampler, and does not take a
// sample from it.
func TestNewLoggerSampler(t *testing.T) {
	for _, hooked := range []bool{true, false} {
		t.Run(fmt.Sprintf("hook %v", hooked), func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			if hooked {
				logger = logger.Hook(logctx.Hook(logctx.Config{}))
			}
			sampler := &gate{open: false}
			logger = logger.Sample(sampler)
			h := httpmw.New(httpmw.Config{Logger: &logger})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				zerolog.Ctx(r.Context()).Info().Msg("plain")
			}))
			serve(h, get(nil))
			assert.Empty(t, out.String(), "lines that the sampler drops")
			sampler.open = true
			serve(h, get(testkit.Header("b3", id64+"-"+spanID)))
			assert.Equal(t, id64, out.Line(t)["trace_id"], "trace_id of a line that the sampler lets through")

			counted := &zerolog.BasicSampler{N: 2}
			out = testkit.Log{}
			logger = logger.Sample(counted)
			h = httpmw.New(httpmw.Config{Logger: &logger})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				zerolog.Ctx(r.Context()).Info().Msg("plain")
			}))
			serve(h, get(nil))
			assert.Len(t, out.Lines(t), 1, "lines: of two, the sampler lets the first through")
		})
	}
}

// TestNewLoggerDisabled: a disabled logger means silence, and no line goes to the global logger.
func TestNewLoggerDisabled(t *testing.T) {
	var global testkit.Log
	defer func(l zerolog.Logger) { zlog.Logger = l }(zlog.Logger)
	zlog.Logger = zerolog.New(&global)
	var own testkit.Log
	for _, tt := range []struct {
		name   string
		logger zerolog.Logger
	}{
		{"Nop", zerolog.Nop()},
		{"Disabled", zerolog.New(&own).Level(zerolog.Disabled)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := httpmw.New(httpmw.Config{Logger: &tt.logger})(httpmw.AccessLog(httpmw.AccessLogConfig{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				logctx.Info(r.Context()).Msg("logctx")
				zerolog.Ctx(r.Context()).Info().Msg("plain")
			})))
			serve(h, get(nil))
			serve(h, get(testkit.Header("b3", "d"))) // a caller cannot turn it on
			assert.Empty(t, global.String(), "lines in zerolog's global logger")
			assert.Empty(t, own.String(), "lines of the disabled logger")
		})
	}
}

// TestNewWithoutLogger: the context's logger is left alone.
func TestNewWithoutLogger(t *testing.T) {
	logger := zerolog.New(io.Discard).Level(zerolog.WarnLevel)
	ctx := logger.WithContext(t.Context())
	var got *zerolog.Logger
	h := httpmw.New(httpmw.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = zerolog.Ctx(r.Context()) }))
	serve(h, get(testkit.Header("b3", "d")).WithContext(ctx))
	assert.Same(t, zerolog.Ctx(ctx), got, "the logger in the handler's context")
	assert.Equal(t, zerolog.WarnLevel, got.GetLevel(), "its level in a debug trace")
}

// TestNewDebugLevel: a request of a trusted debug trace is logged at debug level, and no other is.
func TestNewDebugLevel(t *testing.T) {
	debugs := testkit.Header("b3", id64+"-"+spanID+"-d")
	for _, tt := range []struct {
		name   string
		trust  func(*http.Request) httpmw.Trust
		level  zerolog.Level
		header http.Header
		want   zerolog.Level
	}{
		{"debug", nil, zerolog.WarnLevel, debugs, zerolog.DebugLevel},
		{"debug, X-B3-Flags", nil, zerolog.WarnLevel, testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID, "X-B3-Flags", "1"), zerolog.DebugLevel},
		{"lone debug", nil, zerolog.WarnLevel, testkit.Header("b3", "d"), zerolog.DebugLevel},
		{"debug, at trace already", nil, zerolog.TraceLevel, debugs, zerolog.TraceLevel},
		{"accept", nil, zerolog.WarnLevel, testkit.Header("b3", id64+"-"+spanID+"-1"), zerolog.WarnLevel},
		{"none", nil, zerolog.WarnLevel, nil, zerolog.WarnLevel},
		{"debug under TrustAll", trusting(httpmw.TrustAll), zerolog.WarnLevel, debugs, zerolog.DebugLevel},
		{"debug under TrustIDs", trusting(httpmw.TrustIDs), zerolog.WarnLevel, debugs, zerolog.WarnLevel},
		{"debug under TrustNone", trusting(httpmw.TrustNone), zerolog.WarnLevel, debugs, zerolog.WarnLevel},
		{"lone debug under TrustIDs", trusting(httpmw.TrustIDs), zerolog.WarnLevel, testkit.Header("b3", "d"), zerolog.WarnLevel},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out).Level(tt.level)
			var got zerolog.Level
			h := httpmw.New(httpmw.Config{Logger: &logger, Trust: tt.trust})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				l := zerolog.Ctx(r.Context())
				got = l.GetLevel()
				l.Debug().Msg("details")
			}))
			serve(h, get(tt.header))
			assert.Equal(t, tt.want, got, "level of the request's logger with %v", tt.header)
			if tt.want <= zerolog.DebugLevel {
				line := out.Line(t)
				assert.Equal(t, "debug", line["level"], "level of %v", line)
				assert.Contains(t, line, "trace_id", "the debug line")
			} else {
				assert.Empty(t, out.String(), "debug lines")
			}
			assert.Equal(t, tt.level, logger.GetLevel(), "level of the given logger afterwards")
			serve(h, get(nil))
			assert.Equal(t, tt.level, got, "level of the next request's logger")
		})
	}
}

// TestNewThenRoot: in a new root, the request's logger has the root's trace ID and its own level.
func TestNewThenRoot(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out).Level(zerolog.InfoLevel)
	var request, root string
	h := httpmw.New(httpmw.Config{Logger: &logger, TracerProvider: never()})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		request = trace.ID(r.Context())
		ctx, span := trace.Root(r.Context(), "job")
		defer span.End()
		root = trace.ID(ctx)
		zerolog.Ctx(ctx).Info().Msg("in the root")
		zerolog.Ctx(ctx).Debug().Msg("too much")
		zerolog.Ctx(r.Context()).Debug().Msg("in the request")
	}))
	serve(h, get(testkit.Header("b3", id64+"-"+spanID+"-d")))
	lines := out.Lines(t)
	require.Len(t, lines, 2, "lines in\n%s", &out)
	require.Equal(t, id64, request, "the request's trace")
	require.NotEqual(t, request, root, "the trace of trace.Root")
	assert.Equal(t, root, lines[0]["trace_id"], "trace_id of %v", lines[0])
	assert.Equal(t, "in the root", lines[0]["message"], "the first line")
	assert.Equal(t, request, lines[1]["trace_id"], "trace_id of %v", lines[1])
	assert.Equal(t, "in the request", lines[1]["message"], "the second line")
}

// TestNewLoggersAreApart: zerolog's UpdateContext writes in place, so two requests must not share
// a buffer. The race detector and the lines tell.
func TestNewLoggersAreApart(t *testing.T) {
	var out testkit.Log
	base := zerolog.New(&out).With().Str("service", "svc").Logger()
	var both sync.WaitGroup
	both.Add(2)
	h := httpmw.New(httpmw.Config{Logger: &base})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		both.Done()
		both.Wait() // both requests are here
		l := zerolog.Ctx(r.Context())
		for range 100 {
			l.UpdateContext(func(c zerolog.Context) zerolog.Context { return c.Str("user-"+r.Header.Get("User"), "x") })
		}
		l.Info().Msg("done")
	}))
	var done sync.WaitGroup
	for _, user := range []string{"ann", "bob"} {
		done.Go(func() { serve(h, get(testkit.Header("User", user))) })
	}
	done.Wait()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2, "lines")
	for _, line := range lines {
		assert.NotEqual(t, strings.Contains(line, "user-ann"), strings.Contains(line, "user-bob"), "fields of two requests in one line: %s", line)
		assert.Equal(t, 1, strings.Count(line, `"service"`), "service in %s", line)
	}
	base.Info().Msg("base")
	assert.NotContains(t, strings.TrimPrefix(out.String(), strings.Join(lines, "\n")), "user-", "fields of a request in the given logger's line")
}

// TestNewConfigIsCopied: after New, changes to the values in a Config have no effect.
func TestNewConfigIsCopied(t *testing.T) {
	var out, other testkit.Log
	logger := zerolog.New(&out)
	h := httpmw.New(httpmw.Config{Logger: &logger})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		zerolog.Ctx(r.Context()).Info().Msg("plain")
	}))
	logger = zerolog.New(&other)
	serve(h, get(nil))
	assert.Empty(t, other.String(), "lines in a logger that was assigned later")
	assert.Contains(t, out.Line(t), "trace_id", "the line")
}

// TestNewConcurrent: one handler, many requests, each with its own trace.
func TestNewConcurrent(t *testing.T) {
	var out testkit.Log
	logger := logctx.New(&out)
	h := httpmw.New(httpmw.Config{Logger: &logger})(httpmw.AccessLog(httpmw.AccessLogConfig{})(http.HandlerFunc(nop)))
	var wg sync.WaitGroup
	want := map[string]int{}
	for i := range 64 {
		id := fmt.Sprintf("%016x", uint64(1)<<32+uint64(i))
		want[id] = 1
		wg.Go(func() { serve(h, get(testkit.Header("b3", id+"-"+spanID+"-1"))) })
	}
	wg.Wait()
	got := map[string]int{}
	for _, line := range out.Lines(t) {
		got[line["trace_id"].(string)]++
	}
	assert.True(t, maps.Equal(want, got), "lines by trace_id: got %v, want %v", got, want)
}

// Middleware further out names spans and metrics by the pattern, and sees only the request that
// New has copied.
func TestNewPatternIsSeenOutside(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", nop)
	inner := httpmw.New(httpmw.Config{})(mux)
	var pattern string
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r)
		pattern = r.Pattern
	})
	r := get(nil)
	r.URL.Path = "/users/7"
	serve(outer, r)
	assert.Equal(t, "GET /users/{id}", pattern, "r.Pattern outside New, after the handler")
}

// A logger that was bound further out is bound to another trace.
func TestNewUntrustedRebinds(t *testing.T) {
	var log testkit.Log
	logger := logctx.New(&log)
	var id string
	inner := httpmw.New(httpmw.Config{Trust: trusting(httpmw.TrustNone)})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		id = trace.ID(r.Context())
		zerolog.Ctx(r.Context()).Info().Msg("plain")
	}))
	serve(httpmw.New(httpmw.Config{Logger: &logger})(inner), get(testkit.Header("b3", id64+"-"+spanID+"-1")))
	assert.NotEqual(t, id64, id, "trace ID of an untrusted request")
	assert.Equal(t, id, log.Line(t)["trace_id"], "trace ID of the line")
}

// Two New, one in the other, set one response header: that of the handler's trace.
func TestNewResponseHeaderOnce(t *testing.T) {
	mw := httpmw.New(httpmw.Config{ResponseHeader: "X-B3-TraceId"})
	w := serve(mw(mw(http.HandlerFunc(nop))), get(testkit.Header("b3", id64+"-"+spanID+"-1")))
	assert.Equal(t, []string{id64}, w.Result().Header.Values("X-B3-TraceId"), "response headers of two New")
}

// Another propagator's "not sampled" under a local span is not a caller's deny.
func TestNewForeignDeferUnderALocalSpan(t *testing.T) {
	sdk, _ := testkit.SDK(sdktrace.AlwaysSample())
	h := testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID)
	r := get(h)
	ctx := b3.New().Extract(r.Context(), propagation.HeaderCarrier(h))
	ctx, span := sdk.Tracer("").Start(ctx, "another library's")
	defer span.End()
	var got said
	serve(httpmw.New(httpmw.Config{Propagator: b3.New()})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = current(r) })), r.WithContext(ctx))
	assert.Equal(t, trace.Accept, got.State, "state of a deferring caller under a sampled local span")
}
