//go:build go1.26

package testkit

import "log/slog"

// MultiHandler gives each record to all handlers that are enabled: it is [slog.NewMultiHandler],
// which came with Go 1.26.
func MultiHandler(handlers ...slog.Handler) slog.Handler { return slog.NewMultiHandler(handlers...) }
