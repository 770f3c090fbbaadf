package httpmw_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
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
)

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
				l := stored.Level(zerolog.InfoLevel) // since some of the loggers are disabled
				l.Info().Msg("plain")
			}))
			serve(h, get(nil))
			line := out.Line(t)
			assert.Equal(t, id, line[tt.key], "%s of %v", tt.key, line)
			if tt.key != "trace_id" {
				assert.NotContains(t, line, "trace_id", "the line of a logger whose own hook writes another key")
			}
		})
	}
}

// TestNewLoggerSampler: New finds the hook of a logger that has a Sampler, and the search does
// not call the Sampler.
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
			assert.Len(t, out.Lines(t), 1, "lines: the sampler lets the first of two events through")
		})
	}
}

// TestNewLoggerDisabled: with a disabled logger no line is written, not even to the global
// logger.
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
			serve(h, get(testkit.Header("b3", "d"))) // a caller's debug does not enable the logger
			assert.Empty(t, global.String(), "lines in zerolog's global logger")
			assert.Empty(t, own.String(), "lines of the disabled logger")
		})
	}
}

// TestNewWithoutLogger: the handler's context keeps the logger that it had.
func TestNewWithoutLogger(t *testing.T) {
	logger := zerolog.New(io.Discard).Level(zerolog.WarnLevel)
	ctx := logger.WithContext(t.Context())
	var got *zerolog.Logger
	h := httpmw.New(httpmw.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = zerolog.Ctx(r.Context()) }))
	serve(h, get(testkit.Header("b3", "d")).WithContext(ctx))
	assert.Same(t, zerolog.Ctx(ctx), got, "the logger in the handler's context")
	assert.Equal(t, zerolog.WarnLevel, got.GetLevel(), "level of that logger in a debug trace")
}

// TestNewDebugLevel: in a trusted debug trace the logger of a request writes lines of level
// debug. Otherwise it keeps its own level.
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
		{"debug without IDs", nil, zerolog.WarnLevel, testkit.Header("b3", "d"), zerolog.DebugLevel},
		{"debug, for a logger at level trace", nil, zerolog.TraceLevel, debugs, zerolog.TraceLevel},
		{"accept", nil, zerolog.WarnLevel, testkit.Header("b3", id64+"-"+spanID+"-1"), zerolog.WarnLevel},
		{"no headers", nil, zerolog.WarnLevel, nil, zerolog.WarnLevel},
		{"debug under TrustAll", trusting(httpmw.TrustAll), zerolog.WarnLevel, debugs, zerolog.DebugLevel},
		{"debug under TrustIDs", trusting(httpmw.TrustIDs), zerolog.WarnLevel, debugs, zerolog.WarnLevel},
		{"debug under TrustNone", trusting(httpmw.TrustNone), zerolog.WarnLevel, debugs, zerolog.WarnLevel},
		{"debug without IDs under TrustIDs", trusting(httpmw.TrustIDs), zerolog.WarnLevel, testkit.Header("b3", "d"), zerolog.WarnLevel},
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

// TestNewThenRoot: a handler in a debug trace begins a new root. In the root, the logger has the
// root's trace ID, and its own level again.
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
// a buffer. The race detector and the lines show whether they do.
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

// Under TrustNone a new trace begins. A logger that was bound further out is bound to the new
// trace.
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
