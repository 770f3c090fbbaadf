package httpmw_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
	assert.Contains(t, []trace.Sampling{trace.Accept, trace.Deny}, first.State, "state of a request without headers, which New decides")
	assert.False(t, remote, "IsRemote of the request's own span")
	assert.NotEqual(t, first.Trace, second.Trace, "trace IDs of two requests")
}

func TestNewContinues(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   said // without the span ID, which is random
	}{
		{"b3", testkit.Header("b3", id128+"-"+spanID+"-1"), said{Trace: id128, Parent: spanID, State: trace.Accept}},
		{"b3 replaces all of X-B3", testkit.Header("b3", id128+"-"+spanID+"-0", "X-B3-TraceId", id64, "X-B3-SpanId", parentID, "X-B3-Flags", "1"), said{Trace: id128, Parent: spanID, State: trace.Deny}},
		{"malformed b3 beside good X-B3", testkit.Header("b3", "d-d-d", "X-B3-TraceId", id64, "X-B3-SpanId", spanID, "X-B3-Sampled", "1"), said{Trace: id64, Parent: spanID, State: trace.Accept}},
		{"caller with a parent", testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID, "X-B3-ParentSpanId", parentID, "X-B3-Sampled", "0"), said{Trace: id64, Parent: spanID, State: trace.Deny}},
		{"defer, so New decides", testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID), said{Trace: id64, Parent: spanID, State: trace.Deny}},
		{"traceparent is not B3", testkit.Header("traceparent", "00-"+id128+"-"+spanID+"-01"), said{State: trace.Deny}},
		{"deny without IDs", testkit.Header("b3", "0"), said{State: trace.Deny}},
		{"accept without IDs", testkit.Header("X-B3-Sampled", "1"), said{State: trace.Accept}},
		{"debug without IDs", testkit.Header("X-B3-Flags", "1"), said{State: trace.Debug}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got said
			h := httpmw.New(httpmw.Config{TracerProvider: never()})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = current(r) }))
			serve(h, get(tt.header))
			assert.Regexp(t, "^[0-9a-f]{16}$", got.Span, "span ID with %v", tt.header)
			assert.NotEqual(t, spanID, got.Span, "span ID with %v: must not be the caller's", tt.header)
			if tt.want.Trace == "" {
				assert.Regexp(t, "^[0-9a-f]{32}$", got.Trace, "new trace ID with %v", tt.header)
				assert.NotEqual(t, id128, got.Trace, "new trace ID with %v", tt.header)
				got.Trace = ""
			}
			got.Span = ""
			assert.Equal(t, tt.want, got, "trace with %v", tt.header)
		})
	}
}

// TestNewSameRequest: the handler sees the same request as without New, except for its context.
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
				assert.Equal(t, fmt.Sprintf("%p", r.Header), fmt.Sprintf("%p", got.Header), "r.Header in the handler: must be the same map")
				assert.True(t, reflect.DeepEqual(r, got.WithContext(r.Context())), "the request in the handler, except for its context:\ngot  %+v\nwant %+v", got, r)
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

// TestNewKeepsContext: the handler's context has the values and the cancellation of the request's
// context.
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
	assert.Equal(t, "httpmw: New: nil http.Handler", got, "the value that New(Config{})(nil) panics with")
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

// Middleware further out names spans and metrics by the pattern. It has the original request, so
// New writes the pattern into the original.
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

// Two New, one inside of the other, set one response header, with the ID of the handler's trace.
func TestNewResponseHeaderOnce(t *testing.T) {
	mw := httpmw.New(httpmw.Config{ResponseHeader: "X-B3-TraceId"})
	w := serve(mw(mw(http.HandlerFunc(nop))), get(testkit.Header("b3", id64+"-"+spanID+"-1")))
	assert.Equal(t, []string{id64}, w.Result().Header.Values("X-B3-TraceId"), "response headers of two New")
}
