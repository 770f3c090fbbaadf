package logctx_test

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
)

// A line without a context has the trace that trace.Do has set for its goroutine, whatever logger
// writes the line.
func TestImplicit(t *testing.T) {
	for _, tt := range []struct {
		name string
		log  func(out *bytes.Buffer)
		key  string
		want string
	}{
		{"zerolog, without a context", func(out *bytes.Buffer) { l := testkit.Hooked(out); l.Info().Msg(message) }, "trace_id", id128},
		{"zerolog, with a context without a trace", func(out *bytes.Buffer) {
			l := testkit.Hooked(out)
			l.Info().Ctx(t.Context()).Msg(message)
		}, "trace_id", id128},
		{"logctx.Info", func(out *bytes.Buffer) { logctx.Info(testkit.Hooked(out).WithContext(t.Context())).Msg(message) }, "trace_id", id128},
		{"a preset", func(out *bytes.Buffer) {
			l := logctx.New(out, logctx.GoogleCloud("p"))
			l.Info().Msg(message)
		}, "logging.googleapis.com/trace", "projects/p/traces/" + id128},
		{"slog", func(out *bytes.Buffer) {
			slog.New(logctx.Slog(slog.NewJSONHandler(out, nil), logctx.Config{})).Info(message)
		}, "trace_id", id128},
		{"slog, in a group", func(out *bytes.Buffer) {
			slog.New(logctx.Slog(slog.NewJSONHandler(out, nil), logctx.Config{})).WithGroup("g").Info(message, "k", "v")
		}, "trace_id", id128},
		{"SlogFrom without a trace", func(out *bytes.Buffer) {
			logctx.SlogFrom(logctx.WithSlog(t.Context(), slog.New(slog.NewJSONHandler(out, nil)))).Info(message)
		}, "trace_id", id128},
		{"package log, through zerolog", func(out *bytes.Buffer) { log.New(testkit.Hooked(out), "", 0).Print(message) }, "trace_id", id128},
		{"package log, through slog", func(out *bytes.Buffer) {
			slog.NewLogLogger(logctx.Slog(slog.NewJSONHandler(out, nil), logctx.Config{}), slog.LevelInfo).Print(message)
		}, "trace_id", id128},
		{"a context with another trace", func(out *bytes.Buffer) {
			l := testkit.Hooked(out)
			l.Info().Ctx(testkit.Context(id64 + "-" + spanID)).Msg(message)
		}, "trace_id", id64},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			trace.Do(testkit.Request(), func(context.Context) { tt.log(&out) })
			assert.Equal(t, tt.want, testkit.TakeLine(t, &out)[tt.key], "the line %s", &out)

			if tt.name == "a context with another trace" {
				return
			}
			out.Reset()
			tt.log(&out)
			assert.NotContains(t, testkit.TakeLine(t, &out), tt.key, "a line outside of Do")
			out.Reset()
			trace.Do(testkit.Request(), func(context.Context) {
				trace.Do(context.Background(), func(context.Context) { tt.log(&out) })
			})
			assert.NotContains(t, testkit.TakeLine(t, &out), tt.key, "a line in an inner Do without a trace")
		})
	}
}

// OnMissing is not called for a line that has its goroutine's trace. It is called for a line on a
// goroutine from a bare go statement.
func TestImplicitIsNotMissing(t *testing.T) {
	missing := 0
	cfg := logctx.Config{OnMissing: func(runtime.Frame) { missing++ }}
	var out bytes.Buffer
	zero, slogs := zerolog.New(&out).Hook(logctx.Hook(cfg)), slog.New(logctx.Slog(slog.NewJSONHandler(&out, nil), cfg))
	trace.Do(testkit.Request(), func(context.Context) {
		zero.Info().Msg(message)
		slogs.Info(message)
		assert.Zero(t, missing, "calls of OnMissing in a Do")
		done := make(chan struct{})
		go func() {
			defer close(done)
			zero.Info().Msg(message)
			slogs.Info(message)
		}()
		<-done
	})
	assert.Equal(t, 2, missing, "calls of OnMissing on a bare goroutine")
}

// A line that has its goroutine's trace costs no allocation.
func TestImplicitAllocations(t *testing.T) {
	logger := testkit.Hooked(discard{})
	trace.Do(testkit.Request(), func(context.Context) {
		got := testing.AllocsPerRun(1000, func() { logger.Info().Msg(message) })
		assert.LessOrEqual(t, got, float64(raceAllocs), "allocations of a line")
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// A call in a context without a trace belongs to the goroutine's trace.
func TestCallImplicit(t *testing.T) {
	trace.Do(testkit.Request(), func(context.Context) {
		ctx, done := logctx.Call(context.Background(), "db", "get")
		done(nil)
		assert.Equal(t, id128, trace.ID(ctx), "trace of the call")
		b, _ := trace.FromContext(ctx)
		assert.Equal(t, spanID, b.ParentSpanID.String(), "parent of the call's span")
	})

	// If the goroutine's trace is a debug trace, the line of the call ignores the logger's level.
	var out bytes.Buffer
	globals(t, nil, testkit.Hooked(&out).Level(zerolog.InfoLevel))
	for _, tt := range []struct {
		sampling string
		want     int
	}{{"1", 0}, {"d", 1}} {
		trace.Do(testkit.Context(id128+"-"+spanID+"-"+tt.sampling), func(context.Context) {
			_, done := logctx.Call(context.Background(), "db", "get")
			done(nil)
		})
		assert.Equal(t, tt.want, strings.Count(out.String(), id128), "lines with sampling %s: %s", tt.sampling, &out)
	}
}
