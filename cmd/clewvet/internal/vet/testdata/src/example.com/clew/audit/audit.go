package audit

import (
	"context"
	"log/slog"
)

type Logger struct{}

func (l *Logger) Log(ctx context.Context, message string, attrs ...slog.Attr)           {}
func (l *Logger) LogSync(ctx context.Context, message string, attrs ...slog.Attr) error { return nil }
