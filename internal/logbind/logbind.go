// Package logbind binds zerolog loggers to contexts.
//
// Packages httpmw, internal/line/zline and logctx import it. It is a package of its own because
// logctx exports only a part of it, and zline, which logctx imports, needs it too.
package logbind

import (
	"context"
	"io"
	"math"

	"example.com/clew/internal/line"
	"example.com/clew/internal/seam"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
)

// Probe is a context by which HasHook recognizes logctx's hook: in a Probe, the hook sets Seen and
// writes nothing.
type Probe struct {
	context.Context
	Seen bool
}

// Value implements [context.Context].
func (p *Probe) Value(key any) any {
	if key == (line.Covered{}) {
		return p
	}
	return p.Context.Value(key)
}

// HasHook reports whether l has a hook of logctx's. The result is always false while zerolog's
// global level is Disabled, because no hook runs then. HasHook writes nothing to l's output.
func HasHook(l zerolog.Logger) bool {
	p := &Probe{Context: context.Background()}
	l = l.Output(io.Discard).Sample(nil).Level(zerolog.TraceLevel)
	l.Log().Ctx(p).Send()
	return p.Seen
}

// bound is a link in a chain of contexts. It holds a logger that is bound to the next context of
// the chain. Its first fields are the fields of a context from context.WithValue, because some
// programs read them by reflection: see the type node in package trace.
type bound struct {
	context.Context
	key, val any // zerolog's key and &logger
	logger   zerolog.Logger
	hooked   bool // the logger has logctx's hook
}

// loggerKey is the key under which zerolog keeps the logger of a context. zerolog does not export
// the key, but passes it to Value of each context that it searches.
var loggerKey = seam.KeyOf(func(ctx context.Context) { zerolog.Ctx(ctx) })

type boundKey struct{}

func (b *bound) Value(key any) any {
	switch key {
	case loggerKey:
		return &b.logger
	case boundKey{}:
		return b
	}
	return b.Context.Value(key)
}

// bind returns ctx with l bound to it. It binds a disabled logger too, because lines would go to
// the global logger otherwise.
func bind(ctx context.Context, l zerolog.Logger, hooked bool) context.Context {
	// With copies the fields. UpdateContext writes into their buffer in place, so loggers of two
	// requests must not share a buffer.
	b := &bound{Context: ctx, key: loggerKey, logger: l.With().Ctx(ctx).Logger(), hooked: hooked}
	b.val = &b.logger
	return b
}

// Bind returns ctx with l bound to it, so that lines that are logged without a context have ctx's
// trace. l must have logctx's hook.
func Bind(ctx context.Context, l zerolog.Logger) context.Context { return bind(ctx, l, true) }

// quietKey is the key of the logger that BindDebug got, until Rebind restores its level and its
// sampler.
type quietKey struct{}

// BindDebug is [Bind] for a debug trace, in which all lines are wanted. The bound logger has the
// level debug or below, and no sampler: the sampler, which other requests share, sees none of
// these lines. A disabled logger stays disabled, because a caller's header must not overrule the
// logger's owner. [Rebind] restores level and sampler.
func BindDebug(ctx context.Context, l zerolog.Logger) context.Context {
	if l.GetLevel() == zerolog.Disabled {
		return Bind(ctx, l)
	}
	ctx = context.WithValue(ctx, quietKey{}, &l)
	return Bind(ctx, Heard(l))
}

// Heard returns l as BindDebug binds it: with the level of a debug trace, and without the sampler.
func Heard(l zerolog.Logger) zerolog.Logger {
	if l.GetLevel() == zerolog.Disabled {
		return l
	}
	return l.Level(debugLevel(l)).Sample(nil)
}

// debugLevel returns the level of l in a debug trace.
func debugLevel(l zerolog.Logger) zerolog.Level { return min(l.GetLevel(), zerolog.DebugLevel) }

// Rebind binds the logger that was put into ctx, if any, to ctx as it is now. After a new trace
// has begun in ctx, the lines of the logger must not have the old trace.
func Rebind(ctx context.Context) context.Context { return RebindFrom(ctx, ctx) }

// RebindFrom is like [Rebind], for the logger that was put into source. ctx must have all other
// values of source.
func RebindFrom(ctx, source context.Context) context.Context {
	stored := Stored(source)
	if stored == nil {
		return ctx
	}
	l := *stored
	_, hooked, _ := Of(source)
	// A logger with the debug level comes from BindDebug, or was derived from a logger of
	// BindDebug. Any other level was set by the program, and stays.
	if quiet, _ := source.Value(quietKey{}).(*zerolog.Logger); quiet != nil && l.GetLevel() == debugLevel(*quiet) {
		l = l.Level(quiet.GetLevel()).Sample(samplerOf{quiet.Level(everyLevel)})
	}
	// Look in ctx, not in source. An earlier Rebind has hidden BindDebug's value behind a nil, and
	// the context of a new root does not have that nil.
	if quiet, _ := ctx.Value(quietKey{}).(*zerolog.Logger); quiet != nil {
		ctx = context.WithValue(ctx, quietKey{}, (*zerolog.Logger)(nil))
	}
	return bind(ctx, l, hooked)
}

// samplerOf is the sampler of a logger. The logger has the level everyLevel. Rebind does not
// restore the logger itself, because the logger in the context may have more fields by now.
type samplerOf struct{ zerolog.Logger }

const everyLevel zerolog.Level = math.MinInt8

// Sample asks the sampler in the only possible way. zerolog does not export the sampler of a
// logger, but it begins no event that the sampler drops. The event that Sample begins is never
// sent, so zerolog cannot reuse it, and a line costs two more allocations.
func (s samplerOf) Sample(level zerolog.Level) bool { return s.WithLevel(level) != nil }

// Of returns the logger that was put into ctx, else zerolog.DefaultContextLogger, else zerolog's
// global logger, so that no line is lost. hooked is true only if the logger certainly has logctx's
// hook. stored reports whether the logger was put into ctx.
func Of(ctx context.Context) (l *zerolog.Logger, hooked, stored bool) {
	if b, _ := ctx.Value(boundKey{}).(*bound); b != nil {
		if l = zerolog.Ctx(ctx); l == &b.logger {
			return l, b.hooked, true
		}
	}
	if l = Stored(ctx); l != nil {
		return l, false, true
	}
	return Fallback(), false, false
}

// Fallback returns the logger for a context without a logger.
func Fallback() *zerolog.Logger {
	if l := zerolog.DefaultContextLogger; l != nil {
		return l
	}
	return &log.Logger
}

// Stored returns the logger that was put into ctx, or nil.
func Stored(ctx context.Context) *zerolog.Logger {
	// zerolog returns the same logger for every context without a logger, and does not report
	// whether a logger was stored.
	if l := zerolog.Ctx(ctx); l != zerolog.Ctx(context.Background()) {
		return l
	}
	return nil
}
