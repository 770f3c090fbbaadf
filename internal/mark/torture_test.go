package mark_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/internal/torture"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counted counts lines or requests: all, those without a trace, and those with a wrong trace.
type counted struct{ all, missing, wrong atomic.Int64 }

func (c *counted) look(got, want string) {
	c.all.Add(1)
	switch got {
	case want:
	case "":
		c.missing.Add(1)
	default:
		c.wrong.Add(1)
	}
}

// Write checks a line. The field "for" of the line contains the wanted trace ID.
func (c *counted) Write(line []byte) (int, error) {
	c.look(value(line, `"trace_id":"`), value(line, `"for":"`))
	return len(line), nil
}

// value returns the text in line between key and the next quote.
func value(line []byte, key string) string {
	_, rest, _ := bytes.Cut(line, []byte(key))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(id)
}

// RoundTrip checks a request. The header For contains the wanted trace ID.
func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := trace.FromHeader(r.Header)
	if err != nil {
		b = trace.B3{}
	}
	c.look(b.ID(), r.Header.Get("For"))
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}, nil
}

// round lets goroutines wait for each other.
type round struct {
	mu      sync.Mutex
	n, here int
	next    chan struct{}
}

func (r *round) wait() {
	r.mu.Lock()
	next := r.next
	if r.here++; r.here == r.n {
		r.here, r.next = 0, make(chan struct{})
		close(next)
	}
	r.mu.Unlock()
	<-next
}

// Each goroutine serves one request after another, each under a mark. The goroutines wait for each
// other, so all requests of a round are in flight before the first of them logs. No called
// function gets a context with a trace.
func TestTortureImplicit(t *testing.T) {
	goroutines, all := torture.Size(200, 1000), torture.Size(20_000, 1_000_000)
	const each = 5 // how many lines and outgoing requests each served request makes
	var lines, requests counted
	log := logctx.New(&lines)
	structured := slog.New(logctx.Slog(slog.NewJSONHandler(&lines, nil), logctx.Config{}))
	client := httpclient.Wrap(&http.Client{Transport: &requests}, httpclient.Config{Propagate: func(*http.Request) bool { return true }})
	serve := func(id string, depth int) {
		deep(depth, func() {
			log.Info().Str("for", id).Msg("zerolog")
			runtime.Gosched()
			structured.Info("slog", "for", id)
			r, err := http.NewRequest(http.MethodGet, "http://service.test/", nil)
			require.NoError(t, err)
			r.Header.Set("For", id)
			resp, err := client.Do(r)
			if assert.NoError(t, err, "Do") {
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			runtime.Gosched()
		})
		log.Info().Str("for", id).Msg("afterwards")
	}
	start := &round{n: goroutines, next: make(chan struct{})}
	var serving sync.WaitGroup
	for g := range goroutines {
		serving.Go(func() {
			for n := range all / goroutines / each {
				ctx, span := trace.Start(context.Background(), "request")
				trace.Do(ctx, func(context.Context) {
					start.wait()
					id := trace.ID(ctx)
					serve(id, (g+n)%60)
					// A part of the request's work has another trace.
					inner, part := trace.Start(context.Background(), "part")
					trace.Do(inner, func(context.Context) { log.Info().Str("for", trace.ID(inner)).Msg("part") })
					part.End()
				})
				span.End()
				assert.Empty(t, trace.ID(trace.Implicit(context.Background())), "trace between two requests")
			}
		})
	}
	serving.Wait()
	assert.EqualValues(t, all, lines.all.Load()+requests.all.Load(), "lines and requests")
	for name, c := range map[string]*counted{"lines": &lines, "requests": &requests} {
		assert.Zero(t, c.wrong.Load(), "wrong %s", name)
		assert.Zero(t, c.missing.Load(), "%s without an ID", name)
	}
	torture.Row(t, "Goroutine's trace", "%d requests served by %d goroutines, all in flight at once: %d lines without a context: wrong %d, missing %d; %d requests sent without one: wrong %d, missing %d",
		all/each, goroutines, lines.all.Load(), lines.wrong.Load(), lines.missing.Load(), requests.all.Load(), requests.wrong.Load(), requests.missing.Load())
}
