package zline_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/line/zline"
	"example.com/clew/internal/logbind"
	"example.com/clew/internal/seam"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	parent = [8]byte{0x05, 0xe3, 0xac, 0x9a, 0x4f, 0x6e, 0x3b, 0x90}

	request = &line.Request{Method: "GET", Path: `/a "b"`, Remote: "192.0.2.1:80", Route: "/{x}", Status: 404, Bytes: 7, Duration: 4711 * time.Microsecond,
		ParentID: parent, CallerParentID: parent, UntrustedTraceID: id128, Panicked: true, Hijacked: true, ClientGone: true, Sampled: true}
	call = &line.Call{Method: "GET", Host: "h", Path: "/é", Status: 503, Attempt: 2, Duration: time.Millisecond, Body: 2 * time.Millisecond, Error: "a\nb",
		ParentID: parent, Sampled: true}
	plain = &line.Call{Method: "get", Host: "redis", Plain: true, Duration: time.Millisecond, Sampled: true}
	run   = &line.Run{Job: "sweep", Duration: time.Second, ScheduledBy: id128, Panicked: true, Sampled: true}
)

// With any logger, Send writes one line with the whole record, and with each ID once.
func TestSend(t *testing.T) {
	discard := zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) { e.Discard() })
	enriching := zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		type key struct{}
		e.Ctx(context.WithValue(e.GetCtx(), key{}, "x"))
	})
	type row struct {
		name   string
		logger func(w *lines) zerolog.Logger
		hooked bool
		level  zerolog.Level
		want   int // the number of lines; the last one contains the record
	}
	ours := logctx.Hook(logctx.Config{})
	for _, tt := range []row{
		{"our hook", func(w *lines) zerolog.Logger { return zerolog.New(w).Hook(ours) }, true, zerolog.InfoLevel, 1},
		{"our hook, of which Send does not know", func(w *lines) zerolog.Logger { return zerolog.New(w).Hook(ours) }, false, zerolog.InfoLevel, 1},
		{"two hooks of ours", func(w *lines) zerolog.Logger { return zerolog.New(w).Hook(ours, ours) }, true, zerolog.InfoLevel, 1},
		{"no hook", func(w *lines) zerolog.Logger { return zerolog.New(w) }, false, zerolog.InfoLevel, 1},
		{"no hook, although hooked is true", func(w *lines) zerolog.Logger { return zerolog.New(w) }, true, zerolog.InfoLevel, 2},
		{"a hook that is not ours", func(w *lines) zerolog.Logger {
			return zerolog.New(w).Hook(zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) { e.Str("x", "y") }))
		}, false, zerolog.InfoLevel, 1},
		{"our hook after a hook that replaces the event's context", func(w *lines) zerolog.Logger { return zerolog.New(w).Hook(enriching, ours) }, false, zerolog.InfoLevel, 1},
		{"our hook before a hook that replaces the event's context", func(w *lines) zerolog.Logger { return zerolog.New(w).Hook(ours, enriching) }, true, zerolog.InfoLevel, 1},
		{"our hook for some levels", func(w *lines) zerolog.Logger {
			levels := zerolog.NewLevelHook()
			levels.ErrorHook = ours
			return zerolog.New(w).Hook(levels)
		}, false, zerolog.InfoLevel, 1},
		{"our hook, and a line at another level", func(w *lines) zerolog.Logger { return zerolog.New(w).Hook(ours) }, true, zerolog.ErrorLevel, 1},
		{"our hook, and a line below the logger's level", func(w *lines) zerolog.Logger { return zerolog.New(w).Hook(ours).Level(zerolog.ErrorLevel) }, true, zerolog.InfoLevel, 0},
		{"no hook, and a line below the logger's level", func(w *lines) zerolog.Logger { return zerolog.New(w).Level(zerolog.ErrorLevel) }, false, zerolog.InfoLevel, 0},
		{"our hook in a disabled logger", func(w *lines) zerolog.Logger { return zerolog.New(w).Hook(ours).Level(zerolog.Disabled) }, false, zerolog.InfoLevel, 0},
		{"a hook before ours that discards the line", func(w *lines) zerolog.Logger { return zerolog.New(w).Hook(discard, ours) }, true, zerolog.InfoLevel, 0},
		{"a hook after ours that discards the line", func(w *lines) zerolog.Logger { return zerolog.New(w).Hook(ours, discard) }, true, zerolog.InfoLevel, 0},
		{"a hook that discards the line, without our hook", func(w *lines) zerolog.Logger { return zerolog.New(w).Hook(discard) }, false, zerolog.InfoLevel, 0},
		{"our hook, and a sampler that drops the line", func(w *lines) zerolog.Logger { return zerolog.New(w).Hook(ours).Sample(zerolog.RandomSampler(0)) }, true, zerolog.InfoLevel, 0},
	} {
		for _, rec := range []line.Record{request, call, plain, run} {
			t.Run(tt.name+", "+rec.Message(), func(t *testing.T) {
				w := newLines()
				l := tt.logger(w)
				p := &line.Pending{Context: testkit.Request(), Record: rec, Fields: []slog.Attr{slog.String("tenant", "t")}, Written: true}
				zline.Send(&l, tt.hooked, tt.level, p)
				read := w.read(t)
				require.Len(t, read, tt.want, "number of lines")
				if tt.want == 0 {
					return
				}
				last := read[tt.want-1]
				assert.Equal(t, rec, last.Record)
				assert.Equal(t, id128, last.TraceID)
				assert.Equal(t, spanID, last.SpanID)
				assert.Equal(t, tt.level.String(), last.Level)
				tenant, _ := last.Field("tenant")
				assert.Equal(t, "t", tenant.Value)
				ids := 0
				for _, f := range last.Fields {
					if f.Key == line.Default.Key(line.TraceID) {
						ids++
					}
				}
				assert.Equal(t, 1, ids, "the trace ID must be on the line once")
			})
		}
	}
}

