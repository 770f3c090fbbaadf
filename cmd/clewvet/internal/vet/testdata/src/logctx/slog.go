package logctx

import (
	"context"
	"log/slog"

	clew "example.com/clew/logctx"
)

func slogs(ctx context.Context, logger *slog.Logger) {
	slog.Info("global", "k", "v")  // want `slog.Info without the context at hand: use InfoContext\(ctx, …\)`
	slog.Default().Warn("default") // want `slog.Warn without`
	logger.Error("handed over")
	logger.With("k", "v").Error("handed over")
	mine := slog.With("k", "v")
	mine.Debug("mine") // want `slog.Debug without`

	slog.InfoContext(ctx, "given")
	slog.Log(ctx, slog.LevelInfo, "given")
	from(ctx).Info("the context's")
	bound := from(ctx).With("k", "v")
	bound.Info("the context's")

	clew.SlogFrom(ctx).Info("clew's")
	clews := clew.SlogFrom(ctx).WithGroup("g").With("k", "v")
	clews.Info("clew's")
	ctx, done := clew.Call(ctx, "db", "GetItem")
	done(nil)
	slog.InfoContext(ctx, "in the call")
	slog.Info("in the call") // want `slog.Info without`
}

func from(ctx context.Context) *slog.Logger { return ctx.Value("logger").(*slog.Logger) }
