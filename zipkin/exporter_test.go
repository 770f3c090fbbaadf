package zipkin_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// TestPost checks a post as a server sees it: its path, its headers and its spans.
func TestPost(t *testing.T) {
	tests := []struct {
		name, endpoint, uri, auth string
	}{
		{name: "an address", uri: "/api/v2/spans"},
		{name: "a slash", endpoint: "/", uri: "/api/v2/spans"},
		{name: "a path", endpoint: "/zipkin/api/v2/spans", uri: "/zipkin/api/v2/spans"},
		{name: "a path and a query", endpoint: "/v2?tenant=a%20b", uri: "/v2?tenant=a%20b"},
		{name: "a query", endpoint: "?tenant=1", uri: "/api/v2/spans?tenant=1"},
		{name: "a user", uri: "/api/v2/spans", auth: "ann:s3cr:t/"},
		{name: "a user without a password", uri: "/api/v2/spans", auth: "ann:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &collector{}
			var lengths []int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				lengths = append(lengths, r.ContentLength)
				c.ServeHTTP(w, r)
			}))
			defer server.Close()
			endpoint := server.URL + tt.endpoint
			if user, password, ok := strings.Cut(tt.auth, ":"); ok {
				u, err := url.Parse(endpoint)
				require.NoError(t, err)
				if u.User = url.User(user); password != "" {
					u.User = url.UserPassword(user, password)
				}
				endpoint = u.String()
			}
			tp := newProvider(t, zipkin.Config{Endpoint: endpoint})
			ids := end(tp, 3)
			require.NoError(t, tp.Shutdown(patience(t)))
			assertArrived(t, c, ids)
			posts := c.tries()
			require.Len(t, posts, 1)
			r := posts[0]
			assert.Equal(t, http.MethodPost, r.Method)
			assert.Equal(t, tt.uri, r.RequestURI)
			want := http.Header{
				"Accept-Encoding":  {"gzip"}, // added by net/http
				"User-Agent":       {"Go-http-client/1.1"},
				"B3":               {"0"},
				"Content-Type":     {"application/json"},
				"Content-Encoding": {"gzip"},
			}
			if tt.auth != "" {
				want["Authorization"] = []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(tt.auth))}
			}
			got := maps.Clone(r.Header)
			delete(got, "Content-Length")
			assert.Equal(t, want, got, "headers")
			assert.Positive(t, lengths[0], "Content-Length: Zipkin's own server wants one")
		})
	}
}

// The collector gets the user and password of the Endpoint. No error contains the password.
func TestEndpointsPasswordIsInNoError(t *testing.T) {
	const secret = "h8nter2"
	quotes := func(r *http.Request) string { return "cannot post to " + r.URL.String() }
	tests := []struct {
		name   string
		answer answer
	}{
		{"a refusal that quotes the URL", func(p *post) (*http.Response, error) { return reply(404, quotes(p.Request)), nil }},
		{"a transport that quotes the URL", func(p *post) (*http.Response, error) { return nil, errors.New(quotes(p.Request)) }},
		{"a transport's url.Error", func(p *post) (*http.Response, error) {
			return nil, fmt.Errorf("wrapped: %w", &url.Error{Op: "Post", URL: p.URL.String(), Err: errors.New("no")})
		}},
		{"a redirect", func(p *post) (*http.Response, error) { return reply(301, "", "Location", p.URL.String()), nil }},
		{"a refused connection", refuse},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &collector{answer: tt.answer}
				tp := newProvider(t, zipkin.Config{Endpoint: "http://ann:" + secret + "@collector.test", Client: c.client()})
				end(tp, 1)
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				flushed := tp.ForceFlush(ctx)
				shut := tp.Shutdown(expired(t))
				for _, err := range []error{flushed, shut, tp.Stats().LastError} {
					require.Error(t, err)
					assert.NotContains(t, err.Error(), secret)
				}
				user, password, ok := c.tries()[0].BasicAuth()
				assert.Equal(t, []any{"ann", secret, true}, []any{user, password, ok}, "BasicAuth")
			})
		})
	}
}

