package zapctx_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/logctx/zapctx"
	"github.com/stretchr/testify/assert"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// entry is a line on its way to another goroutine.
type entry struct {
	zapcore.Entry
	fields []zapcore.Field
}

// async is a core that writes on a goroutine of its own.
type async struct {
	zapcore.Core
	queue chan entry
}

func (c async) With(fields []zapcore.Field) zapcore.Core { return async{c.Core.With(fields), c.queue} }

func (c async) Check(ent zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return ce.AddCore(ent, c)
}

func (c async) Write(ent zapcore.Entry, fields []zapcore.Field) error {
	c.queue <- entry{ent, fields}
	return nil
}

// newAsync returns the core, and what ends it when all is written.
func newAsync(core zapcore.Core) (zapcore.Core, func()) {
	c := async{core, make(chan entry, 64)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range c.queue {
			_ = core.Write(e.Entry, e.fields)
		}
	}()
	return c, func() { close(c.queue); <-done }
}

// None of 10,000 requests that are handled at once, on 64 goroutines each of which serves many,
// has a line without its ID or with another's. Each logs on its own goroutine, and on a bare one,
// which may have none.
func TestRequests(t *testing.T) {
	const requests, width = 10_000, 64
	ours := func(core zapcore.Core) zapcore.Core { return zapctx.New(core, logctx.Config{}) }
	for _, tt := range []struct {
		name  string
		core  func(to zapcore.WriteSyncer) (zapcore.Core, func())
		blind bool // our core is called on another goroutine
	}{
		{"plain", func(to zapcore.WriteSyncer) (zapcore.Core, func()) { return ours(plain(to, zap.DebugLevel)), func() {} }, false},
		{"buffered", func(to zapcore.WriteSyncer) (zapcore.Core, func()) {
			buffer := &zapcore.BufferedWriteSyncer{WS: to, Size: 4096}
			return ours(plain(buffer, zap.DebugLevel)), func() { _ = buffer.Stop() }
		}, false},
		{"sampler and Tee inside", func(to zapcore.WriteSyncer) (zapcore.Core, func()) {
			tee := zapcore.NewTee(plain(to, zap.DebugLevel), plain(to, zap.ErrorLevel))
			return ours(zapcore.NewSamplerWithOptions(tee, time.Hour, 1<<30, 1)), func() {}
		}, false},
		{"asynchronous inside", func(to zapcore.WriteSyncer) (zapcore.Core, func()) {
			core, end := newAsync(plain(to, zap.DebugLevel))
			return ours(core), end
		}, false},
		{"asynchronous outside", func(to zapcore.WriteSyncer) (zapcore.Core, func()) { return newAsync(ours(plain(to, zap.DebugLevel))) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out output
			core, end := tt.core(&out)
			captured := zap.New(core)
			with := captured.With(zap.String("captured", "yes")).Named("with")
			var meet atomic.Int64
			var bare sync.WaitGroup
			handler := httpmw.New(httpmw.Config{Implicit: true})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				want := zap.String("want", r.Header.Get("X-B3-TraceId"))
				captured.Info(message, want)
				for meet.Add(1); meet.Load()%3 != 0; meet.Add(1) { // others come between
				}
				with.Info(message, want)
				bare.Go(func() {
					captured.Info("bare", want)
					captured.Info("explicit", want, zapctx.Context(r.Context()))
				})
			}))
			var numbers atomic.Int64
			var serve sync.WaitGroup
			for range width {
				serve.Go(func() {
					for n := numbers.Add(1); n <= requests; n = numbers.Add(1) {
						r := httptest.NewRequest(http.MethodGet, "/", bytes.NewReader(nil))
						r.Header.Set("X-B3-TraceId", fmt.Sprintf("%032x", n))
						r.Header.Set("X-B3-SpanId", fmt.Sprintf("%016x", n))
						handler.ServeHTTP(httptest.NewRecorder(), r)
					}
				})
			}
			serve.Wait()
			bare.Wait()
			end()

			type count struct{ lines, wrong, missing int }
			counts := map[string]count{}
			for _, line := range out.lines(t) {
				what := line["msg"].(string)
				c := counts[what]
				c.lines++
				switch line["trace_id"] {
				case line["want"]:
				case nil:
					c.missing++
				default:
					c.wrong++
				}
				counts[what] = c
			}
			onRequest, onBare := count{lines: 2 * requests}, count{lines: requests, missing: requests}
			if tt.blind {
				onRequest.missing = 2 * requests
			}
			assert.Equal(t, onRequest, counts[message], "on request goroutines")
			assert.Equal(t, onBare, counts["bare"], "on bare goroutines")
			assert.Equal(t, count{lines: requests}, counts["explicit"], "explicit, on bare goroutines")
		})
	}
}
