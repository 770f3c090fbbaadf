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

// Probe is the context by which logctx's hook is recognized: asked with it, the hook sets
// Seen and writes nothing.
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

// HasHook reports whether l has a hook of logctx's. It is false where that cannot be told,
// which is while zerolog's global level is Disabled. Nothing is written to l's output.
func HasHook(l zerolog.Logger) bool {
	p := &Probe{Context: context.Background()}
	l = l.Output(io.Discard).Sample(nil).Level(zerolog.TraceLevel)
	l.Log().Ctx(p).Send()
	return p.Seen
}

// bound is a link in the chain of contexts that holds a logger bound to the context below. It
// begins as a context of context.WithValue does, which programs look for: see trace's node.
type bound struct {
	context.Context
	key, val any // zerolog's key and &logger
	logger   zerolog.Logger
	hooked   bool // the logger has logctx's hook
}

// loggerKey is the key under which zerolog keeps the logger of a context. It is not exported, but
// zerolog tells it to every context that it is asked to look in.
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

// bind returns ctx with l bound to it. A disabled logger too: without it, lines would go to the
// global logger.
func bind(ctx context.Context, l zerolog.Logger, hooked bool) context.Context {
	// With copies the fields: loggers bound to two requests must not share their buffer, in
	// which UpdateContext writes in place.
	b := &bound{Context: ctx, key: loggerKey, logger: l.With().Ctx(ctx).Logger(), hooked: hooked}
	b.val = &b.logger
	return b
}

// Bind returns ctx with l, which has logctx's hook, bound to it, so that lines which name no
// context have ctx's trace.
func Bind(ctx context.Context, l zerolog.Logger) context.Context { return bind(ctx, l, true) }

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
	_, hooked, _ := Of(from)
	// A logger that still has the debug level was made by BindDebug, or derived from it. Another
	// level was set by the program, and stays.
	if quiet, _ := from.Value(quietKey{}).(*zerolog.Logger); quiet != nil && l.GetLevel() == debugLevel(*quiet) {
		l = l.Level(quiet.GetLevel()).Sample(samplerOf{quiet.Level(everyLevel)})
	}
	// Asked of ctx: a root leaves out what the root before has put over BindDebug's answer.
	if quiet, _ := ctx.Value(quietKey{}).(*zerolog.Logger); quiet != nil {
		ctx = context.WithValue(ctx, quietKey{}, (*zerolog.Logger)(nil))
	}
	return bind(ctx, l, hooked)
}

// samplerOf is the sampler of a logger, which has everyLevel. It is not the logger itself that
// Rebind gives back, since the one in the context may have got more fields.
type samplerOf struct{ zerolog.Logger }

const everyLevel zerolog.Level = math.MinInt8

// Sample asks in the only way there is: zerolog does not hand the sampler out, but does not begin
// an event that the sampler drops. An event that was begun is not sent and not used again, which
// costs the line two allocations.
func (s samplerOf) Sample(level zerolog.Level) bool { return s.WithLevel(level) != nil }

// Of returns the logger of ctx: the one that was put into it, else zerolog.DefaultContextLogger,
// else zerolog's global one, so that no line is lost. Hooked says that it is known to have
// logctx's hook, and stored that it was put into ctx.
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

// Fallback is the logger for a context without one.
func Fallback() *zerolog.Logger {
	if l := zerolog.DefaultContextLogger; l != nil {
		return l
	}
	return &log.Logger
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
