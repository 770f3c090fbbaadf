package workerpool

import (
	"context"
	"log/slog"
	"time"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/line"
	"example.com/clew/internal/line/zline"
	"example.com/clew/trace"
)

// Logged returns a context with which [Every] and [Job] write a line for each run. Contexts that
// are derived from it have the same effect:
//
//	go workerpool.Every(workerpool.Logged(ctx, "refresh"), time.Minute, refresh)
//
// The line has the message "job" and the IDs of the run's own trace. Its fields are job, which is
// the name, and duration_ms. scheduled_by is the trace ID of the context that Every or Job was
// given, if that context has a trace. panicked and sampled are written only if they are true. The
// level is info. If a run panics, the level is error, and the line is written before the panic
// continues. A run that calls runtime.Goexit has a line too.
//
// The line goes to the zerolog logger of the run's context, or else to the slog logger of that
// context, or else to the logger that logctx.Info uses for a context without a logger. If the
// logger has logctx's hook or handler, its Config sets the names of the fields.
//
// The run's span has the same name. An empty name is replaced by "workerpool.Every" or
// "workerpool.Job", the name of a span without Logged. A name is cut after 8,000 bytes.
//
// A job that a run schedules with the run's context is another job. It has lines only if the run
// passes that context through Logged again. If a context gets two names, the second replaces the
// first. Go, Wrap, Group and Pool write no lines, but the contexts of their tasks keep the name
// for an Every or a Job. [trace.Only] removes the name. A nil ctx panics.
func Logged(ctx context.Context, name string) context.Context {
	if ctx == nil {
		panic("workerpool: Logged: nil context")
	}
	ctx, _ = takeName(ctx)
	return withValues(ctx, newNamed(valuesOf(ctx), clip.UTF8(name)))
}

// job returns what Every or Job runs: the context, the name of each run's span, and the function.
// If Logged has given ctx a name, the span has that name, else the span has the name in the
// parameter.
func job(ctx context.Context, name string, fn func(ctx context.Context)) (context.Context, string, func(ctx context.Context)) {
	ctx, n := takeName(ctx)
	if n == nil {
		return ctx, name, fn
	}
	if n.name != "" {
		name = n.name
	}
	scheduledBy := trace.ID(ctx)
	return ctx, name, func(ctx context.Context) {
		begun, returned := time.Now(), false
		defer func() {
			r := &line.Run{Job: name, Duration: time.Since(begun), ScheduledBy: scheduledBy}
			r.Panicked = !returned && goroutine.Panicking()
			logRun(ctx, r)
		}()
		fn(ctx)
		returned = true
	}
}

func logRun(ctx context.Context, r *line.Run) {
	level := slog.LevelInfo
	if r.Panicked {
		level = slog.LevelError
	}
	b, _ := trace.FromContext(ctx)
	r.Sampled = b.Sampling == trace.Accept
	// The last argument is false, since a run's trace is never a debug trace: only a caller can
	// ask for debug, and a run is a root, which has no caller.
	zline.Out(&line.Pending{Context: ctx, Record: r}, level, false)
}
