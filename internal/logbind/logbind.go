// Package logbind binds zerolog loggers to contexts: what logctx and httpmw both need and
// users reach through them.
package logbind

import (
	"context"
	"io"
	"math"

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

// quietKey is the key of the logger that BindDebug was given, until Rebind has given back what it
// took.
type quietKey struct{}

// BindDebug is [Bind] for a debug trace, all of whose lines are wanted: with the level lowered to
// debug and without the sampler, which other requests share and which is not asked. Not if l is
// disabled: that is for its owner to change, not for a caller's header. [Rebind] gives both back.
func BindDebug(ctx context.Context, l zerolog.Logger) context.Context {
	if l.GetLevel() == zerolog.Disabled {
		return Bind(ctx, l)
	}
	ctx = context.WithValue(ctx, quietKey{}, &l)
	return Bind(ctx, Heard(l))
}

// Heard returns l as it is in a debug trace: see BindDebug.
func Heard(l zerolog.Logger) zerolog.Logger {
	if l.GetLevel() == zerolog.Disabled {
		return l
	}
	return l.Level(debugLevel(l)).Sample(nil)
}

// debugLevel is the level that l has in a debug trace.
func debugLevel(l zerolog.Logger) zerolog.Level { return min(l.GetLevel(), zerolog.DebugLevel) }

// Rebind binds the logger that was put into ctx, if any, to ctx as it is now: after a new
// trace has begun, its lines must not have the old one.
func Rebind(ctx context.Context) context.Context { return RebindFrom(ctx, ctx) }

// RebindFrom is [Rebind] for the logger that was put into from, whose other values ctx has.
func RebindFrom(ctx, from context.Context) context.Context {
	stored := Stored(from)
	if stored == nil {
		return ctx
	}
	l := *stored
	if quiet, _ := from.Value(quietKey{}).(*zerolog.Logger); quiet != nil {
		// A logger that still has the debug level was made by BindDebug, or derived from it. Another
		// level was set by the program, and stays.
		if l.GetLevel() == debugLevel(*quiet) {
			l = l.Level(quiet.GetLevel()).Sample(samplerOf{quiet.Level(everyLevel)})
		}
		ctx = context.WithValue(ctx, quietKey{}, (*zerolog.Logger)(nil))
	}
	return Bind(ctx, l)
}

// samplerOf is the sampler of a logger, which has everyLevel. It is not the logger itself that
// Rebind gives back, since the one in the context may have got more fields.
type samplerOf struct{ zerolog.Logger }

const everyLevel zerolog.Level = math.MinInt8

// Sample asks in the only way there is: zerolog does not hand the sampler out, but does not begin
// an event that the sampler drops. An event that was begun is not sent and not used again, which
// costs the line two allocations.
func (s samplerOf) Sample(level zerolog.Level) bool { return s.WithLevel(level) != nil }

// Stored returns the logger that was put into ctx; nil without one.
func Stored(ctx context.Context) *zerolog.Logger {
	// zerolog does not say whether what it returns was stored or is its answer to "none",
	// but that answer is the same for every context without one.
	if l := zerolog.Ctx(ctx); l != zerolog.Ctx(context.Background()) {
		return l
	}
	return nil
}