// Send writes the IDs that the Pending contains. If the Pending contains none, Send writes those
// of its context, and none if the context has no trace.
func TestSendIDs(t *testing.T) {
	for _, tt := range []struct {
		name    string
		ctx     context.Context
		ids     string
		traceID string
		spanID  string
	}{
		{"IDs of the context", testkit.Request(), "", id128, spanID},
		{"IDs in the Pending", testkit.Request(), `"` + parentID + seam.Middle + parentID + `"`, parentID, parentID},
		{"no trace", context.Background(), "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, hooked := range []bool{false, true} {
				if hooked && tt.ids != "" {
					continue // a hook may be unable to use the text of IDs
				}
				w := newLines()
				l := zerolog.New(w)
				if hooked {
					l = l.Hook(logctx.Hook(logctx.Config{}))
				}
				zline.Send(&l, hooked, zerolog.InfoLevel, &line.Pending{Context: tt.ctx, Record: run, IDs: tt.ids})
				got := w.one(t)
				assert.Equal(t, tt.traceID, got.TraceID, "hooked: %t", hooked)
				assert.Equal(t, tt.spanID, got.SpanID, "hooked: %t", hooked)
				assert.Equal(t, line.Record(run), got.Record, "hooked: %t", hooked)
			}
		})
	}
}

// Log writes the IDs once, with our handler and with any other.
func TestLog(t *testing.T) {
	for _, tt := range []struct {
		name  string
		wrap  func(h slog.Handler) slog.Handler
		level slog.Level
		heard bool
		want  bool
	}{
		{"our handler", func(h slog.Handler) slog.Handler { return logctx.Slog(h, logctx.Config{}) }, slog.LevelInfo, false, true},
		{"another handler", func(h slog.Handler) slog.Handler { return h }, slog.LevelInfo, false, true},
		{"our handler within another", func(h slog.Handler) slog.Handler { return stranger{logctx.Slog(h, logctx.Config{})} }, slog.LevelInfo, false, true},
		{"another handler within ours", func(h slog.Handler) slog.Handler { return logctx.Slog(stranger{h}, logctx.Config{}) }, slog.LevelInfo, false, true},
		{"our handler, below the level", func(h slog.Handler) slog.Handler { return logctx.Slog(h, logctx.Config{}) }, slog.LevelDebug, false, false},
		{"another handler, below the level", func(h slog.Handler) slog.Handler { return h }, slog.LevelDebug, false, false},
		{"our handler, in a debug trace", func(h slog.Handler) slog.Handler { return logctx.Slog(h, logctx.Config{}) }, slog.LevelDebug, true, true},
		{"another handler, in a debug trace", func(h slog.Handler) slog.Handler { return h }, slog.LevelDebug, true, true},
		{"another handler, below the level debug in a debug trace", func(h slog.Handler) slog.Handler { return h }, slog.LevelDebug - 1, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			p := &line.Pending{Context: testkit.Request(), Record: request, Fields: []slog.Attr{slog.String("tenant", "t")}, Names: line.NewNames(line.ECS, "", "", line.Hex, "")}
			zline.Log(tt.wrap(slog.NewJSONHandler(&out, nil)), tt.heard, tt.level, p)
			if !tt.want {
				assert.Empty(t, out.String())
				return
			}
			l, err := line.Parse(out.Bytes())
			require.NoError(t, err)
			assert.Equal(t, line.Record(request), l.Record, "record of %s", &out)
			assert.Equal(t, id128, l.TraceID)
			assert.Equal(t, spanID, l.SpanID)
			assert.Equal(t, 1, bytes.Count(out.Bytes(), []byte(spanID)), "the span ID must be once in %s", &out)
			assert.Equal(t, tt.level.String(), l.Level)
		})
	}
}

