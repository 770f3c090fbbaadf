package logctx

import (
	"context"

	"example.com/clew/internal/logbind"
	"github.com/rs/zerolog"
)

// logger returns the logger in ctx, else zerolog.DefaultContextLogger, else zerolog's global one,
// so that no line is lost.
func logger(ctx context.Context) *zerolog.Logger {
	// A disabled logger may be zerolog's answer for "none". Any other is the right one.
	if l := zerolog.Ctx(ctx); l.GetLevel() != zerolog.Disabled {
		return l
	}
	l, _, _ := logbind.Of(ctx)
	return l
}

// From returns the logger of ctx, bound to ctx: its lines have ctx's trace without naming a
// context. It is for code that takes a logger and knows no context. The logger is the caller's. A
// nil ctx is context.Background().
func From(ctx context.Context) *zerolog.Logger {
	ctx = orBackground(ctx)
	l := logger(ctx).With().Ctx(ctx).Logger()
	return &l
}

// Trace begins a line at trace level on the logger of ctx. The line has the current span of ctx,
// even if the logger was bound to another one. Send the line with Msg or Send. A nil ctx is
// context.Background(), here and in the functions below.
func Trace(ctx context.Context) *zerolog.Event { return WithLevel(ctx, zerolog.TraceLevel) }

// Debug is as [Trace], at debug level.
func Debug(ctx context.Context) *zerolog.Event { return WithLevel(ctx, zerolog.DebugLevel) }

// Info is as [Trace], at info level.
func Info(ctx context.Context) *zerolog.Event {
	ctx = orBackground(ctx)
	return logger(ctx).Info().Ctx(ctx)
}

// Warn is as [Trace], at warn level.
func Warn(ctx context.Context) *zerolog.Event { return WithLevel(ctx, zerolog.WarnLevel) }

// Error is as [Trace], at error level.
func Error(ctx context.Context) *zerolog.Event { return WithLevel(ctx, zerolog.ErrorLevel) }

// Err is as [Trace], at error level with err as a field, or at info level if err is nil.
func Err(ctx context.Context, err error) *zerolog.Event {
	ctx = orBackground(ctx)
	return logger(ctx).Err(err).Ctx(ctx)
}

// Fatal is as [Trace], at fatal level. Sending the line ends the program with os.Exit(1).
func Fatal(ctx context.Context) *zerolog.Event {
	ctx = orBackground(ctx)
	return logger(ctx).Fatal().Ctx(ctx)
}

// Panic is as [Trace], at panic level. Sending the line panics with the message.
func Panic(ctx context.Context) *zerolog.Event {
	ctx = orBackground(ctx)
	return logger(ctx).Panic().Ctx(ctx)
}

// WithLevel is as [Trace], at level. Unlike [Fatal] and [Panic] it ends nothing.
func WithLevel(ctx context.Context, level zerolog.Level) *zerolog.Event {
	ctx = orBackground(ctx)
	return logger(ctx).WithLevel(level).Ctx(ctx)
}

func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}
