package logctx_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"testing"

	"example.com/clew/internal/line"
	"example.com/clew/internal/line/zline"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
)

func TestSlogFrom(t *testing.T) {
	var none context.Context
	const other = id64 + "-" + spanID
	for _, tt := range []struct {
		name string
		log  func(l *slog.Logger)
		want fields
	}{
		{name: "Info", log: func(l *slog.Logger) { l.Info(message) }, want: fields{"trace_id": id128, "span_id": spanID}},
		{name: "InfoContext, no trace", log: func(l *slog.Logger) { l.InfoContext(t.Context(), message) }, want: fields{"trace_id": id128, "span_id": spanID}},
		{name: "InfoContext, another trace", log: func(l *slog.Logger) { l.InfoContext(testkit.Context(other), message) }, want: fields{"trace_id": id64, "span_id": spanID}},
		{name: "nil context", log: func(l *slog.Logger) { l.InfoContext(none, message) }, want: fields{"trace_id": id128, "span_id": spanID}},
		{name: "With", log: func(l *slog.Logger) { l.With("k", "v").Info(message) }, want: fields{"trace_id": id128, "span_id": spanID, "k": "v"}},
		{name: "WithGroup", log: func(l *slog.Logger) { l.WithGroup("g").Info(message, "k", "v") }, want: fields{"trace_id": id128, "span_id": spanID, "g": fields{"k": "v"}}},
	} {
		for _, ours := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				var out bytes.Buffer
				var h slog.Handler = slog.NewJSONHandler(&out, nil)
				if ours {
					h = logctx.Slog(h, logctx.Config{})
				}
				tt.log(logctx.SlogFrom(logctx.WithSlog(testkit.Request(), slog.New(h))))
				line := testkit.TakeLine(t, &out)
				delete(line, "time")
				delete(line, "level")
				assert.Equal(t, message, line["msg"], "msg")
				delete(line, "msg")
				assert.Equal(t, tt.want, line, "line")
			})
		}
	}
}

// If the context has no logger, SlogFrom uses slog's default logger. Its lines have the ID of the
// context.
func TestSlogFromDefault(t *testing.T) {
	old := slog.Default()
	defer slog.SetDefault(old)
	var out bytes.Buffer
	slog.SetDefault(slog.New(slog.NewJSONHandler(&out, nil)))
	logctx.SlogFrom(testkit.Request()).Info(message)
	assert.Equal(t, id128, testkit.TakeLine(t, &out)["trace_id"], "trace_id")

	out.Reset()
	slog.SetDefault(slog.New(logctx.Slog(slog.NewJSONHandler(&out, nil), logctx.Datadog())))
	logctx.SlogFrom(testkit.Request()).Info(message)
	line := testkit.TakeLine(t, &out)
	assert.NotContains(t, line, "trace_id", "line of a default logger with our handler and Datadog's keys")
	assert.Contains(t, line, "dd.trace_id", "line of a default logger with our handler and Datadog's keys")

	out.Reset()
	var none context.Context
	logctx.SlogFrom(none).Info(message)
	assert.NotContains(t, testkit.TakeLine(t, &out), "dd.trace_id", "a line without a trace")

	out.Reset()
	logctx.SlogFrom(logctx.WithSlog(testkit.Request(), nil)).Info(message)
	assert.Contains(t, testkit.TakeLine(t, &out), "dd.trace_id", "a line of the logger that WithSlog(ctx, nil) stores")
}

// The level of a logger from the context is ignored in a debug trace, and only there.
func TestSlogFromDebug(t *testing.T) {
	for _, tt := range []struct {
		name, b3 string
		stored   bool
		want     int
	}{
		{"debug", id64 + "-" + spanID + "-d", true, 2},
		{"accept", id64 + "-" + spanID + "-1", true, 1},
		{"debug, slog's default", id64 + "-" + spanID + "-d", false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			logger := slog.New(slog.NewJSONHandler(&out, nil))
			ctx := testkit.Context(tt.b3)
			if tt.stored {
				ctx = logctx.WithSlog(ctx, logger)
			} else {
				old := slog.Default()
				defer slog.SetDefault(old)
				slog.SetDefault(logger)
			}
			l := logctx.SlogFrom(ctx).With("k", "v")
			l.Debug(message)
			l.Info(message)
			l.Log(ctx, slog.LevelDebug-1, message)
			assert.Equal(t, tt.want, bytes.Count(out.Bytes(), []byte("\n")), "lines:\n%s", &out)

			out.Reset()
			root, span := trace.Root(ctx, "job")
			defer span.End()
			logctx.SlogFrom(root).Debug(message)
			assert.Empty(t, out.String(), "debug lines of a new trace")
		})
	}
}

