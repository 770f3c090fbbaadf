package testkit

import (
	"io"

	"example.com/clew/logctx"
	"github.com/rs/zerolog"
)

// Hooked returns a logger with logctx's hook, whose lines have no time, so that they can be
// compared whole.
func Hooked(w io.Writer) zerolog.Logger {
	return zerolog.New(w).Hook(logctx.Hook(logctx.Config{}))
}
