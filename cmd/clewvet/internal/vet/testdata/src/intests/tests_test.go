package intests

import (
	"context"
	"log/slog"
)

func inTests(ctx context.Context) { slog.Info("") } // want `slog.Info without`