// No instrumentation of the Client traces the posts.
func TestPostsAreNotTraced(t *testing.T) {
	ours := func(base http.RoundTripper, tp oteltrace.TracerProvider) http.RoundTripper {
		return httpclient.NewTransport(base, httpclient.Config{TracerProvider: tp})
	}
	otel := func(base http.RoundTripper, tp oteltrace.TracerProvider) http.RoundTripper {
		return otelhttp.NewTransport(base, otelhttp.WithTracerProvider(tp))
	}
	tests := []struct {
		name string
		wrap func(http.RoundTripper, oteltrace.TracerProvider) http.RoundTripper
	}{
		{"httpclient", ours},
		{"otelhttp", otel},
		{"httpclient in otelhttp", func(base http.RoundTripper, tp oteltrace.TracerProvider) http.RoundTripper {
			return otel(ours(base, tp), tp)
		}},
		{"otelhttp in httpclient", func(base http.RoundTripper, tp oteltrace.TracerProvider) http.RoundTripper {
			return ours(otel(base, tp), tp)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &collector{}
			var tp *zipkin.Provider
			// This is a function, because tp is made only afterwards.
			traced := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				return tt.wrap(c, tp).RoundTrip(r)
			})
			tp = newProvider(t, zipkin.Config{Client: &http.Client{Transport: traced}})
			var ids []string
			for range 100 {
				ids = append(ids, end(tp, 1)...)
				require.NoError(t, tp.ForceFlush(patience(t)))
			}
			require.NoError(t, tp.Shutdown(patience(t)))
			assertArrived(t, c, ids)
			assertEmpty(t, tp.Stats(), 100, 100)
			for _, p := range c.tries() {
				b, err := trace.FromHeader(p.Header)
				assert.NoError(t, err)
				assert.Equal(t, trace.Deny, b.Sampling, "state in the headers %v", p.Header)
			}
		})
	}
}

// The queue holds exactly QueueSpans spans. This number includes the spans that are being posted.
func TestQueueSpans(t *testing.T) {
	for _, most := range []int{1, 2, 511, 512, 513, 3000} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				c := &collector{answer: func(*post) (*http.Response, error) { <-release; return nil, nil }}
				cfg := zipkin.Config{QueueSpans: most, QueueBytes: 1 << 30, Client: c.client()}
				tp := newProvider(t, cfg)
				ids := end(tp, most)
				time.Sleep(2 * time.Second) // some of the spans are being posted now
				assert.EqualValues(t, most, tp.Stats().Queued)
				end(tp, 1)
				s := tp.Stats()
				assert.EqualValues(t, []int64{int64(most), 1}, []int64{s.Queued, s.Dropped}, "queued and dropped, with one span too many")
				assertBalanced(t, s, cfg)
				close(release)
				require.NoError(t, tp.ForceFlush(patience(t)))
				ids = append(ids, end(tp, 1)...) // there is room again
				require.Error(t, tp.Shutdown(patience(t)))
				assertArrived(t, c, ids)
			})
		})
	}
}

// The queue holds exactly QueueBytes bytes. Stats reports how many of them a span needs.
func TestQueueBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := oteltrace.WithAttributes(attribute.String("text", strings.Repeat("x", 1000)))
		size := func(opts ...oteltrace.SpanStartOption) int {
			tp := newProvider(t, zipkin.Config{Client: (&collector{}).client()})
			tick := time.Now().Add(time.Second).Truncate(time.Second)
			time.Sleep(time.Until(tick)) // so that timestamps and durations have the same length
			end(tp, 1, opts...)
			bytes := tp.Stats().QueuedBytes
			require.NoError(t, tp.Shutdown(patience(t)))
			return int(bytes)
		}
		small, large := size(), size(text)
		require.Equal(t, 1000+len(`"text":"",`), large-small, "bytes that the attribute needs")

		for _, less := range []int{0, 1} {
			release := make(chan struct{})
			c := &collector{answer: func(*post) (*http.Response, error) { <-release; return nil, nil }}
			cfg := zipkin.Config{QueueBytes: 700*large + small - less, Client: c.client()}
			tp := newProvider(t, cfg)
			ids := end(tp, 300, text)
			time.Sleep(2 * time.Second) // some of the spans are being posted now
			ids = append(ids, end(tp, 400, text)...)
			end(tp, 1, text)
			assert.EqualValues(t, 1, tp.Stats().Dropped, "spans dropped: there is no room for another large span")
			last := end(tp, 1)
			if less == 0 {
				ids = append(ids, last...)
				assert.EqualValues(t, cfg.QueueBytes, tp.Stats().QueuedBytes, "the queue is full to the byte")
			}
			s := tp.Stats()
			assert.EqualValues(t, []int64{701 - int64(less), 1 + int64(less)}, []int64{s.Queued, s.Dropped}, "queued and dropped, with %d bytes less", less)
			assertBalanced(t, s, cfg)
			close(release)
			require.Error(t, tp.Shutdown(patience(t)))
			assertArrived(t, c, ids)
			assertEmpty(t, tp.Stats(), 702, 701-less)
		}
	})
}

