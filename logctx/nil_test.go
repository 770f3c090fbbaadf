package logctx_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// needy is a handler that panics if the context is nil.
type needy struct{ slog.Handler }

func (n needy) Enabled(ctx context.Context, level slog.Level) bool {
	return ctx.Err() == nil && n.Handler.Enabled(ctx, level)
}
func (n needy) Handle(ctx context.Context, r slog.Record) error {
	return errors.Join(ctx.Err(), n.Handler.Handle(ctx, r))
}
func (n needy) WithAttrs(attrs []slog.Attr) slog.Handler { return needy{n.Handler.WithAttrs(attrs)} }
func (n needy) WithGroup(name string) slog.Handler       { return needy{n.Handler.WithGroup(name)} }

// No exported function panics if the context or the event is nil, or a field is empty.
func TestNilAndZero(t *testing.T) {
	var none context.Context
	var out bytes.Buffer
	handler := logctx.Slog(needy{slog.NewJSONHandler(&out, nil)}, logctx.Config{})
	hook := logctx.Hook(logctx.Config{})
	record := slog.NewRecord(time.Time{}, slog.LevelInfo, message, 0)
	full := record.Clone()
	full.AddAttrs(slog.Attr{}, slog.Any("nil", nil), slog.Any("", nil), slog.Any("trace_id", (*valuer)(nil)),
		slog.Any("", (*valuer)(nil)), slog.Group(""), slog.Group("", slog.Attr{}), slog.Attr{Value: slog.GroupValue()})
	globals(t, nil, zerolog.New(io.Discard))
	rows := []struct {
		name string
		call func()
	}{
		{"Enabled", func() { assert.True(t, handler.Enabled(none, slog.LevelInfo)) }},
		{"Handle", func() { assert.NoError(t, handler.Handle(none, record)) }},
		{"Handle, a zero record", func() { assert.NoError(t, handler.Handle(none, slog.Record{})) }},
		{"Handle, empty attributes", func() { assert.NoError(t, handler.Handle(none, full)) }},
		{"Handle, empty attributes, in a trace", func() { assert.NoError(t, handler.Handle(testkit.Request(), full)) }},
		{"Handle, in a group", func() { assert.NoError(t, handler.WithGroup("g").Handle(none, full)) }},
		{"Handle, in a group, in a trace", func() { assert.NoError(t, handler.WithGroup("g").Handle(testkit.Request(), slog.Record{})) }},
		{"WithAttrs", func() { assert.NoError(t, handler.WithAttrs(nil).WithAttrs([]slog.Attr{}).Handle(none, record)) }},
		{"WithAttrs, empty attributes", func() {
			h := handler.WithAttrs([]slog.Attr{{}, slog.Any("", nil), slog.Any("", (*valuer)(nil)), slog.Any("trace_id", nil)})
			assert.NoError(t, h.Handle(none, record))
			assert.NoError(t, h.Handle(testkit.Request(), record))
		}},
		{"WithGroup", func() { assert.NoError(t, handler.WithGroup("").Handle(none, record)) }},
		{"wrapped twice", func() { assert.NoError(t, logctx.Slog(handler, logctx.Config{}).Handle(none, record)) }},
		{"slog.Logger", func() { slog.New(handler).InfoContext(none, message, "k", nil) }},
		{"Hook.Run", func() { hook.Run(nil, zerolog.InfoLevel, message) }},
		{"Hook.Run, a zero event", func() { hook.Run(new(zerolog.Event), zerolog.NoLevel, "") }},
		{"Hook.Run, an event that no logger made", func() { hook.Run(zerolog.Dict().Ctx(testkit.Request()), zerolog.InfoLevel, message) }},
		{"Hook.Run, a nil context", func() { hook.Run(zerolog.Dict().Ctx(none), zerolog.InfoLevel, message) }},
		{"Hook of the zero Logger", func() {
			var l zerolog.Logger
			l = l.Hook(hook)
			l.Info().Ctx(none).Msg(message)
			ctx := l.WithContext(context.Background())
			logctx.Info(ctx).Msg(message)
			logctx.From(ctx).Info().Msg(message)
		}},
		{"New", func() {
			l := logctx.New(nil)
			l.Info().Ctx(none).Msg(message)
		}},
		{"Console", func() {
			l := logctx.Console(io.Discard)
			l.Info().Ctx(none).Msg("")
		}},
		{"From", func() { logctx.From(none).Info().Msg(message) }},
		{"Trace", func() { logctx.Trace(none).Send() }},
		{"Debug", func() { logctx.Debug(none).Send() }},
		{"Info", func() { logctx.Info(none).Send() }},
		{"Warn", func() { logctx.Warn(none).Send() }},
		{"Error", func() { logctx.Error(none).Send() }},
		{"Err", func() { logctx.Err(none, nil).Send() }},
		{"Err, with an error", func() { logctx.Err(none, errGone).Send() }},
		{"WithLevel", func() { logctx.WithLevel(none, zerolog.FatalLevel).Send() }},
		{"WithLevel, an unknown level", func() { logctx.WithLevel(none, 77).Send() }},
		{"Panic", func() {
			assert.PanicsWithValue(t, message, func() { logctx.Panic(none).Msg(message) }, "Panic panics with its message")
		}},
		{"Fatal", func() { // the event is begun, but not sent
			require.NotNil(t, logctx.Fatal(none))
		}},
	}
	for _, row := range rows {
		assert.NotPanics(t, row.call, row.name)
	}
	for _, preset := range presets {
		var l zerolog.Logger
		l = l.Hook(logctx.Hook(preset.cfg)).Output(io.Discard)
		h := logctx.Slog(slog.DiscardHandler, preset.cfg)
		for _, ctx := range []context.Context{none, context.Background(), testkit.Request()} {
			assert.NotPanics(t, func() { l.Log().Ctx(ctx).Send() }, "Hook, %s", preset.name)
			assert.NotPanics(t, func() { assert.NoError(t, h.Handle(ctx, full)) }, "Slog, %s", preset.name)
		}
	}
}

// OnMissing is called for a line with a nil context, as for a context without a trace.
func TestOnMissingOfANilContext(t *testing.T) {
	calls := 0
	h := logctx.Slog(slog.DiscardHandler, logctx.Config{OnMissing: func(runtime.Frame) { calls++ }})
	require.NoError(t, h.Handle(nilContext, slog.Record{}))
	assert.Equal(t, 1, calls, "calls of OnMissing")
}
