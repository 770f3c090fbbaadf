package logctx

import (
	"context"
	"log/slog"

	"example.com/clew/internal/line"
	"example.com/clew/internal/seam"
	"example.com/clew/trace"
)

// SlogFrom returns the slog logger of ctx, bound to ctx: its lines have ctx's trace without naming
// a context, by Info and its like. A line that names a context with a trace has that one's. For
// code that takes a logger and knows no context. A nil ctx is context.Background().
//
// The logger is the one that httpmw's Config.Slog or [WithSlog] has put into ctx, else
// slog.Default(), through [Slog] if it does not lead there already. One from the context takes
// lines from debug on in a debug trace, whatever its level.
func SlogFrom(ctx context.Context) *slog.Logger {
	ctx = orBackground(ctx)
	b := boundSlog{ctx: ctx}
	if l, ok := ctx.Value(seam.SlogKey{}).(*slog.Logger); ok {
		b3, _ := trace.FromContext(ctx)
		b.next, b.heard = l.Handler(), b3.Sampling == trace.Debug
	} else {
		b.next = through(slog.Default()).Handler()
	}
	return slog.New(&b)
}

// WithSlog returns ctx with l, for [SlogFrom], and for the access, call and job lines of a context
// that has no zerolog logger. The logger goes through [Slog], if it does not already. A nil ctx is
// context.Background(); a nil l is slog.Default().
func WithSlog(ctx context.Context, l *slog.Logger) context.Context {
	if l == nil {
		l = slog.Default()
	}
	return context.WithValue(orBackground(ctx), seam.SlogKey{}, through(l))
}

// through returns l with a handler of ours.
func through(l *slog.Logger) *slog.Logger {
	if line.IsOurs(l.Handler()) {
		return l
	}
	return slog.New(Slog(l.Handler(), Config{}))
}

// boundSlog is a handler that is bound to a context.
type boundSlog struct {
	next  slog.Handler
	ctx   context.Context
	heard bool // lines from debug on are wanted
}

func (b *boundSlog) Enabled(ctx context.Context, level slog.Level) bool {
	return b.heard && level >= slog.LevelDebug || b.next.Enabled(b.in(ctx), level)
}

func (b *boundSlog) Handle(ctx context.Context, r slog.Record) error {
	return b.next.Handle(b.in(ctx), r)
}

func (b *boundSlog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &boundSlog{b.next.WithAttrs(attrs), b.ctx, b.heard}
}

func (b *boundSlog) WithGroup(name string) slog.Handler {
	return &boundSlog{b.next.WithGroup(name), b.ctx, b.heard}
}

// in returns the context of a line that was logged with ctx.
func (b *boundSlog) in(ctx context.Context) context.Context {
	switch ctx {
	case nil, context.Background(), context.TODO():
		return b.ctx
	}
	if _, pending := ctx.(*line.Pending); pending || trace.ID(ctx) != "" {
		return ctx
	}
	return over{ctx, b.ctx}
}

// over is a context whose values are looked for in another one too. Handlers may look for more
// than a trace.
type over struct {
	context.Context
	under context.Context
}

func (o over) Value(key any) any {
	if v := o.Context.Value(key); v != nil {
		return v
	}
	return o.under.Value(key)
}