// If a span is larger than the queue, only this span is lost.
func TestSpanLargerThanTheQueue(t *testing.T) {
	c := &collector{}
	cfg := zipkin.Config{QueueBytes: 50_000, Client: c.client()}
	tp := newProvider(t, cfg)
	var many []attribute.KeyValue
	for i := range 10 {
		many = append(many, attribute.String(fmt.Sprint("text", i), strings.Repeat("x", 7000)))
	}
	ids := end(tp, 3)
	end(tp, 1, oteltrace.WithAttributes(many...))
	assertBalanced(t, tp.Stats(), cfg)
	ids = append(ids, end(tp, 3)...)
	assert.ErrorContains(t, tp.Shutdown(patience(t)), "1 of 7 spans lost (queue full 1, ")
	assertArrived(t, c, ids)
}

// Buffers are used again, but never by two spans at once. So each span that was not dropped
// arrives with its own text.
func TestBuffersDoNotMix(t *testing.T) {
	const routines, each = 8, 1500
	var mu sync.Mutex
	texts := map[string]string{} // by span ID
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var spans []struct {
			ID   string
			Name string
			Tags map[string]string
		}
		if err := decode(r, &spans); err != nil {
			t.Errorf("the body of a post is no JSON: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, s := range spans {
			if _, twice := texts[s.ID]; twice {
				t.Errorf("span %s has arrived twice", s.ID)
			}
			texts[s.ID] = s.Name + s.Tags["text"]
		}
	}))
	defer server.Close()

	cfg := zipkin.Config{Endpoint: server.URL, QueueSpans: 1200, QueueBytes: 2 << 20}
	tp := newProvider(t, cfg)
	stop := watch(t, tp, cfg, runtime.Gosched)
	var all sync.WaitGroup
	var want [routines]map[string]string
	for i := range want {
		all.Go(func() {
			want[i] = map[string]string{}
			random := rand.New(rand.NewPCG(uint64(i), 0))
			tracer := tp.Tracer("test")
			for j := range each {
				name := fmt.Sprintf("work %d %d ", i, j)
				text := strings.Repeat(string(rune('a'+i)), random.IntN(1<<random.IntN(13)))
				_, span := tracer.Start(context.Background(), name, oteltrace.WithAttributes(attribute.String("text", text)))
				span.End()
				want[i][span.SpanContext().SpanID().String()] = name + text
				if random.IntN(each) == 0 {
					tp.ForceFlush(patience(t))
				}
			}
		})
	}
	all.Wait()
	tp.Shutdown(patience(t))
	stop()
	s := tp.Stats()
	assertEmpty(t, s, routines*each, len(texts))
	assert.Positive(t, s.Sent, "spans that were sent")
	assert.Positive(t, s.Dropped, "spans dropped: without any, the queue was never full")
	for id, text := range texts {
		ended := slices.ContainsFunc(want[:], func(m map[string]string) bool { return m[id] == text })
		assert.True(t, ended, "span %s has arrived as %.100q", id, text)
	}
}

