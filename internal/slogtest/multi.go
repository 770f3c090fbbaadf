//go:build go1.26

// Package slogtest has what tests of several packages need of slog. Tests alone import it.
package slogtest

import "log/slog"

// Multi gives each record to all handlers that are enabled: it is [slog.NewMultiHandler], which
// came with Go 1.26.
func Multi(handlers ...slog.Handler) slog.Handler { return slog.NewMultiHandler(handlers...) }
