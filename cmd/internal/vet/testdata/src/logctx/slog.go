package logctx

import (
	"context"
	"log/slog"
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
}

func from(ctx context.Context) *slog.Logger { return slog.Default() }