// No span waits for the collector, from the first to the hundred-thousandth.
func TestSpansDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := &collector{answer: func(*post) (*http.Response, error) { <-release; return nil, io.EOF }}
		cfg := zipkin.Config{Client: c.client()}
		tp := newProvider(t, cfg)
		begin := time.Now()
		for range 100 {
			end(tp, 1000)
			assertBalanced(t, tp.Stats(), cfg)
		}
		assert.Zero(t, time.Since(begin), "how long the spans waited")
		s := tp.Stats()
		assert.EqualValues(t, []int64{8192, 100_000 - 8192}, []int64{s.Queued, s.Dropped}, "queued and dropped")
		assert.Equal(t, 100_000, lost(t, tp.Shutdown(expired(t))))
		close(release)
	})
}

// A collector that is gone costs the memory of the queue, and no more.
func TestHeapIsBounded(t *testing.T) {
	release := make(chan struct{})
	c := &collector{answer: func(*post) (*http.Response, error) { <-release; return nil, io.EOF }}
	tp := newProvider(t, zipkin.Config{QueueSpans: 1 << 30, QueueBytes: 1 << 20, Client: c.client()})
	text := oteltrace.WithAttributes(attribute.String("text", strings.Repeat("x", 300)))
	before := liveHeap()
	tracer := tp.Tracer("test")
	for range 100_000 {
		_, span := tracer.Start(context.Background(), "work", text)
		span.End()
	}
	grown := liveHeap() - before
	assert.Less(t, grown, int64(8<<20), "bytes by which the live heap has grown")
	assert.EqualValues(t, 100_000, tp.Stats().Ended)
	close(release)
	require.Error(t, tp.Shutdown(expired(t)))
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // the second run also frees what sync.Pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A span needs at most two allocations more than in an SDK that drops the span.
func TestSpanAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	release := make(chan struct{})
	c := &collector{answer: func(*post) (*http.Response, error) { <-release; return nil, io.EOF }}
	tp := newProvider(t, zipkin.Config{QueueSpans: 1000, Client: c.client()})
	bare := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(&other{}))
	defer bare.Shutdown(context.Background())
	attrs := []attribute.KeyValue{attribute.String("http.request.method", "GET"), attribute.Int("http.response.status_code", 200)}
	cost := func(tp oteltrace.TracerProvider) float64 {
		tracer := tp.Tracer("test")
		// The queue is soon full, so that its growth has no effect on the average.
		return testing.AllocsPerRun(3000, func() {
			_, span := tracer.Start(context.Background(), "work", oteltrace.WithSpanKind(oteltrace.SpanKindServer))
			span.SetAttributes(attrs...)
			span.End()
		})
	}
	assert.LessOrEqual(t, cost(tp)-cost(bare), 2.0, "allocations of a span beyond those of an SDK that keeps nothing")
	close(release)
	require.Error(t, tp.Shutdown(expired(t)))
}

// Providers that are shut down leave no connection and no goroutine behind.
func TestCycles(t *testing.T) {
	c := &collector{}
	server := httptest.NewUnstartedServer(c)
	var mu sync.Mutex
	open, most := map[net.Conn]bool{}, 0
	closed := sync.NewCond(&mu)
	server.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		switch state {
		case http.StateNew:
			open[conn] = true
		case http.StateClosed, http.StateHijacked:
			delete(open, conn)
		}
		most = max(most, len(open))
		closed.Broadcast()
	}
	server.Start()
	before := runtime.NumGoroutine()
	for i := range 1000 {
		tp := newProvider(t, zipkin.Config{Endpoint: server.URL})
		end(tp, 2)
		if i%2 == 0 {
			require.NoError(t, tp.ForceFlush(context.Background()))
			end(tp, 1)
		}
		require.NoError(t, tp.Shutdown(context.Background()))
	}
	mu.Lock()
	for len(open) > 0 {
		closed.Wait()
	}
	mu.Unlock()
	for runtime.NumGoroutine() > before {
		runtime.Gosched()
	}
	assert.Less(t, most, 50, "connections open at once")
	assert.Len(t, c.got(t), 2500, "spans that arrived")
	server.Close()
}

