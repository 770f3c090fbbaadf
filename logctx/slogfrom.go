package logctx

import (
	"context"
	"log/slog"

	"example.com/clew/internal/line"
	"example.com/clew/internal/seam"
	"example.com/clew/trace"
)

// SlogFrom returns the slog logger of ctx, bound to ctx. Its lines have ctx's trace even if they
// are logged without a context, as with Info. A line that is logged with the context of another
// trace has that other trace. SlogFrom is for code that accepts a logger, but no context. A nil
// ctx is context.Background().
//
// The logger is the one that httpmw's Config.Slog or [WithSlog] has put into ctx, else
// slog.Default(). If [Slog] has not wrapped the logger's handler yet, SlogFrom wraps it. In a
// debug trace, a logger from the context accepts lines at debug level and above, whatever its own
// level. But its handler may still drop lines in Handle: [slog.MultiHandler] does so, by the level
// of each of its handlers.
func SlogFrom(ctx context.Context) *slog.Logger {
	ctx = orBackground(ctx)
	b := boundSlog{ctx: ctx}
	if l, ok := ctx.Value(seam.SlogKey{}).(*slog.Logger); ok {
		b.next, b.stored, b.debug = l.Handler(), true, isDebug(ctx)
	} else {
		b.next = through(slog.Default()).Handler()
	}
	return slog.New(&b)
}

// WithSlog returns a context that holds l. [SlogFrom] uses l. Access, call and job lines also go
// to l if ctx has no zerolog logger. If [Slog] has not wrapped l's handler yet, WithSlog wraps it.
// A nil ctx is context.Background(); a nil l is slog.Default().
func WithSlog(ctx context.Context, l *slog.Logger) context.Context {
	if l == nil {
		l = slog.Default()
	}
	return context.WithValue(orBackground(ctx), seam.SlogKey{}, through(l))
}

// through returns l with a handler that is recognized as ours.
func through(l *slog.Logger) *slog.Logger {
	h, ours := line.Recognized(l.Handler())
	if !ours {
		h = Slog(h, Config{})
	}
	return slog.New(h)
}

func isDebug(ctx context.Context) bool {
	b, _ := trace.FromContext(ctx)
	return b.Sampling == trace.Debug
}

// boundSlog is a handler that is bound to a context.
type boundSlog struct {
	next   slog.Handler
	ctx    context.Context
	stored bool // the logger was found in ctx

	// debug means that stored is true and that ctx's trace is a debug trace. Lines at debug level
	// and above are wanted.
	debug bool
}

func (b *boundSlog) Enabled(ctx context.Context, level slog.Level) bool {
	ctx, own := b.in(ctx)
	if b.next.Enabled(ctx, level) { // called first, since for access and call lines it also sets the names
		return true
	}
	if !b.stored || level < slog.LevelDebug {
		return false
	}
	// A program may keep the logger of a debug trace, and write lines of other traces with it. So
	// the trace of the line decides.
	return b.debug && !own || own && isDebug(ctx)
}

func (b *boundSlog) Handle(ctx context.Context, r slog.Record) error {
	ctx, _ = b.in(ctx)
	return b.next.Handle(ctx, r)
}

func (b *boundSlog) WithAttrs(attrs []slog.Attr) slog.Handler {
	b2 := *b
	b2.next = b.next.WithAttrs(attrs)
	return &b2
}

func (b *boundSlog) WithGroup(name string) slog.Handler {
	b2 := *b
	b2.next = b.next.WithGroup(name)
	return &b2
}

// The method in returns the context for a line that was logged with ctx, and reports whether ctx
// itself has a trace.
func (b *boundSlog) in(ctx context.Context) (_ context.Context, own bool) {
	switch ctx {
	case nil, context.Background(), context.TODO():
		return b.ctx, false
	}
	if _, pending := ctx.(*line.Pending); pending || trace.ID(ctx) != "" {
		return ctx, true
	}
	return layered{ctx, b.ctx}, false
}

// layered is a context that looks up a value in lower if the first context lacks it. Handlers may
// look for other values than the trace.
type layered struct {
	context.Context
	lower context.Context
}

func (l layered) Value(key any) any {
	if v := l.Context.Value(key); v != nil {
		return v
	}
	return l.lower.Value(key)
}