// A program may keep the logger of a debug trace. Used in another trace, that logger still obeys
// its own level. A logger of another trace accepts the lines of debug traces, if the logger comes
// from a context.
func TestSlogFromOtherTrace(t *testing.T) {
	var out bytes.Buffer
	quiet := logctx.WithSlog(testkit.Context(id128+"-"+spanID+"-1"), slog.New(slog.NewJSONHandler(&out, nil)))
	debug := logctx.WithSlog(testkit.Context(id64+"-"+spanID+"-d"), slog.New(slog.NewJSONHandler(&out, nil)))
	for _, tt := range []struct {
		name    string
		of, ctx context.Context
		level   slog.Level
		want    int
	}{
		{"logger of a debug trace, line of that trace, at debug", debug, t.Context(), slog.LevelDebug, 1},
		{"logger of a debug trace, line of another trace, at debug", debug, quiet, slog.LevelDebug, 0},
		{"logger of a debug trace, line of another trace, at info", debug, quiet, slog.LevelInfo, 1},
		{"logger of another trace, line of a debug trace, at debug", quiet, debug, slog.LevelDebug, 1},
		{"logger of another trace, line of a debug trace, below debug", quiet, debug, slog.LevelDebug - 1, 0},
		{"slog's default logger, line of a debug trace, at debug", testkit.Context(id128 + "-" + spanID + "-1"), debug, slog.LevelDebug, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			old := slog.Default()
			defer slog.SetDefault(old)
			slog.SetDefault(slog.New(slog.NewJSONHandler(&out, nil)))
			out.Reset()
			logctx.SlogFrom(tt.of).Log(tt.ctx, tt.level, message)
			assert.Equal(t, tt.want, bytes.Count(out.Bytes(), []byte("\n")), "lines:\n%s", &out)
		})
	}
}

// Other handlers find the values of the line's own context, and also the values of the context
// that the logger is bound to.
func TestSlogFromKeepsValues(t *testing.T) {
	type key string
	bound := context.WithValue(context.WithValue(testkit.Request(), key("tenant"), "a"), key("user"), "7")
	var out bytes.Buffer
	values := &valuesHandler{Handler: logctx.Slog(slog.NewJSONHandler(&out, nil), logctx.Config{}), get: func(ctx context.Context) []slog.Attr {
		return []slog.Attr{slog.Any("tenant", ctx.Value(key("tenant"))), slog.Any("user", ctx.Value(key("user")))}
	}}
	l := logctx.SlogFrom(logctx.WithSlog(bound, slog.New(values)))
	l.InfoContext(context.WithValue(t.Context(), key("tenant"), "b"), message)
	line := testkit.TakeLine(t, &out)
	assert.Equal(t, "b", line["tenant"], "value of the line's own context")
	assert.Equal(t, "7", line["user"], "value of the bound context")
	assert.Equal(t, id128, line["trace_id"], "trace_id")
}

// valuesHandler adds attributes from the context, as other handlers do.
type valuesHandler struct {
	slog.Handler
	get func(ctx context.Context) []slog.Attr
}

func (h *valuesHandler) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(h.get(ctx)...)
	return h.Handler.Handle(ctx, r)
}