// A Provider does not use http.DefaultTransport, because that transport belongs to the whole
// program.
func TestDefaultTransportIsLeftAlone(t *testing.T) {
	real := http.DefaultTransport
	defer func() { http.DefaultTransport = real }()
	touched := false
	http.DefaultTransport = testkit.RoundTripper(func(*http.Request) (*http.Response, error) {
		touched = true
		return nil, errors.New("not this one")
	})
	c := &collector{}
	server := httptest.NewServer(c)
	defer server.Close()
	tp := newProvider(t, zipkin.Config{Endpoint: server.URL})
	ids := end(tp, 3)
	require.NoError(t, tp.Shutdown(patience(t)))
	assertArrived(t, c, ids)
	assert.False(t, touched, "whether http.DefaultTransport was used")
}

// A Client belongs to the caller. The Provider does not change it, and obeys its Timeout.
func TestClientIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: swallow}
		client := &http.Client{Transport: c, Timeout: 3 * time.Second}
		tp := newProvider(t, zipkin.Config{Client: client})
		end(tp, 1)
		// Spans are gathered for a second. Then the first post ends by the Timeout.
		time.Sleep(4*time.Second + 500*time.Millisecond)
		assert.Len(t, c.tries(), 2, "posts")
		require.Error(t, tp.Shutdown(expired(t)))
		assert.Equal(t, &http.Client{Transport: c, Timeout: 3 * time.Second}, client, "the Client")
	})
}

// One error lists all that is wrong, without a password.
func TestConfigErrors(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "")
	good := zipkin.Config{Service: "media-api", Endpoint: "http://127.0.0.1:9411"}
	nan := 0.0
	nan /= nan
	tests := []struct {
		name     string
		change   func(*zipkin.Config)
		want     string
		provider bool // NewProvider returns the error, and NewExporter does not
	}{
		{name: "no Endpoint", change: func(c *zipkin.Config) { c.Endpoint = "" }, want: "zipkin: no Endpoint"},
		{name: "not a URL", change: func(c *zipkin.Config) { c.Endpoint = "http://ann:h8nter2@[::1" }, want: "zipkin: Endpoint is not a URL"},
		{name: "no scheme", change: func(c *zipkin.Config) { c.Endpoint = "127.0.0.1:9411" }, want: "zipkin: Endpoint is not a URL"},
		{name: "no scheme, a name", change: func(c *zipkin.Config) { c.Endpoint = "localhost:9411" }, want: "zipkin: Endpoint is not an http or https URL"},
		{name: "another scheme", change: func(c *zipkin.Config) { c.Endpoint = "ftp://ann:h8nter2@localhost" }, want: "zipkin: Endpoint is not an http or https URL"},
		{name: "no host", change: func(c *zipkin.Config) { c.Endpoint = "http:///api/v2/spans" }, want: "zipkin: Endpoint has no host"},
		{name: "a Ratio below 0", change: func(c *zipkin.Config) { c.Ratio = -0.1 }, want: "zipkin: Ratio -0.1 is not between 0 and 1"},
		{name: "a Ratio above 1", change: func(c *zipkin.Config) { c.Ratio = 100 }, want: "zipkin: Ratio 100 is not between 0 and 1"},
		{name: "Ratio and Sampler", change: func(c *zipkin.Config) { c.Ratio, c.Sampler = 0.01, trace.Always() }, want: "zipkin: both Ratio and Sampler are set"},
		{name: "a Ratio that is NaN", change: func(c *zipkin.Config) { c.Ratio = nan }, want: "zipkin: Ratio NaN is not between 0 and 1"},
		{name: "negative QueueSpans", change: func(c *zipkin.Config) { c.QueueSpans = -1 }, want: "zipkin: QueueSpans -1 is negative"},
		{name: "negative QueueBytes", change: func(c *zipkin.Config) { c.QueueBytes = -1 }, want: "zipkin: QueueBytes -1 is negative"},
		{name: "no Service", provider: true, change: func(c *zipkin.Config) { c.Service = "" }, want: "zipkin: no Service, and none in the environment"},
		{name: "all faults at once", provider: true, change: func(c *zipkin.Config) {
			*c = zipkin.Config{Endpoint: "ann:h8nter2@localhost", Ratio: 2, QueueSpans: -2, QueueBytes: -3}
		}, want: "zipkin: Endpoint is not an http or https URL\nzipkin: Ratio 2 is not between 0 and 1\nzipkin: QueueSpans -2 is negative\nzipkin: QueueBytes -3 is negative\n" +
			"zipkin: no Service, and none in the environment"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := good
			tt.change(&cfg)
			tp, err := zipkin.NewProvider(cfg)
			assert.EqualError(t, err, tt.want, "NewProvider")
			assert.Nil(t, tp)
			e, err := zipkin.NewExporter(cfg)
			if !tt.provider {
				assert.EqualError(t, err, tt.want, "NewExporter")
				assert.Nil(t, e)
			} else if err == nil {
				assert.NoError(t, e.Shutdown(context.Background()))
			}
		})
	}
}

