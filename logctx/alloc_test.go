package logctx_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
)

func TestAllocations(t *testing.T) {
	type row struct {
		name string
		call func()
		most float64
	}
	ctx := testkit.Request()
	stored := logctx.New(io.Discard).WithContext(ctx)
	bound := logctx.From(stored)
	off := testkit.Hooked(io.Discard).Level(zerolog.Disabled)
	low := testkit.Hooked(io.Discard).Level(zerolog.ErrorLevel)
	quiet := low.WithContext(ctx)
	tests := []row{
		{name: "bound logger", call: func() { bound.Info().Msg(message) }},
		{name: "disabled logger", call: func() { off.Info().Ctx(ctx).Msg(message) }},
		{name: "disabled level", call: func() { low.Info().Ctx(ctx).Msg(message) }},
		{name: "logctx.Info", call: func() { logctx.Info(stored).Msg(message) }},
		{name: "logctx.Warn", call: func() { logctx.Warn(stored).Msg(message) }},
		{name: "logctx.Info, disabled level", call: func() { logctx.Info(quiet).Msg(message) }},
	}
	for _, f := range formats {
		logger := zerolog.New(io.Discard).Hook(logctx.Hook(f.cfg))
		ctx := testkit.Context(f.ctx)
		var most float64
		if len(f.cfg.Project) > 30 {
			most = 2 // Google Cloud itself allows 30 characters at most
		}
		tests = append(tests, row{name: "hook, " + f.name, most: most, call: func() { logger.Info().Ctx(ctx).Msg(message) }})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := testing.AllocsPerRun(200, test.call)
			assert.LessOrEqual(t, got, test.most+raceAllocs, "allocations of a line with %s", test.name)
		})
	}
}

func TestSlogAllocations(t *testing.T) {
	ctx := testkit.Request()
	for _, test := range []struct {
		name string
		with func(l *slog.Logger) *slog.Logger
		ctx  context.Context
		most float64 // allocations beyond those of the plain handler
	}{
		{name: "without a trace", ctx: context.Background(), most: 0, with: func(l *slog.Logger) *slog.Logger { return l }},
		{name: "in a trace", ctx: ctx, most: 0, with: func(l *slog.Logger) *slog.Logger { return l }},
		{name: "in a group", ctx: ctx, most: 2, with: func(l *slog.Logger) *slog.Logger { return l.WithGroup("g") }},
		{name: "with attributes", ctx: ctx, most: 0, with: func(l *slog.Logger) *slog.Logger { return l.With("a", 1) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			plain := test.with(slog.New(slog.NewJSONHandler(io.Discard, nil)))
			ours := test.with(slog.New(logctx.Slog(slog.NewJSONHandler(io.Discard, nil), logctx.Config{})))
			base := testing.AllocsPerRun(200, func() { plain.InfoContext(test.ctx, message, "k", "v") })
			got := testing.AllocsPerRun(200, func() { ours.InfoContext(test.ctx, message, "k", "v") })
			assert.LessOrEqual(t, got, base+test.most+raceAllocs, "allocations of a line; a line of the plain handler has %v", base)
			t.Logf("allocations of the plain handler %v, of ours %v", base, got)
		})
	}
}
