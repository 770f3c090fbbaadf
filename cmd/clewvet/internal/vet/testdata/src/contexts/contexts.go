package contexts

import (
	"context"
	"log/slog"
	"time"

	"github.com/labstack/echo/v4"
)

// A type is no context if its methods have the names of a context's methods, but other types.
type looksLike struct{}

func (looksLike) Deadline() time.Time { return time.Time{} }
func (looksLike) Done() bool          { return false }
func (looksLike) Err() error          { return nil }
func (looksLike) Value() int          { return 0 }

func like(l looksLike) { slog.Info("") }

type fields struct{ Deadline, Done, Err, Value func() }

func field(f fields) { slog.Info("") }

// A pointer to byPointer is a context, but a value is none.
type byPointer struct{ context.Context }

func (b *byPointer) Value(key any) any { return nil }

type apart struct{}

func (*apart) Deadline() (t time.Time, ok bool) { return }
func (*apart) Done() <-chan struct{}            { return nil }
func (*apart) Err() error                       { return nil }
func (*apart) Value(key any) any                { return nil }

func value(a apart)       { slog.Info("") }
func pointer(a *apart)    { slog.Info("") } // want `InfoContext\(a, …\)`
func embeds(b byPointer)  { slog.Info("") }
func embeds2(b shadowing) { slog.Info("") }

type shadowing struct{ byPointer }

func (*shadowing) Done() <-chan struct{} { return nil }

// A pointer to a context is no context, and the context may be nil.
func toContext(c *context.Context)   { slog.Info("") }
func toEcho(c *echo.Context)         { slog.Info("") }
func toContexts(c **context.Context) { slog.Info("") }

type returnsPointer struct{}

func (returnsPointer) Context() *context.Context { return nil }

func ofPointer(r returnsPointer) { slog.Info("") }

// The parameter of the inner function hides the context of the outer function.
func both(ctx context.Context) {
	_ = func(c *context.Context) { slog.Info("") }
	slog.Info("") // want `InfoContext\(ctx, …\)`
}

type named context.Context

type alias = context.Context

func ofNamed(c named) { slog.Info("") } // want `InfoContext\(c, …\)`
func ofAlias(c alias) { slog.Info("") } // want `InfoContext\(c, …\)`

func ofParameter[C context.Context](c C)                       { slog.Info("") } // want `InfoContext\(c, …\)`
func ofHaving[C interface{ Context() alias }](c C)             { slog.Info("") } // want `InfoContext\(c\.Context\(\), …\)`
func given(c *context.Context, load func(*alias) *slog.Logger) { load(c).Info("") }