// newExporter returns an Exporter that posts to c.
func newExporter(t testing.TB, c *collector) *zipkin.Exporter {
	t.Helper()
	e, err := zipkin.NewExporter(zipkin.Config{Endpoint: "http://collector.test:9411", Client: c.client()})
	require.NoError(t, err, "NewExporter")
	return e
}

// sdk returns an SDK as a user sets it up without a Provider.
func sdk(opt sdktrace.TracerProviderOption) *sdktrace.TracerProvider {
	return sdktrace.NewTracerProvider(opt, sdktrace.WithSampler(sdktrace.AlwaysSample()))
}

// stubs returns n spans for ExportSpans, and their IDs.
func stubs(n int) (spans []sdktrace.ReadOnlySpan, ids []string) {
	recorder := tracetest.NewSpanRecorder()
	ids = end(sdk(sdktrace.WithSpanProcessor(recorder)), n)
	return recorder.Ended(), ids
}

func TestExporterInAnSDK(t *testing.T) {
	ways := []struct {
		name string
		with func(sdktrace.SpanExporter) sdktrace.TracerProviderOption
	}{
		{"WithBatcher", func(e sdktrace.SpanExporter) sdktrace.TracerProviderOption { return sdktrace.WithBatcher(e) }},
		{"WithSyncer", sdktrace.WithSyncer},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &collector{answer: func(p *post) (*http.Response, error) {
					if p.n < 2 {
						return refuse(p)
					}
					return nil, nil
				}}
				e := newExporter(t, c)
				tp := sdk(way.with(e))
				ids := end(tp, 1000)
				require.NoError(t, tp.Shutdown(patience(t)))
				assertArrived(t, c, ids)
				assertEmpty(t, e.Stats(), 1000, 1000)
			})
		})
	}
}

// If an export has more spans than fit into a post, they are sent in several posts.
func TestLargeExport(t *testing.T) {
	c := &collector{}
	e := newExporter(t, c)
	spans, ids := stubs(1300)
	require.NoError(t, e.ExportSpans(context.Background(), spans))
	assertArrived(t, c, ids)
	assert.Len(t, c.tries(), 3, "posts")
	require.NoError(t, e.Shutdown(context.Background()))
}

// An export ends at its deadline, says how many spans it has lost, and leaves the exporter usable.
func TestExporterDuringFaults(t *testing.T) {
	for name := range unending(nil) {
		if strings.Contains(name, "ignores") || strings.Contains(name, "too late") {
			continue // an export waits for its Client to return
		}
		for _, e := range endings() {
			t.Run(name+", "+e.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := &collector{answer: unending(nil)[name]}
					exporter := newExporter(t, c)
					spans, _ := stubs(60)
					err := e.within(t, func(ctx context.Context) error { return exporter.ExportSpans(ctx, spans) })
					assert.Equal(t, 60, lost(t, err), "%v", err)
					if !strings.Contains(err.Error(), "not sent in time 0)") {
						assert.ErrorIs(t, err, e.cause)
					}
					assertEmpty(t, exporter.Stats(), 60, 0)

					c.answer = nil
					more, ids := stubs(10)
					assert.NoError(t, exporter.ExportSpans(patience(t), more), "ExportSpans after the collector is up again")
					assertArrived(t, c, ids)
					assertEmpty(t, exporter.Stats(), 70, 10)
					assert.Equal(t, 60, lost(t, exporter.Shutdown(context.Background())))
				})
			})
		}
	}
}

