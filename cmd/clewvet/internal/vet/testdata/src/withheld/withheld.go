package withheld

import (
	"context"
	"log/slog"

	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
)

func record() (string, string, int) { return "", "", 0 }

// If a call's results are the arguments, a fix cannot add another argument.
func multiValue(ctx context.Context) {
	slog.Info("")       // want `InfoContext\(ctx, …\)`
	slog.Info(record()) // withheld // want `InfoContext\(ctx, …\)`
}

// The first argument of a method expression is the receiver.
func methodExpression(ctx context.Context, l *slog.Logger) {
	(*slog.Logger).Info(l, "") // withheld // want `InfoContext\(ctx, …\)`
}

// A type with an embedded logger may redefine the method that a fix calls.
var (
	outer outerLogger
	entry outerEntry
	event outerEvent
)

type outerLogger struct{ *slog.Logger }

func (outerLogger) InfoContext(text string) {}

func (outerLogger) WarnContext(ctx context.Context, text string, args ...any) {}

type outerEntry struct{ *logrus.Entry }

func (outerEntry) WithContext(key string) *logrus.Entry { return nil }

type outerEvent struct{ *zerolog.Event }

func (outerEvent) Ctx() outerEvent { return outerEvent{} }

func embedded(ctx context.Context) {
	outer.Info("")        // withheld // want `InfoContext\(ctx, …\)`
	outer.Warn("")        // want `WarnContext\(ctx, …\)`
	outer.Logger.Info("") // want `InfoContext\(ctx, …\)`
	entry.Info("")        // withheld // want `WithContext\(ctx\)`
	event.Msg("")
}

func generic[T any](ctx context.Context, t T) {
	slog.Info("", "", t)                         // want `InfoContext\(ctx, …\)`
	slog.Info(pair[T]())                         // withheld // want `InfoContext\(ctx, …\)`
	func() { slog.Info("", "", new(list[T])) }() // want `InfoContext\(ctx, …\)`
}

type list[T any] struct{ next *list[T] }

func (l *list[T]) log(ctx context.Context) {
	slog.Info("", "", l.next) // want `InfoContext\(ctx, …\)`
}

func pair[T any]() (s string, t T) { return }

// A fix outside of a declared function is checked, too.
var literal = func(ctx context.Context) {
	slog.Info(record()) // withheld // want `InfoContext\(ctx, …\)`
	slog.Info("")       // want `InfoContext\(ctx, …\)`
}
