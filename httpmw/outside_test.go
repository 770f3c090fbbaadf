package httpmw_test

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// TestAccessLogEitherOrder: AccessLog writes the same line inside of New and outside of it.
func TestAccessLogEitherOrder(t *testing.T) {
	orders := map[string]func(mw, log func(http.Handler) http.Handler, h http.Handler) http.Handler{
		"inside":  func(mw, log func(http.Handler) http.Handler, h http.Handler) http.Handler { return mw(log(h)) },
		"outside": func(mw, log func(http.Handler) http.Handler, h http.Handler) http.Handler { return log(mw(h)) },
		"outside, with other middleware between": func(mw, log func(http.Handler) http.Handler, h http.Handler) http.Handler {
			return log(copies(http.MaxBytesHandler(foreign(mw(h)), 1<<20)))
		},
		"outside of http.TimeoutHandler": func(mw, log func(http.Handler) http.Handler, h http.Handler) http.Handler {
			return log(http.TimeoutHandler(mw(h), time.Minute, "timeout"))
		},
	}
	sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
	for _, tt := range []struct {
		name   string
		cfg    httpmw.Config
		header http.Header
		want   map[string]any
	}{
		{"no headers", httpmw.Config{TracerProvider: never()}, nil, nil}, // never(), since one line in a thousand would have the key "sampled"
		{"a caller", httpmw.Config{}, testkit.Header("b3", id64+"-"+spanID+"-1-"+parentID), map[string]any{"trace_id": id64, "parent_id": spanID, "caller_parent_id": parentID}},
		{"a wide ID", httpmw.Config{}, testkit.Header("X-B3-TraceId", idWide, "X-B3-SpanId", spanID), map[string]any{"trace_id": idWide, "parent_id": spanID}},
		{"TrustIDs", httpmw.Config{Trust: trusting(httpmw.TrustIDs)}, testkit.Header("b3", id64+"-"+spanID+"-1-"+parentID), map[string]any{"trace_id": id64, "parent_id": spanID, "caller_parent_id": parentID}},
		{"TrustNone", httpmw.Config{Trust: trusting(httpmw.TrustNone), TracerProvider: never()}, testkit.Header("b3", id64+"-"+spanID+"-1-"+parentID), map[string]any{"untrusted_trace_id": id64}},
		{"an SDK", httpmw.Config{TracerProvider: sdk}, testkit.Header("b3", id64+"-"+spanID+"-1-"+parentID), map[string]any{"trace_id": id64, "parent_id": spanID, "caller_parent_id": parentID}},
		{"a deny under an SDK", httpmw.Config{TracerProvider: sdk}, testkit.Header("b3", id64+"-"+spanID+"-0"), map[string]any{"trace_id": id64, "parent_id": spanID}},
	} {
		var keys string
		for _, order := range []string{"inside", "outside", "outside, with other middleware between", "outside of http.TimeoutHandler"} {
			for _, own := range []bool{true, false} {
				t.Run(tt.name+", "+order, func(t *testing.T) {
					rec.Reset()
					var out, unused testkit.Log
					to, other := logctx.New(&out), logctx.New(&unused)
					logger, cfg := httpmw.AccessLogConfig{Logger: &to}, tt.cfg
					cfg.Logger = &other
					if !own { // New's logger writes the line
						logger.Logger, cfg.Logger = nil, &to
					}
					var span, id string
					done := make(chan struct{})
					h := orders[order](httpmw.New(cfg), httpmw.AccessLog(logger), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						id, span = trace.ID(r.Context()), trace.SpanID(r.Context())
						r.Pattern = "/users/{id}"
						w.WriteHeader(404)
						io.WriteString(w, "text")
					}))
					srv := newServer(t, "h1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						defer close(done)
						h.ServeHTTP(w, r)
					}))
					body(t, send(t, srv, "/users/7", tt.header))
					<-done
					srv.Close()
					line := out.Line(t)
					assert.Empty(t, unused.String(), "lines of the other logger")
					assert.Equal(t, id, line["trace_id"], "trace_id of %v", line)
					assert.Equal(t, span, line["span_id"], "span_id of %v: must be the handler's", line)
					assert.EqualValues(t, 404, line["status"], "status of %v", line)
					for key, want := range tt.want {
						assert.Equal(t, want, line[key], "%s of %v", key, line)
					}
					if keys == "" {
						keys = keysOf(line)
					}
					assert.Equal(t, keys, keysOf(line), "keys of the line: must be those of an AccessLog inside of New")
					for _, s := range rec.Ended() {
						attrs := attribute.NewSet(s.Attributes()...)
						route, _ := attrs.Value("http.route")
						assert.Equal(t, "/users/{id}", route.AsString(), "http.route of the span")
					}
				})
			}
		}
	}
}

