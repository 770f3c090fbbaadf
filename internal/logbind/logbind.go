// Package logbind binds zerolog loggers to contexts: what logctx and httpmw both need and
// users reach through them.
package logbind

import (
	"context"
	"io"

	"github.com/rs/zerolog"
)

// Probe is the context by which logctx's hook is recognized: asked with it, the hook sets
// Seen and writes nothing.
type Probe struct {
	context.Context
	Seen bool
}

// HasHook reports whether l has a hook of logctx's. It is false where that cannot be told,
// which is while zerolog's global level is Disabled. Nothing is written to l's output.
func HasHook(l zerolog.Logger) bool {
	p := &Probe{Context: context.Background()}
	l = l.Output(io.Discard).Sample(nil).Level(zerolog.TraceLevel)
	l.Log().Ctx(p).Send()
	return p.Seen
}

// Bind returns ctx with l bound to it, so that lines which name no context have ctx's trace.
func Bind(ctx context.Context, l zerolog.Logger) context.Context {
	// With copies the fields: loggers bound to two requests must not share their buffer, in
	// which UpdateContext writes in place.
	bound := l.With().Ctx(ctx).Logger()
	if bound.GetLevel() == zerolog.Disabled {
		// zerolog stores a disabled logger only over another one; without it, lines would go
		// to the global logger.
		ctx = bound.Level(zerolog.NoLevel).WithContext(ctx)
	}
	return bound.WithContext(ctx)
}

type levelKey struct{}

// BindDebug is [Bind] with the level lowered to debug, unless l is disabled: that is for its
// owner to change, not for a caller's header. [Rebind] gives the level back.
func BindDebug(ctx context.Context, l zerolog.Logger) context.Context {
	if l.GetLevel() <= zerolog.DebugLevel || l.GetLevel() == zerolog.Disabled {
		return Bind(ctx, l)
	}
	ctx = context.WithValue(ctx, levelKey{}, l.GetLevel())
	return Bind(ctx, l.Level(zerolog.DebugLevel))
}

// Rebind binds the logger that was put into ctx, if any, to ctx as it is now: after a new
// trace has begun, its lines must not have the old one.
func Rebind(ctx context.Context) context.Context {
	stored := Stored(ctx)
	if stored == nil {
		return ctx
	}
	l := *stored
	if level, ok := ctx.Value(levelKey{}).(zerolog.Level); ok && l.GetLevel() == zerolog.DebugLevel {
		l = l.Level(level)
	}
	return Bind(ctx, l)
}

// Stored returns the logger that was put into ctx; nil without one.
func Stored(ctx context.Context) *zerolog.Logger {
	// zerolog does not say whether what it returns was stored or is its answer to "none",
	// but that answer is the same for every context without one.
	if l := zerolog.Ctx(ctx); l != zerolog.Ctx(context.Background()) {
		return l
	}
	return nil
}
