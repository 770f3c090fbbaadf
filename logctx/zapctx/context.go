package zapctx

import (
	"context"

	"go.uber.org/zap/zapcore"
)

// Context returns a field that gives a line, or a logger, the trace of ctx. No encoder writes the
// field, and it has no effect on a logger without a core of this package. A nil ctx is
// context.Background().
func Context(ctx context.Context) zapcore.Field {
	if ctx == nil {
		ctx = context.Background()
	}
	return zapcore.Field{Type: zapcore.SkipType, Interface: ctx}
}

// contextOf returns the context that f holds; nil: none.
func contextOf(f *zapcore.Field) context.Context {
	ctx, ok := f.Interface.(context.Context)
	if !ok || f.Type != zapcore.SkipType && !answers(ctx) {
		return nil
	}
	return ctx
}

// answers reports whether ctx can be asked for a value. A value of zap.Any may be a context by
// accident: a nil pointer, or a struct that embeds a nil context. zap can write such a value, but
// a call of its method Value panics.
func answers(ctx context.Context) (ok bool) {
	defer func() { _ = recover() }()
	ctx.Value(asked{})
	return true
}

type asked struct{}