// TestAccessLogOutsideSpan: the span has no status, because it has ended before AccessLog knows
// the status. This is a known limit.
func TestAccessLogOutsideSpan(t *testing.T) {
	sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
	discard := zerolog.Nop()
	serve(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &discard})(httpmw.New(httpmw.Config{TracerProvider: sdk})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
	}))), get(nil))
	require.Len(t, rec.Ended(), 1)
	attrs := attribute.NewSet(rec.Ended()[0].Attributes()...)
	assert.False(t, attrs.HasValue("http.response.status_code"), "the span has a status")
}

// TestAccessLogOutsideMade: a handler may make a request, and serve it itself by AccessLog outside
// of New. The line of that request has New's IDs too.
func TestAccessLogOutsideMade(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	var span string
	h := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(httpmw.New(httpmw.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		span = trace.SpanID(r.Context())
	})))
	serve(httpmw.New(httpmw.Config{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		made, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "/within", nil)
		assert.NoError(t, err)
		h.ServeHTTP(w, made)
	})), get(nil))
	assert.Equal(t, span, out.Line(t)["span_id"], "span_id of the line")
}

// TestAccessLogOutsideOtherRequest: if a handler makes a request and serves it with a New, this
// New's trace is not written on the line of the handler's own request.
func TestAccessLogOutsideOtherRequest(t *testing.T) {
	mw := httpmw.New(httpmw.Config{})
	for name, within := range map[string]http.Handler{
		"New":      mw(http.HandlerFunc(nop)),
		"New(New)": mw(mw(http.HandlerFunc(nop))),
	} {
		t.Run(name, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			serve(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				made, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "/within", nil)
				assert.NoError(t, err)
				within.ServeHTTP(w, made)
			})), get(nil))
			assert.NotContains(t, out.Line(t), "trace_id", "the line")
		})
	}
}

// TestAccessLogOutsideTwoNew: outside of two New, the line has the IDs of the outer New.
func TestAccessLogOutsideTwoNew(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	mw := httpmw.New(httpmw.Config{})
	var span string
	serve(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		span = trace.SpanID(r.Context())
		mw(http.HandlerFunc(nop)).ServeHTTP(w, r)
	}))), get(testkit.Header("b3", id64+"-"+spanID+"-1")))
	assert.Equal(t, span, out.Line(t)["span_id"], "span_id of the line")
}

// TestAccessLogOutsideTwice: the lines of two AccessLog outside of New both have the ID.
func TestAccessLogOutsideTwice(t *testing.T) {
	for name, between := range map[string]func(http.Handler) http.Handler{"": same, ", a copy between": copies} {
		t.Run("AccessLog(AccessLog(New))"+name, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			log := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})
			serve(log(between(log(httpmw.New(httpmw.Config{})(http.HandlerFunc(nop))))), get(testkit.Header("b3", id64+"-"+spanID+"-1")))
			lines := out.Lines(t)
			require.Len(t, lines, 2)
			for _, line := range lines {
				assert.Equal(t, id64, line["trace_id"], "trace_id of %v", line)
				assert.Equal(t, spanID, line["parent_id"], "parent_id of %v", line)
			}
		})
	}
}

// TestAccessLogAroundOtelhttp: the line has the IDs of New's span, and not of otelhttp's.
func TestAccessLogAroundOtelhttp(t *testing.T) {
	sdk, _ := testkit.SDK(sdktrace.AlwaysSample())
	var out testkit.Log
	logger := zerolog.New(&out)
	log := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})
	otel := otelhttp.NewMiddleware("server", otelhttp.WithTracerProvider(sdk), otelhttp.WithPropagators(trace.Propagator{}))
	for name, build := range map[string]func(h http.Handler) http.Handler{
		"AccessLog(otelhttp(New))": func(h http.Handler) http.Handler { return log(otel(h)) },
		"otelhttp(AccessLog(New))": func(h http.Handler) http.Handler { return otel(log(h)) },
	} {
		t.Run(name, func(t *testing.T) {
			out = testkit.Log{}
			var span string
			serve(build(httpmw.New(httpmw.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { span = trace.SpanID(r.Context()) }))),
				get(testkit.Header("b3", id128+"-"+spanID+"-1")))
			line := out.Line(t)
			assert.Equal(t, id128, line["trace_id"], "trace_id of %v", line)
			assert.Equal(t, span, line["span_id"], "span_id of %v", line)
		})
	}
}

