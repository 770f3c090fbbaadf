package httpmw

import (
	"context"

	"example.com/clew/internal/line"
	"example.com/clew/internal/logbind"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
)

// hooked returns l with logctx's hook. It adds the hook if l has none.
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

// uncovering is logctx's hook for a logger whose other hook gives each event a context of its
// own. The record of a line is itself a context, and the other hook's context is derived from it.
// uncovering looks for the record and makes it the event's context again. Each line pays for the
// search.
type uncovering struct{ zerolog.Hook }

func (u uncovering) Run(e *zerolog.Event, level zerolog.Level, message string) {
	if ctx, ok := e.GetCtx().Value(line.Covered{}).(context.Context); ok {
		e.Ctx(ctx)
	}
	u.Hook.Run(e, level, message)
}
