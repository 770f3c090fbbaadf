package logctx

import (
	"context"
	"log/slog"
)

func inTests(ctx context.Context) { slog.Info("") }