// TestAccessLogWithoutNew: the line of a request that does not reach New has no ID. OnMissing
// does not report a function of clew as the place of that line.
func TestAccessLogWithoutNew(t *testing.T) {
	var out testkit.Log
	var sites []runtime.Frame
	logger := zerolog.New(&out).Hook(logctx.Hook(logctx.Config{OnMissing: func(site runtime.Frame) { sites = append(sites, site) }}))
	log := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})
	refuses := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) })
	}
	h := log(refuses(httpmw.New(httpmw.Config{})(http.HandlerFunc(nop))))
	srv := newServer(t, "h1", h)
	body(t, send(t, srv, "/", nil))
	srv.Close()
	line := out.Line(t)
	assert.EqualValues(t, 401, line["status"], "status of %v", line)
	assert.NotContains(t, line, "trace_id", "the line")
	require.Len(t, sites, 1, "calls of OnMissing")
	assert.Empty(t, sites[0].Function, "the place, if no function of the program is on the stack")

	sites = nil
	serve(log(http.HandlerFunc(nop)), get(nil))
	require.Len(t, sites, 1, "calls of OnMissing")
	assert.True(t, strings.HasSuffix(sites[0].Function, "httpmw_test.serve"), "the place is %s, want the function that calls the handler", sites[0].Function)

	sites = nil
	serve(log(httpmw.New(httpmw.Config{})(http.HandlerFunc(nop))), get(nil))
	assert.Empty(t, sites, "calls of OnMissing for AccessLog outside of New")
}

// TestAccessLogOutsideForm: an AccessLog without New, or outside of it, copies the request. After
// the handler, AccessLog sets the fields that net/http needs in the original request.
func TestAccessLogOutsideForm(t *testing.T) {
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	f, err := m.CreateFormFile("file", "name")
	require.NoError(t, err)
	f.Write(make([]byte, 1<<10))
	require.NoError(t, m.Close())
	discard := zerolog.Nop()
	log := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &discard})
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"alone":          log,
		"outside of New": func(h http.Handler) http.Handler { return log(httpmw.New(httpmw.Config{})(h)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			done := make(chan int)
			h := wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				require.NoError(t, r.ParseMultipartForm(1), "a form on the disk")
				r.Pattern = "/upload"
				files, err := os.ReadDir(os.TempDir())
				require.NoError(t, err)
				w.Header().Set("Files", string(rune('0'+len(files))))
			}))
			var pattern string
			srv := newServer(t, "h1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(done)
				h.ServeHTTP(w, r)
				pattern = r.Pattern
			}))
			res, err := srv.Client().Post(srv.URL, m.FormDataContentType(), bytes.NewReader(form.Bytes()))
			require.NoError(t, err)
			body(t, res)
			<-done
			srv.Close()
			require.Equal(t, "1", res.Header.Get("Files"), "files while the handler runs")
			files, err := os.ReadDir(os.TempDir())
			require.NoError(t, err)
			assert.Empty(t, files, "files after the request")
			assert.Equal(t, "/upload", pattern, "r.Pattern outside")
		})
	}
}

// TestAccessLogOutsideValues: the handler sees the values and the end of the context that
// AccessLog was given.
func TestAccessLogOutsideValues(t *testing.T) {
	discard := zerolog.Nop()
	ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), strangeKey{}, "value"))
	cause := io.ErrUnexpectedEOF
	serve(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &discard})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "value", r.Context().Value(strangeKey{}))
		cancel(cause)
		<-r.Context().Done()
		assert.Equal(t, cause, context.Cause(r.Context()))
	})), get(nil).WithContext(ctx))
}

// A second New further in, with any Trust, does not hide the untrusted caller's ID.
func TestAccessLogUntrustedNested(t *testing.T) {
	none := httpmw.New(httpmw.Config{Trust: trusting(httpmw.TrustNone)})
	for _, trust := range []httpmw.Trust{httpmw.TrustNone, httpmw.TrustIDs, httpmw.TrustAll} {
		var out testkit.Log
		logger := zerolog.New(&out)
		access := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})
		inner := httpmw.New(httpmw.Config{Trust: trusting(trust)})
		serve(none(access(inner(access(http.HandlerFunc(nop))))), get(testkit.Header("b3", id64+"-"+spanID)))
		lines := out.Lines(t)
		require.Len(t, lines, 2, "lines:\n%s", &out)
		for _, line := range lines {
			assert.Equal(t, id64, line["untrusted_trace_id"], "trust %v further in: untrusted_trace_id of %v", trust, line)
		}
	}
}
