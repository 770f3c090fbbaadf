package httpmw

import (
	"context"

	"example.com/clew/internal/line"
	"example.com/clew/internal/logbind"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
)

// hooked(l) returns l with logctx's hook. It adds the hook if l has none.
func hooked(l zerolog.Logger) zerolog.Logger {
	if logbind.HasHook(l) {
		return l
	}
	ours := logctx.Hook(logctx.Config{})
	if with := l.Hook(ours); logbind.HasHook(with) {
		return with
	}
	return l.Hook(uncovering{ours})
}

// uncovering is logctx's hook for a logger whose other hook gives each event a context of its own.
// For an access line, the event's context is a line.Pending, which holds the fields of the line.
// The other hook's context is derived from the Pending. uncovering looks for the Pending and makes
// it the event's context again. Each line of such a logger pays for the search.
type uncovering struct{ zerolog.Hook }

func (u uncovering) Run(e *zerolog.Event, level zerolog.Level, message string) {
	if ctx, ok := e.GetCtx().Value(line.Covered{}).(context.Context); ok {
		e.Ctx(ctx)
	}
	u.Hook.Run(e, level, message)
}