// logctx finds its own handler inside of any wrapper, even a wrapper whose Enabled does not call
// ours.
func TestSlogFound(t *testing.T) {
	plain := slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn})
	for _, tt := range []struct {
		name string
		wrap func(h slog.Handler) slog.Handler
	}{
		{"not wrapped", func(h slog.Handler) slog.Handler { return h }},
		{"in a handler that embeds it", func(h slog.Handler) slog.Handler {
			return &valuesHandler{h, func(context.Context) []slog.Attr { return nil }}
		}},
		{"in a handler with its own level", func(h slog.Handler) slog.Handler { return &levelHandler{h, slog.LevelDebug} }},
		{"in a handler that cannot be compared", func(h slog.Handler) slog.Handler { return incomparable{Handler: h} }},
		{"the first of two", func(h slog.Handler) slog.Handler { return testkit.MultiHandler(h, plain) }},
		{"the second of two", func(h slog.Handler) slog.Handler { return testkit.MultiHandler(plain, h) }},
		{"the second of two, between handlers with their own levels", func(h slog.Handler) slog.Handler {
			return &levelHandler{testkit.MultiHandler(plain, &levelHandler{h, slog.LevelDebug}), slog.LevelDebug}
		}},
		{"in the handler of a logger from SlogFrom", func(h slog.Handler) slog.Handler {
			return logctx.SlogFrom(logctx.WithSlog(testkit.Request(), slog.New(testkit.MultiHandler(plain, h)))).Handler()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			logger := slog.New(tt.wrap(logctx.Slog(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}), logctx.Datadog())))
			for _, b3 := range []string{"1", "d"} {
				ctx := logctx.WithSlog(testkit.Context(id128+"-"+spanID+"-"+b3), logger)
				// The field k shows that a line was written by the request's logger, and not by
				// another one.
				ctx = logctx.WithSlog(ctx, logctx.SlogFrom(ctx).With("k", "v"))
				for _, level := range []slog.Level{slog.LevelInfo, slog.LevelError} {
					out.Reset()
					logctx.SlogFrom(ctx).Log(ctx, level, message)
					got := testkit.TakeLine(t, &out)
					delete(got, "time")
					assert.Equal(t, fields{"level": level.String(), "msg": message, "k": "v", "dd.trace_id": "16266516598257821587", "dd.span_id": "11744061942159299346"}, got, "line")

					out.Reset()
					zline.Out(&line.Pending{Context: ctx, Record: &line.Call{Host: "h", Method: "GET", Path: "/"}}, level, b3 == "d")
					got = testkit.TakeLine(t, &out)
					delete(got, "time")
					assert.Equal(t, fields{"level": level.String(), "msg": line.MessageCall, "k": "v", "dd.trace_id": "16266516598257821587", "dd.span_id": "11744061942159299346",
						"http.method": "GET", "http.url_details.host": "h", "http.url_details.path": "/", "duration": 0.0}, got, "line of a call")
				}
			}
		})
	}
}

// If a logger has several of our handlers, the first handler's Config names a call's own fields
// (method, host, …), at each level. Each handler names the ID itself.
func TestSlogFoundTwice(t *testing.T) {
	var out bytes.Buffer
	first := logctx.Slog(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn}), logctx.Datadog())
	second := logctx.Slog(slog.NewJSONHandler(&out, nil), logctx.Config{})
	for _, h := range []slog.Handler{testkit.MultiHandler(first, second), incomparable{Handler: testkit.MultiHandler(first, second)}} {
		ctx := logctx.WithSlog(testkit.Request(), slog.New(h))
		for _, level := range []slog.Level{slog.LevelInfo, slog.LevelError} {
			out.Reset()
			zline.Out(&line.Pending{Context: ctx, Record: &line.Call{}}, level, false)
			got := testkit.TakeLine(t, &out)
			assert.Contains(t, got, "http.method", "line of a call at %v", level)
			assert.Equal(t, id128, got["trace_id"], "trace_id at %v", level)
		}
	}
}

// incomparable is a handler whose type is not comparable: == between two of them panics.
type incomparable struct {
	slog.Handler
	_ []int
}

// levelHandler is the LevelHandler of slog's documentation. Its Enabled does not call the inner
// handler.
type levelHandler struct {
	slog.Handler
	level slog.Level
}

func (h *levelHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *levelHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &levelHandler{h.Handler.WithAttrs(attrs), h.level}
}

func (h *levelHandler) WithGroup(name string) slog.Handler {
	return &levelHandler{h.Handler.WithGroup(name), h.level}
}
