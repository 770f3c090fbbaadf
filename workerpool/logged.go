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

// Logged returns a context that makes [Every] and [Job] write a line for each run, when they are
// given it or one that was derived from it:
//
//	go workerpool.Every(workerpool.Logged(ctx, "refresh"), time.Minute, refresh)
//
// The line has the message "job" and the IDs of the run's own trace. Its fields are job, which is
// name, duration_ms, scheduled_by, which is the trace ID of the context that Every or Job was
// given, if it has one, and panicked and sampled where they are true. Its level is info, and
// error for a panic, of which the line is written first. A run that calls runtime.Goexit has its
// line too. It goes to the zerolog logger of the run's context, else to its slog logger, else
// where logctx.Info writes without a logger; with a logger that has logctx's hook or handler, the
// fields are called what that says.
//
// The name is also the name of the run's span. With an empty one, both are what the span is called
// otherwise: "workerpool.Every" or "workerpool.Job". A name is cut after 8,000 bytes.
//
// A job that a run schedules with its own context is another one, and has lines only if it is
// Logged itself. Of two names the inner one counts. Go, Wrap, Group and Pool write no lines;
// their tasks have the name still, for an Every or a Job in them. [trace.Only] keeps no name. A
// nil ctx panics.
func Logged(ctx context.Context, name string) context.Context {
	if ctx == nil {
		panic("workerpool: Logged: nil context")
	}
	ctx, _ = takeName(ctx)
	return withValues(ctx, newNamed(valuesOf(ctx), clip.UTF8(name)))
}

// job returns what Every or Job runs of fn, in which context, and what the span of a run is
// called. That is name, unless ctx has another.
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
			level := slog.LevelInfo
			if !returned && goroutine.Panicking() {
				r.Panicked, level = true, slog.LevelError
			}
			b, _ := trace.FromContext(ctx)
			r.Sampled = b.Sampling == trace.Accept
			// Debug is false always: a run is a root, and what a caller has asked for ends at a
			// root.
			zline.Out(&line.Pending{Context: ctx, Record: r}, level, false)
		}()
		fn(ctx)
		returned = true
	}
}