func TestExporterAfterShutdown(t *testing.T) {
	c := &collector{}
	e := newExporter(t, c)
	require.NoError(t, e.Shutdown(context.Background()))
	for range 200 {
		spans, _ := stubs(3)
		err := e.ExportSpans(context.Background(), spans)
		require.EqualError(t, err, "zipkin: 3 of 3 spans lost (queue full 0, refused 0, not sent in time 3): exporter is shut down")
	}
	require.NoError(t, e.ExportSpans(context.Background(), nil), "ExportSpans of no spans")
	assert.Empty(t, c.tries(), "posts")
	assertEmpty(t, e.Stats(), 600, 0)
	assert.Equal(t, 600, lost(t, e.Shutdown(context.Background())), "the second Shutdown")
}

// Shutdown stops running exports, and counts their spans as lost.
func TestExporterShutdownDuringExports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: swallow}
		e := newExporter(t, c)
		var all sync.WaitGroup
		for range 30 { // one is being posted, and the others wait for their turn
			spans, _ := stubs(10)
			all.Go(func() {
				begin := time.Now()
				err := e.ExportSpans(context.Background(), spans)
				assert.EqualError(t, err, "zipkin: 10 of 10 spans lost (queue full 0, refused 0, not sent in time 10): exporter is shut down")
				assert.LessOrEqual(t, time.Since(begin), time.Second+tolerance, "how long the export took")
			})
		}
		time.Sleep(time.Second)
		s := e.Stats()
		assert.EqualValues(t, []int64{300, 300}, []int64{s.Ended, s.Queued}, "ended and queued, before Shutdown")
		begin := time.Now()
		assert.Equal(t, 300, lost(t, e.Shutdown(context.Background())))
		assert.LessOrEqual(t, time.Since(begin), tolerance, "how long Shutdown took")
		all.Wait()
		assertEmpty(t, e.Stats(), 300, 0)
		assert.Len(t, c.tries(), 1, "posts")
	})
}

func TestConcurrentExports(t *testing.T) {
	server := &collector{}
	s := httptest.NewServer(server)
	defer s.Close()
	e, err := zipkin.NewExporter(zipkin.Config{Endpoint: s.URL})
	require.NoError(t, err)
	var all sync.WaitGroup
	var ids [8][]string
	for i := range ids {
		all.Go(func() {
			for n := range 10 {
				spans, more := stubs(n * 5)
				ids[i] = append(ids[i], more...)
				assert.NoError(t, e.ExportSpans(patience(t), spans))
				now := e.Stats()
				assert.Equal(t, now.Ended, now.Sent+now.Dropped+now.Queued, "%+v", now)
			}
		})
	}
	all.Wait()
	require.NoError(t, e.Shutdown(context.Background()))
	assert.ElementsMatch(t, slices.Concat(ids[:]...), server.got(t), "spans that arrived")
	assertEmpty(t, e.Stats(), 1800, 1800)
}

// metrics returns the values that reader collects, by "name{attributes}".
func metrics(t testing.TB, reader *sdkmetric.ManualReader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.Background(), &all))
	got := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		assert.Equal(t, "example.com/clew/zipkin", scope.Scope.Name)
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			require.True(t, ok, "%s is a %T", m.Name, m.Data)
			assert.NotEqual(t, strings.Contains(m.Name, ".queue."), sum.IsMonotonic, "whether %s only grows", m.Name)
			assert.Equal(t, "{span}", m.Unit, "unit of %s", m.Name)
			assert.NotEmpty(t, m.Description, "description of %s", m.Name)
			for _, p := range sum.DataPoints {
				attrs := component.ReplaceAllString(p.Attributes.Encoded(attribute.DefaultEncoder()), "component")
				got[m.Name+"{"+attrs+"}"] = p.Value
			}
		}
	}
	return got
}

// component matches the attributes that contain the numbered name of a Provider or Exporter.
var component = regexp.MustCompile(`otel\.component\.name=zipkin_http_span_exporter/\d+,otel\.component\.type=zipkin_http_span_exporter`)

func TestProviderMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := sdkmetric.NewManualReader()
		c := &collector{answer: func(p *post) (*http.Response, error) {
			switch p.n {
			case 0:
				return nil, nil
			case 1:
				return reply(404, ""), nil
			}
			return refuse(p)
		}}
		tp := newProvider(t, zipkin.Config{
			QueueSpans: 1500, Client: c.client(),
			MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		})
		assert.Equal(t, map[string]int64{
			"otel.sdk.exporter.span.exported{component}":                         0,
			"otel.sdk.exporter.span.exported{error.type=refused,component}":      0,
			"otel.sdk.exporter.span.exported{error.type=shutdown,component}":     0,
			"otel.sdk.processor.span.processed{component}":                       0,
			"otel.sdk.processor.span.processed{error.type=queue_full,component}": 0,
			"otel.sdk.processor.span.queue.size{component}":                      0,
			"otel.sdk.processor.span.queue.capacity{component}":                  1500,
		}, metrics(t, reader), "metrics at first")
		spans := begin(tp, 1501)
		spans[:1500].end()
		time.Sleep(100 * time.Millisecond) // by now, three posts have come, and the third failed
		spans[1500:].end()
		end(tp, 1100)
		assert.Equal(t, map[string]int64{
			"otel.sdk.exporter.span.exported{component}":                         512,
			"otel.sdk.exporter.span.exported{error.type=refused,component}":      512,
			"otel.sdk.exporter.span.exported{error.type=shutdown,component}":     0,
			"otel.sdk.processor.span.processed{component}":                       1024,
			"otel.sdk.processor.span.processed{error.type=queue_full,component}": 77,
			"otel.sdk.processor.span.queue.size{component}":                      1500,
			"otel.sdk.processor.span.queue.capacity{component}":                  1500,
		}, metrics(t, reader), "metrics in between")
		require.Error(t, tp.Shutdown(expired(t)))
		assert.Equal(t, map[string]int64{
			"otel.sdk.exporter.span.exported{component}":                         512,
			"otel.sdk.exporter.span.exported{error.type=refused,component}":      512,
			"otel.sdk.exporter.span.exported{error.type=shutdown,component}":     1500,
			"otel.sdk.processor.span.processed{component}":                       2524,
			"otel.sdk.processor.span.processed{error.type=queue_full,component}": 77,
			"otel.sdk.processor.span.queue.size{component}":                      0,
			"otel.sdk.processor.span.queue.capacity{component}":                  1500,
		}, metrics(t, reader), "metrics after Shutdown, for the last collection")
	})
}

// The metrics of two Providers in one process are separate.
func TestMetricsOfTwoProviders(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	for range 2 {
		tp := newProvider(t, zipkin.Config{Client: (&collector{}).client(), MeterProvider: provider})
		end(tp, 3)
		require.NoError(t, tp.Shutdown(patience(t)))
	}
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.Background(), &all))
	for _, m := range all.ScopeMetrics[0].Metrics {
		if m.Name != "otel.sdk.exporter.span.exported" {
			continue
		}
		var sent []int64
		for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
			if _, failed := p.Attributes.Value("error.type"); !failed {
				sent = append(sent, p.Value)
			}
		}
		assert.Equal(t, []int64{3, 3}, sent, "spans sent")
	}
}

func TestExporterMetrics(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	c := &collector{answer: func(p *post) (*http.Response, error) {
		if len(p.ids) == 7 {
			return reply(404, ""), nil
		}
		return nil, nil
	}}
	e, err := zipkin.NewExporter(zipkin.Config{
		Endpoint: "http://collector.test:9411", Client: c.client(),
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
	})
	require.NoError(t, err)
	seven, _ := stubs(7)
	require.Error(t, e.ExportSpans(context.Background(), seven))
	five, _ := stubs(5)
	require.NoError(t, e.ExportSpans(context.Background(), five))
	require.Error(t, e.ExportSpans(expired(t), five))
	assert.Equal(t, map[string]int64{
		"otel.sdk.exporter.span.exported{component}":                     5,
		"otel.sdk.exporter.span.exported{error.type=refused,component}":  7,
		"otel.sdk.exporter.span.exported{error.type=shutdown,component}": 5,
	}, metrics(t, reader))
	require.Error(t, e.Shutdown(context.Background()))
}
