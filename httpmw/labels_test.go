package httpmw_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func TestLabels(t *testing.T) {
	t.Setenv("GODEBUG", "tracebacklabels=1")
	pool := workerpool.New(workerpool.Config{Workers: 1})
	defer func() { assert.NoError(t, pool.Shutdown(context.Background())) }()
	inPool := func(ctx context.Context) (labels string) {
		ran := make(chan string, 1)
		require.NoError(t, pool.Go(ctx, func(context.Context) { ran <- goroutine.Labels() }))
		return <-ran
	}
	const route = "http.route: /items/{id}"
	seen := map[string]string{}
	serve := func(_ http.ResponseWriter, r *http.Request) {
		seen["handler"] = goroutine.Labels()
		child, task := make(chan string, 1), make(chan string, 1)
		go func() { child <- goroutine.Labels() }()
		seen["a goroutine"] = <-child
		workerpool.Go(r.Context(), func(context.Context) { task <- goroutine.Labels() })
		seen["workerpool.Go"] = <-task
		seen["Pool.Go"] = inPool(r.Context())
		wrapped := workerpool.Wrap(r.Context(), func(context.Context) { task <- goroutine.Labels() })
		foreign, after := make(chan struct{}), make(chan string, 1)
		pprof.Do(context.Background(), pprof.Labels(), func(context.Context) {
			go func() { <-foreign; wrapped(); after <- goroutine.Labels() }()
		})
		close(foreign)
		seen["Wrap"] = <-task
		seen["after Wrap"] = <-after
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", serve)
	h := httpmw.New(httpmw.Config{Labels: httpmw.RouteLabels(mux)})(mux)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/items/7", nil))
	assert.Equal(t, map[string]string{"handler": route, "a goroutine": route, "workerpool.Go": route, "Pool.Go": route, "Wrap": route, "after Wrap": ""}, seen)
	assert.Empty(t, goroutine.Labels(), "labels after the request")
	assert.Empty(t, inPool(context.Background()), "labels of the worker's next task")
}

// The labels that the request's context had before stay beside the new ones. After the handler,
// even if it panics, the goroutine has only those earlier labels.
func TestLabelsOfTheServer(t *testing.T) {
	t.Setenv("GODEBUG", "tracebacklabels=1")
	mux := http.NewServeMux()
	mux.HandleFunc("/items/{id}", func(_ http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "http.route: /items/{id}, server: shop", goroutine.Labels())
		_, has := pprof.Label(r.Context(), "http.route")
		assert.True(t, has, "the handler's context has the label")
		panic("sold out")
	})
	h := httpmw.New(httpmw.Config{Labels: httpmw.RouteLabels(mux)})(mux)
	pprof.Do(context.Background(), pprof.Labels("server", "shop"), func(ctx context.Context) {
		assert.PanicsWithValue(t, "sold out", func() {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/items/7", nil))
		})
		assert.Equal(t, "server: shop", goroutine.Labels())
	})
}

// Labels is the user's function. If it panics, the span still ends.
func TestLabelsPanic(t *testing.T) {
	provider, spans := testkit.SDK(sdktrace.AlwaysSample())
	labels := func(*http.Request) pprof.LabelSet { panic("no labels") }
	h := httpmw.New(httpmw.Config{TracerProvider: provider, Labels: labels})(http.NotFoundHandler())
	assert.PanicsWithValue(t, "no labels", func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)) })
	assert.Len(t, spans.Started(), 1, "spans started")
	assert.Len(t, spans.Ended(), 1, "spans ended")
}

func TestRouteLabels(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST  /items", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/items/", func(http.ResponseWriter, *http.Request) {})
	for _, tt := range []struct {
		name, method, path, pattern string
		mux                         *http.ServeMux
		want                        string
	}{
		{"a pattern of the mux", "POST", "/items", "", mux, "/items"},
		{"a pattern without method", "GET", "/items/7", "", mux, "/items/"},
		{"no route", "GET", "/", "", mux, ""},
		{"no mux: the pattern of the request", "GET", "/items/7", "GET /items/{id}", nil, "/items/{id}"},
		{"no mux and no route", "GET", "/items/7", "", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.path, nil)
			r.Pattern = tt.pattern
			got, has := pprof.Label(pprof.WithLabels(context.Background(), httpmw.RouteLabels(tt.mux)(r)), "http.route")
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.want != "", has, "the request has a label")
		})
	}
}

// Labels gets a request whose context has the trace.
func TestLabelsTraceID(t *testing.T) {
	labels := func(r *http.Request) pprof.LabelSet { return pprof.Labels("trace_id", trace.ID(r.Context())) }
	h := httpmw.New(httpmw.Config{Labels: labels})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		id, _ := pprof.Label(r.Context(), "trace_id")
		assert.Equal(t, id64, id)
	}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("b3", id64+"-"+spanID)
	h.ServeHTTP(httptest.NewRecorder(), r)
}
