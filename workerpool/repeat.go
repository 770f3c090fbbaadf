package workerpool

import (
	"context"
	"fmt"
	"runtime/pprof"
	"time"

	"example.com/clew/internal/goroutine"
	"example.com/clew/trace"
)

// Every runs fn at intervals of d until ctx ends, for the first time after d. It returns when the
// last run has returned. To stop Every, cancel ctx. Each run is a new trace with a link to ctx's
// trace, and its context has ctx's cancellation. Runs do not overlap: a slow run delays the next,
// and the ticks that it misses are dropped. [Logged] gives each run a line in the log. Every
// panics if d is not positive.
func Every(ctx context.Context, d time.Duration, fn func(ctx context.Context)) {
	check("Every", ctx, fn != nil)
	if d <= 0 {
		panic(fmt.Sprintf("workerpool: Every: interval %v is not positive", d))
	}
	runCtx, name, fn := job(ctx, "workerpool.Every", fn)
	ticker := time.NewTicker(d)
	defer ticker.Stop()
	if goroutine.LabelsWanted() {
		defer pprof.SetGoroutineLabels(labelsToRestore(ctx)) // the goroutine is the caller's
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if ctx.Err() != nil { // both were ready
				return
			}
			runRoot(runCtx, name, fn)
		}
	}
}

// Job returns fn as a function without parameters, for a scheduler such as robfig/cron or gocron.
// Each call is a new trace with a link to ctx's trace. Nobody waits for the call, so it has
// neither ctx's cancellation nor its deadline: a job that a request schedules outlives the
// request. The function keeps in memory what ctx's values refer to; pass the context of
// [trace.Only] to keep less. A job that a run schedules keeps only the values and the logger of
// that run. [Logged] gives each run a line in the log.
func Job(ctx context.Context, fn func(ctx context.Context)) func() {
	check("Job", ctx, fn != nil)
	ctx, name, fn := job(ctx, "workerpool.Job", fn)
	ctx = trace.Detach(ctx)
	return func() { runRoot(ctx, name, fn) }
}

func runRoot(ctx context.Context, name string, fn func(ctx context.Context)) {
	ctx, span := trace.Root(ctx, name)
	// Not Guard.Traced, which wraps ctx with the guard's label even if ctx has the label. The
	// contexts of jobs that schedule jobs would become a chain.
	ctx = goroutine.Handed(ctx)
	// Not defer span.End(): if End itself is the deferred call, an SDK's End recovers a panic and
	// panics again.
	defer func() { span.End() }()
	run(ctx, nil, fn)
}
