package zipkin_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A collector takes the place of Zipkin. It is a RoundTripper, which needs no network, and also a
// Handler.
type collector struct {
	// answer returns the reply to a post. If answer is nil, or returns neither a reply nor an
	// error, the reply is 202.
	answer func(*post) (*http.Response, error)

	mu     sync.Mutex
	posts  []*post
	taken  []string // the span IDs of the posts that were answered with 2xx, in order
	broken []error  // the errors of bodies that are no JSON array of spans
}

// A post is a request that has arrived at the collector.
type post struct {
	*http.Request
	n   int // the number of the post, from 0
	at  time.Time
	ids []string // the IDs of its spans
}

func (c *collector) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	p := c.read(r)
	var resp *http.Response
	var err error
	if c.answer != nil {
		resp, err = c.answer(p)
	}
	if err != nil {
		return nil, err
	}
	if resp == nil {
		resp = reply(http.StatusAccepted, "")
	}
	if resp.StatusCode/100 == 2 {
		c.take(p)
	}
	resp.Request = r
	return resp, nil
}

// ServeHTTP accepts all spans, and does not call answer.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.take(c.read(r))
	w.WriteHeader(http.StatusAccepted)
}

// read keeps a post, and returns it. A post whose body is malformed has no spans.
func (c *collector) read(r *http.Request) *post {
	var spans []struct {
		ID string `json:"id"`
	}
	err := decode(r, &spans)
	p := &post{Request: r, at: time.Now()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.broken = append(c.broken, err)
	}
	for _, s := range spans {
		p.ids = append(p.ids, s.ID)
	}
	p.n = len(c.posts)
	c.posts = append(c.posts, p)
	return p
}

// decode reads the body of a post to its end, and stores the result in spans.
func decode(r *http.Request, spans any) error {
	text, err := unzip(r)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, spans)
}

// unzip returns the body of a post, uncompressed.
func unzip(r *http.Request) ([]byte, error) {
	var body io.Reader = r.Body
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "gzip":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = z
	case "":
	default:
		return nil, fmt.Errorf("Content-Encoding: %q", encoding)
	}
	text, err := io.ReadAll(body)
	if n, _ := io.Copy(io.Discard, r.Body); err == nil && n > 0 {
		return nil, fmt.Errorf("%d bytes after the end", n)
	}
	return text, err
}

func (c *collector) take(p *post) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = append(c.taken, p.ids...)
}

// got returns the IDs of the spans that were accepted. All posts must have been well-formed.
func (c *collector) got(t testing.TB) []string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	assert.Empty(t, c.broken, "posts that are no JSON")
	return append([]string{}, c.taken...)
}

// tries returns the posts until now.
func (c *collector) tries() []*post {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*post{}, c.posts...)
}

func (c *collector) client() *http.Client { return &http.Client{Transport: c} }

// reply returns a response with this status and body. headers are pairs of name and value.
func reply(status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// newProvider returns a Provider that samples everything, unless cfg has a Ratio. The other zero
// fields of cfg keep their defaults.
func newProvider(t testing.TB, cfg zipkin.Config) *zipkin.Provider {
	t.Helper()
	cfg.Service = "media-api"
	if cfg.Endpoint == "" {
		cfg.Endpoint = "http://collector.test:9411"
	}
	if cfg.Ratio == 0 {
		cfg.Ratio = 1
	}
	tp, err := zipkin.NewProvider(cfg)
	require.NoError(t, err, "NewProvider")
	return tp
}

// A work holds spans that have begun, each in a trace of its own.
type work []oteltrace.Span

func begin(tp oteltrace.TracerProvider, n int, opts ...oteltrace.SpanStartOption) work {
	tracer := tp.Tracer("test")
	w := make(work, n)
	for i := range w {
		_, w[i] = tracer.Start(context.Background(), "work", opts...)
	}
	return w
}

func (w work) ids() []string {
	ids := make([]string, len(w))
	for i, span := range w {
		ids[i] = span.SpanContext().SpanID().String()
	}
	return ids
}

func (w work) end() {
	for _, span := range w {
		span.End()
	}
}

// end begins and ends n spans, one after the other, and returns their IDs.
func end(tp oteltrace.TracerProvider, n int, opts ...oteltrace.SpanStartOption) []string {
	ids := make([]string, 0, n)
	for range n {
		w := begin(tp, 1, opts...)
		w.end()
		ids = append(ids, w.ids()...)
	}
	return ids
}

// assertArrived checks that exactly these spans have arrived, in this order.
func assertArrived(t testing.TB, c *collector, want []string) {
	t.Helper()
	got := c.got(t)
	for i, id := range want {
		if i >= len(got) || got[i] != id {
			t.Errorf("%d spans have arrived, want %d; the first that is wrong is at %d", len(got), len(want), i)
			return
		}
	}
	assert.Len(t, got, len(want), "spans that have arrived")
}

// assertBalanced checks what must hold for Stats at every moment.
func assertBalanced(t testing.TB, s zipkin.Stats, cfg zipkin.Config) {
	t.Helper()
	spans, bytes := cfg.QueueSpans, cfg.QueueBytes
	if spans == 0 {
		spans = 8192
	}
	if bytes == 0 {
		bytes = 8 << 20
	}
	if s.Sent+s.Dropped+s.Queued != s.Ended || min(s.Sent, s.Dropped, s.Queued, s.QueuedBytes) < 0 ||
		s.Queued > int64(spans) || s.QueuedBytes > int64(bytes) || (s.Queued == 0) != (s.QueuedBytes == 0) {
		t.Errorf("Stats() = %+v is wrong, with a queue of %d spans and %d bytes", s, spans, bytes)
	}
}

// assertEmpty checks Stats after Shutdown, when no span is queued.
func assertEmpty(t testing.TB, s zipkin.Stats, ended, sent int) {
	t.Helper()
	s.LastError = nil
	assert.Equal(t, zipkin.Stats{Ended: int64(ended), Sent: int64(sent), Dropped: int64(ended - sent)}, s, "Stats()")
}

// watch starts goroutines that check Stats again and again, until stop is called. Between two
// checks, each goroutine calls idle.
func watch(t testing.TB, tp *zipkin.Provider, cfg zipkin.Config, idle func()) (stop func()) {
	var all sync.WaitGroup
	end := make(chan struct{})
	for range 2 {
		all.Go(func() {
			for {
				assertBalanced(t, tp.Stats(), cfg)
				select {
				case <-end:
					return
				default:
					idle()
				}
			}
		})
	}
	return func() { close(end); all.Wait() }
}

// nowAndThen is the argument idle for watch in a bubble of synctest, where a Sleep costs no real
// time.
func nowAndThen() { time.Sleep(70 * time.Millisecond) }

// patience returns a context with more time than any test needs.
func patience(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// expired returns a context whose deadline has passed.
func expired(t testing.TB) context.Context {
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	t.Cleanup(cancel)
	return ctx
}
