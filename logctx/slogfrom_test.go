package logctx_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

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
		{name: "InfoContext, another trace", log: func(l *slog.Logger) { l.InfoContext(in(other), message) }, want: fields{"trace_id": id64, "span_id": spanID}},
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
				tt.log(logctx.SlogFrom(logctx.WithSlog(request(), slog.New(h))))
				line := one(t, &out)
				delete(line, "time")
				delete(line, "level")
				assert.Equal(t, message, line["msg"], "msg")
				delete(line, "msg")
				assert.Equal(t, tt.want, line, "line")
			})
		}
	}
}

// Without a logger in the context it is slog's default, with the ID of the context.
func TestSlogFromDefault(t *testing.T) {
	old := slog.Default()
	defer slog.SetDefault(old)
	var out bytes.Buffer
	slog.SetDefault(slog.New(slog.NewJSONHandler(&out, nil)))
	logctx.SlogFrom(request()).Info(message)
	assert.Equal(t, id128, one(t, &out)["trace_id"], "trace_id")

	out.Reset()
	slog.SetDefault(slog.New(logctx.Slog(slog.NewJSONHandler(&out, nil), logctx.Datadog())))
	logctx.SlogFrom(request()).Info(message)
	line := one(t, &out)
	assert.NotContains(t, line, "trace_id", "keys of a default that has our handler")
	assert.Contains(t, line, "dd.trace_id", "its keys")

	out.Reset()
	var none context.Context
	logctx.SlogFrom(none).Info(message)
	assert.NotContains(t, one(t, &out), "dd.trace_id", "a line without a trace")

	out.Reset()
	logctx.SlogFrom(logctx.WithSlog(request(), nil)).Info(message)
	assert.Contains(t, one(t, &out), "dd.trace_id", "a line by WithSlog of nil")
}

// The level of a logger from the context gives way in a debug trace, and only there.
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
			ctx := in(tt.b3)
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
			assert.Empty(t, out.String(), "lines at debug of a new trace")
		})
	}
}

// Other handlers find what the line's own context holds, and what the bound one does.
func TestSlogFromKeepsValues(t *testing.T) {
	type key string
	bound := context.WithValue(context.WithValue(request(), key("tenant"), "a"), key("user"), "7")
	var out bytes.Buffer
	values := &valuesHandler{Handler: logctx.Slog(slog.NewJSONHandler(&out, nil), logctx.Config{}), get: func(ctx context.Context) []slog.Attr {
		return []slog.Attr{slog.Any("tenant", ctx.Value(key("tenant"))), slog.Any("user", ctx.Value(key("user")))}
	}}
	l := logctx.SlogFrom(logctx.WithSlog(bound, slog.New(values)))
	l.InfoContext(context.WithValue(t.Context(), key("tenant"), "b"), message)
	line := one(t, &out)
	assert.Equal(t, "b", line["tenant"], "the line's own")
	assert.Equal(t, "7", line["user"], "the bound context's")
	assert.Equal(t, id128, line["trace_id"], "trace_id")
}

// valuesHandler adds attributes from the context, as handlers of others do.
type valuesHandler struct {
	slog.Handler
	get func(ctx context.Context) []slog.Attr
}

func (h *valuesHandler) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(h.get(ctx)...)
	return h.Handler.Handle(ctx, r)
}
