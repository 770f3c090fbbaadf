package workerpool

import (
	"context"
	"log/slog"
	"time"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/line"
	"example.com/clew/internal/line/zline"
	"example.com/clew/internal/seam"
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

// named is a link in the chain of contexts that gives a name to what is scheduled with it. It
// begins as a context of context.WithValue does, which programs look for: see trace's node.
//
// It lies under the lifetime of a task, since pools lay tasks over the values. Otherwise it stays
// on top: as a seam.Lifetime it lets a new root and a detached context be laid under it.
type named struct {
	context.Context
	key, val any // nameKey{} and what counts: the named itself
	name     string
}

type nameKey struct{}

var _ seam.Lifetime = (*named)(nil)

func newNamed(ctx context.Context, name string) *named {
	n := &named{Context: ctx, key: nameKey{}, name: name}
	n.val = n
	return n
}

func (n *named) Value(key any) any {
	if key == n.key {
		return n
	}
	return n.Context.Value(key)
}

func (n *named) Values() context.Context { return n.Context }

func (n *named) Over(values context.Context) context.Context { return newNamed(values, n.name) }

func (n *named) Detached() context.Context {
	if detached := trace.Detach(n.Context); detached != n.Context {
		return newNamed(detached, n.name)
	}
	return n
}

// takeName returns ctx without the name that it has for what is scheduled with it, and that name.
// It is nil if there is none.
//
// A name on top is removed, so that a run which schedules the next one by a name makes no chain;
// no other is below it that counts, since Logged has taken that. One that is further down is
// hidden.
func takeName(ctx context.Context) (context.Context, *named) {
	n, _ := ctx.Value(nameKey{}).(*named)
	switch {
	case n == nil:
		return ctx, nil
	case ctx == n:
		return n.Context, n
	case valuesOf(ctx) == n:
		return withValues(ctx, n.Context), n
	}
	return withValues(ctx, context.WithValue(valuesOf(ctx), nameKey{}, nil)), n
}

// withValues returns a context with the lifetime of ctx, if that is one of ours, and these values.
func withValues(ctx, values context.Context) context.Context {
	if life, ok := ctx.(seam.Lifetime); ok {
		return life.Over(values)
	}
	return values
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
