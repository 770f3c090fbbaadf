//go:build !go1.26

package testkit

import (
	"context"
	"errors"
	"log/slog"
)

// MultiHandler gives each record to all handlers that are enabled, as Go 1.26's
// slog.NewMultiHandler does.
func MultiHandler(handlers ...slog.Handler) slog.Handler { return &multi{handlers} }

type multi struct{ handlers []slog.Handler }

func (m *multi) Enabled(ctx context.Context, level slog.Level) bool {
	for _, h := range m.handlers {
		if h.Enabled(ctx, level) {
			return true
		}
	}
	return false
}

func (m *multi) Handle(ctx context.Context, r slog.Record) error {
	var errs []error
	for _, h := range m.handlers {
		if h.Enabled(ctx, r.Level) {
			errs = append(errs, h.Handle(ctx, r.Clone()))
		}
	}
	return errors.Join(errs...)
}

func (m *multi) WithAttrs(attrs []slog.Attr) slog.Handler {
	return m.each(func(h slog.Handler) slog.Handler { return h.WithAttrs(attrs) })
}

func (m *multi) WithGroup(name string) slog.Handler {
	return m.each(func(h slog.Handler) slog.Handler { return h.WithGroup(name) })
}

func (m *multi) each(f func(slog.Handler) slog.Handler) slog.Handler {
	n := &multi{make([]slog.Handler, len(m.handlers))}
	for i, h := range m.handlers {
		n.handlers[i] = f(h)
	}
	return n
}
