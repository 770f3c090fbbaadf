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

// newAsync returns an async core around core, and a function that waits until all lines are
// written and ends the core's goroutine.
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

// asyncTest is a chain of cores that includes ours and ends in a WriteSyncer. Another core may be
// outside of ours or inside. The function that core returns flushes the chain.
type asyncTest struct {
	name  string
	core  func(to zapcore.WriteSyncer) (zapcore.Core, func())
	blind bool // our core runs on another goroutine than the request
}

func ours(core zapcore.Core) zapcore.Core { return zapctx.New(core, logctx.Config{}) }

var asyncTests = []asyncTest{
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
}

// 10,000 requests log, served by 64 goroutines at once. Each line has the ID of its own request. A
// request logs on its own goroutine and on one from a bare go statement. On the latter, a line
// without a context has no ID.
func TestRequests(t *testing.T) {
	const requests = 10_000
	for _, tt := range asyncTests {
		t.Run(tt.name, func(t *testing.T) {
			var out output
			core, end := tt.core(&out)
			serveLogging(zap.New(core), requests)
			end()

			counts := tallyByMessage(out.lines(t))
			onRequest, onBare := tally{lines: 2 * requests}, tally{lines: requests, missing: requests}
			if tt.blind {
				onRequest.missing = 2 * requests
			}
			assert.Equal(t, onRequest, counts[message], "lines on request goroutines")
			assert.Equal(t, onBare, counts["bare"], "lines without a context on bare goroutines")
			assert.Equal(t, tally{lines: requests}, counts["explicit"], "lines with a context on bare goroutines")
		})
	}
}

// serveLogging serves requests whose handlers log with logger. The field "want" has the ID that
// the line must have.
func serveLogging(logger *zap.Logger, requests int64) {
	const width = 64
	with := logger.With(zap.String("captured", "yes")).Named("with")
	var meet, numbers atomic.Int64
	var bare, serve sync.WaitGroup
	handler := httpmw.New(httpmw.Config{Implicit: true})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		want := zap.String("want", r.Header.Get("X-B3-TraceId"))
		logger.Info(message, want)
		for meet.Add(1); meet.Load()%3 != 0; meet.Add(1) { // let other requests log in between
		}
		with.Info(message, want)
		bare.Go(func() {
			logger.Info("bare", want)
			logger.Info("explicit", want, zapctx.Context(r.Context()))
		})
	}))
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
}

// tally counts the lines with one message: all of them, those with a wrong ID, and those without
// an ID.
type tally struct{ lines, wrong, missing int }

func tallyByMessage(lines []map[string]any) map[string]tally {
	counts := map[string]tally{}
	for _, line := range lines {
		text := line["msg"].(string)
		c := counts[text]
		c.lines++
		switch line["trace_id"] {
		case line["want"]:
		case nil:
			c.missing++
		default:
			c.wrong++
		}
		counts[text] = c
	}
	return counts
}