// stranger is a handler that knows nothing of our handlers.
type stranger struct{ slog.Handler }

// Out writes with the zerolog logger of the context. If the context has none, Out writes with the
// slog logger of the context, and if it has none either, with the global logger.
func TestOut(t *testing.T) {
	fallback, former := newLines(), log.Logger
	log.Logger = zerolog.New(fallback)
	t.Cleanup(func() { log.Logger = former })
	for _, tt := range []struct {
		name               string
		zerologs, slogs    bool
		wantZero, wantSlog int
		wantFallback       int
		level              slog.Level
		debug              bool
	}{
		{name: "both loggers", zerologs: true, slogs: true, wantZero: 1},
		{name: "a zerolog logger", zerologs: true, wantZero: 1},
		{name: "a slog logger", slogs: true, wantSlog: 1},
		{name: "no logger", wantFallback: 1},
		{name: "a slog logger, below its level", slogs: true, level: slog.LevelDebug},
		{name: "a slog logger, below its level in a debug trace", slogs: true, level: slog.LevelDebug, debug: true, wantSlog: 1},
		{name: "a zerolog logger, below its level", zerologs: true, level: slog.LevelDebug},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fallback.events = nil
			zero, ctx := newLines(), testkit.Request()
			var out bytes.Buffer
			if tt.zerologs {
				ctx = logbind.Bind(ctx, zerolog.New(zero).Level(zerolog.InfoLevel).Hook(logctx.Hook(logctx.Config{})))
			}
			if tt.slogs {
				ctx = context.WithValue(ctx, seam.SlogKey{}, slog.New(logctx.Slog(slog.NewJSONHandler(&out, nil), logctx.Config{})))
			}
			zline.Out(&line.Pending{Context: ctx, Record: run}, tt.level, tt.debug)
			assert.Len(t, zero.events, tt.wantZero, "lines of zerolog")
			assert.Equal(t, tt.wantSlog, bytes.Count(out.Bytes(), []byte("\n")), "lines of slog: %s", &out)
			assert.Len(t, fallback.events, tt.wantFallback, "lines of the global logger")
			for _, w := range []*lines{zero, fallback} {
				for _, l := range w.read(t) {
					assert.Equal(t, line.Record(run), l.Record)
					assert.Equal(t, trace.ID(ctx), l.TraceID)
				}
			}
		})
	}
}

func TestLevel(t *testing.T) {
	for _, tt := range []struct {
		slog slog.Level
		want zerolog.Level
	}{
		{slog.LevelDebug - 1, zerolog.TraceLevel}, {-100, zerolog.TraceLevel}, {slog.LevelDebug, zerolog.DebugLevel}, {slog.LevelDebug + 3, zerolog.DebugLevel},
		{slog.LevelInfo, zerolog.InfoLevel}, {slog.LevelInfo + 1, zerolog.InfoLevel}, {slog.LevelWarn, zerolog.WarnLevel},
		{slog.LevelError, zerolog.ErrorLevel}, {slog.LevelError + 8, zerolog.ErrorLevel}, // a log line must never end the program
	} {
		assert.Equal(t, tt.want, zline.Level(tt.slog), "Level(%v)", tt.slog)
	}
}

func TestSlogLevel(t *testing.T) {
	for _, tt := range []struct {
		zerolog zerolog.Level
		want    slog.Level
		ok      bool
	}{
		{zerolog.TraceLevel, slog.LevelDebug - 4, true}, {zerolog.DebugLevel, slog.LevelDebug, true}, {zerolog.InfoLevel, slog.LevelInfo, true},
		{zerolog.WarnLevel, slog.LevelWarn, true}, {zerolog.ErrorLevel, slog.LevelError, true}, {zerolog.FatalLevel, slog.LevelError + 4, true},
		{zerolog.PanicLevel, slog.LevelError + 8, true}, {zerolog.NoLevel, slog.LevelInfo, true}, {zerolog.Disabled, 0, false}, {-128, -129 * 4, true},
	} {
		got, ok := zline.SlogLevel(tt.zerolog)
		assert.Equal(t, tt.want, got, "SlogLevel(%v)", tt.zerolog)
		assert.Equal(t, tt.ok, ok, "SlogLevel(%v)", tt.zerolog)
		if ok && tt.zerolog >= zerolog.TraceLevel && tt.zerolog <= zerolog.ErrorLevel {
			assert.Equal(t, tt.zerolog, zline.Level(got), "Level must reverse SlogLevel")
		}
	}
}
