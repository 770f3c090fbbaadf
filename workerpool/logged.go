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

// Logged returns a context with which [Every] and [Job] write a line for each run. A context that
// is derived from it does the same:
//
//	go workerpool.Every(workerpool.Logged(ctx, "refresh"), time.Minute, refresh)
//
// The line has the message "job" and the IDs of the run's own trace. Its fields are job, which is
// the name, and duration_ms. scheduled_by is the trace ID of the context that Every or Job was
// given, if that has one. panicked and sampled appear only where they are true. The level is info.
// A run that panics has the level error, and its line is written before the panic goes on. A run
// that calls runtime.Goexit has a line too.
//
// The line goes to the zerolog logger of the run's context, or else to its slog logger, or else
// where logctx.Info writes without a logger. If the logger has logctx's hook or handler, the
// fields have the names that are set there.
//
// The run's span has the same name. An empty name counts as "workerpool.Every" or
// "workerpool.Job", as without Logged. A name is cut after 8,000 bytes.
//
// A job that a run schedules with the run's context is another job, and has lines only if that job
// is Logged itself. Of two names the inner one counts. Go, Wrap, Group and Pool write no lines,
// but their tasks keep the name for an Every or a Job in them. [trace.Only] keeps no name. A nil
// ctx panics.
func Logged(ctx context.Context, name string) context.Context {
	if ctx == nil {
		panic("workerpool: Logged: nil context")
	}
	ctx, _ = takeName(ctx)
	return withValues(ctx, newNamed(valuesOf(ctx), clip.UTF8(name)))
}

// job returns the function that Every or Job runs, its context, and the name of a run's span:
// name, unless ctx has another.
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
	// Never a debug line: only a caller asks for debug, and a run is a root, which has no caller.
	zline.Out(&line.Pending{Context: ctx, Record: r}, level, false)
}
