package logctx

import (
	"context"

	"example.com/clew/internal/logbind"
	"github.com/rs/zerolog"
)

// logger returns the logger in ctx, else zerolog.DefaultContextLogger, else zerolog's global one,
// so that no line is lost.
func logger(ctx context.Context) *zerolog.Logger {
	// zerolog.Ctx returns a disabled logger if it finds none. Any other logger is the right one.
	if l := zerolog.Ctx(ctx); l.GetLevel() != zerolog.Disabled {
		return l
	}
	l, _, _ := logbind.Of(ctx)
	return l
}

// From returns a copy of the logger of ctx, bound to ctx: its lines have ctx's trace even if they
// are logged without a context. From is for code that accepts a logger, but no context. A change
// to the copy changes no other logger. A nil ctx is context.Background().
func From(ctx context.Context) *zerolog.Logger {
	ctx = orBackground(ctx)
	l := logger(ctx).With().Ctx(ctx).Logger()
	return &l
}

// Trace begins a line at trace level on the logger of ctx. The line has the current span of ctx,
// even if the logger was bound to another span. Send the line with Msg or Send. A nil ctx is
// context.Background(), here and in the functions below.
func Trace(ctx context.Context) *zerolog.Event { return WithLevel(ctx, zerolog.TraceLevel) }

// Debug is like [Trace], but at debug level.
func Debug(ctx context.Context) *zerolog.Event { return WithLevel(ctx, zerolog.DebugLevel) }

// Info is like [Trace], but at info level.
func Info(ctx context.Context) *zerolog.Event {
	ctx = orBackground(ctx)
	return logger(ctx).Info().Ctx(ctx)
}

// Warn is like [Trace], but at warn level.
func Warn(ctx context.Context) *zerolog.Event { return WithLevel(ctx, zerolog.WarnLevel) }

// Error is like [Trace], but at error level.
func Error(ctx context.Context) *zerolog.Event { return WithLevel(ctx, zerolog.ErrorLevel) }

// Err is like [Trace], but at error level with err as a field, or at info level if err is nil.
func Err(ctx context.Context, err error) *zerolog.Event {
	ctx = orBackground(ctx)
	return logger(ctx).Err(err).Ctx(ctx)
}

// Fatal is like [Trace], but at fatal level. Sending the line ends the program with os.Exit(1).
func Fatal(ctx context.Context) *zerolog.Event {
	ctx = orBackground(ctx)
	return logger(ctx).Fatal().Ctx(ctx)
}

// Panic is like [Trace], but at panic level. Sending the line panics with the message.
func Panic(ctx context.Context) *zerolog.Event {
	ctx = orBackground(ctx)
	return logger(ctx).Panic().Ctx(ctx)
}

// WithLevel is like [Trace], but at level. Unlike [Fatal] and [Panic], it neither ends the program
// nor panics.
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
