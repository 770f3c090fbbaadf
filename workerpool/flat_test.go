package workerpool_test

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/logbind"
	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/trace"
	"example.com/clew/tracetest"
	"example.com/clew/workerpool"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

type task = func(ctx context.Context)

// bottom is the context under all others. It tells how far up the chain a look-up has come from.
type bottom struct {
	context.Context
	frames *int
}

type depthKey struct{}

func (b bottom) Value(key any) any {
	if key == (depthKey{}) {
		var pcs [4096]uintptr
		*b.frames = runtime.Callers(0, pcs[:])
	}
	return b.Context.Value(key)
}

// again is a way in which work schedules itself again, with its own context.
type again struct {
	name  string
	trace bool // the same one in each run
	next  func(ctx context.Context, f task)
}

// agains returns the ways. The pools have an idle worker for each.
func agains(a, b *workerpool.Pool) []again {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	goA := func(ctx context.Context, f task) { must(a.Go(ctx, f)) }
	goB := func(ctx context.Context, f task) { must(b.Go(ctx, f)) }
	submit := func(ctx context.Context, f task) {
		workerpool.Submit(ctx, a, func(ctx context.Context) (int, error) { f(ctx); return 0, nil })
	}
	job := func(ctx context.Context, f task) { go workerpool.Job(ctx, f)() }
	// A run that ends its goroutine is one that Every makes once.
	every := func(ctx context.Context, f task) {
		workerpool.Every(ctx, 1, func(ctx context.Context) { f(ctx); runtime.Goexit() })
	}
	goEvery := func(ctx context.Context, f task) {
		workerpool.Go(ctx, func(ctx context.Context) { every(ctx, f) })
	}
	after := func(ctx context.Context, f task) { time.AfterFunc(0, workerpool.Wrap(ctx, f)) }
	detach := func(ctx context.Context, f task) { go f(trace.Detach(ctx)) }
	group := func(ctx context.Context, f task) {
		g := workerpool.NewGroup(ctx)
		g.Go(func(ctx context.Context) error { f(ctx); return nil })
	}
	root := func(ctx context.Context, f task) {
		ctx, span := trace.Root(ctx, "root")
		span.End()
		go f(ctx)
	}
	logged := func(ctx context.Context, f task) { job(named(ctx, "again"), f) }
	var turn atomic.Int64
	mix := func(all ...func(ctx context.Context, f task)) func(ctx context.Context, f task) {
		return func(ctx context.Context, f task) { all[int(turn.Add(1))%len(all)](ctx, f) }
	}
	return []again{
		{"Pool.Go", true, goA},
		{"Pool.TryGo", true, func(ctx context.Context, f task) {
			if !a.TryGo(ctx, f) {
				panic("the queue is full")
			}
		}},
		{"Submit", true, submit},
		{"Go", true, workerpool.Go},
		{"AfterFunc and Wrap", true, after},
		{"Detach", true, detach},
		{"Job", false, job},
		{"Every", false, goEvery},
		{"Every in a task", false, func(ctx context.Context, f task) {
			goA(ctx, func(ctx context.Context) { every(ctx, f) })
		}},
		{"Root", false, root},
		{"Root, Pool.Go", false, func(ctx context.Context, f task) {
			ctx, span := trace.Root(ctx, "root")
			span.End()
			goA(ctx, f)
		}},
		{"Job, with a span of its own", false, func(ctx context.Context, f task) {
			ctx, span := trace.Start(ctx, "step")
			span.End()
			job(ctx, f)
		}},
		{"Job, with a denied span of its own", false, func(ctx context.Context, f task) {
			ctx, span := trace.Starter{TracerProvider: noSpans}.Start(ctx, trace.B3{Sampling: trace.Deny}, "step")
			span.End()
			job(ctx, f)
		}},
		{"Job, logged", false, logged},
		{"Every, logged", false, func(ctx context.Context, f task) { goEvery(named(ctx, "again"), f) }},
		{"Job, logged twice", false, func(ctx context.Context, f task) { logged(named(ctx, "before"), f) }},
		{"Job, logged, with a root of its own", false, func(ctx context.Context, f task) {
			ctx, span := trace.Root(named(ctx, "again"), "root")
			span.End()
			job(ctx, f)
		}},
		{"Job in a task, logged before it", false, func(ctx context.Context, f task) {
			goA(named(ctx, "again"), func(ctx context.Context) { job(ctx, f) })
		}},
		{"two pools", true, mix(goA, goB)},
		{"Pool.Go, Detach", true, mix(goA, detach)},
		{"Pool.Go, Submit", true, mix(goA, submit)},
		{"Pool.Go, Submit, Go, Wrap, two pools", true, mix(goA, submit, workerpool.Go, goB, after)},
		{"Job, Pool.Go", false, mix(job, goA)},
		{"Job, Submit, Root", false, mix(job, submit, root)},
		{"Group, Go", true, mix(group, workerpool.Go)},
		{"Group, Job, Submit", false, mix(group, job, submit)},
		{"Job, logged, and not, Pool.Go", false, mix(logged, job, goA)},
		{"Job, logged, Group, Wrap", false, mix(logged, group, after)},
		{"Job, logged, Submit, Detach", false, mix(logged, submit, detach)},
		{"all", false, mix(goA, job, workerpool.Go, goB, submit, goEvery, root, after, detach, group, submit, logged)}, // 12, of which 60 is a multiple
	}
}

// setting is what the context of the first run has.
type setting struct {
	name  string
	start func(ctx context.Context) context.Context
	with  func(t *testing.T)
}

func settings() []setting {
	inSpan := func(provider oteltrace.TracerProvider, caller string) func(ctx context.Context) context.Context {
		return func(ctx context.Context) context.Context {
			b, _ := trace.Parse(caller)
			ctx, span := trace.Starter{TracerProvider: provider}.Start(ctx, b, "request")
			span.End()
			return ctx
		}
	}
	always, never := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample())), sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	bound := func(bind func(ctx context.Context, l zerolog.Logger) context.Context, level zerolog.Level) func(ctx context.Context) context.Context {
		return func(ctx context.Context) context.Context { return bind(ctx, logger(io.Discard, level)) }
	}
	plain := func(ctx context.Context) context.Context { return ctx }
	return []setting{
		{name: "no SDK", start: plain},
		{name: "an SDK that records", start: inSpan(always, "")},
		{name: "an SDK that does not", start: inSpan(never, "")},
		{name: "a deny over an SDK", start: inSpan(always, "0")},
		{name: "a logger", start: bound(logbind.Bind, zerolog.InfoLevel)},
		{name: "a logger and an SDK", start: func(ctx context.Context) context.Context {
			return bound(logbind.Bind, zerolog.InfoLevel)(inSpan(always, "")(ctx))
		}},
		{name: "a logger at debug", start: bound(logbind.BindDebug, zerolog.InfoLevel)},
		{name: "a logger that is disabled", start: bound(logbind.Bind, zerolog.Disabled)},
		{name: "a name", start: func(ctx context.Context) context.Context { return named(ctx, "first") }},
		{name: "a name below a value", start: func(ctx context.Context) context.Context {
			return context.WithValue(named(ctx, "first"), key("above"), "the name")
		}},
		{name: "labels", start: plain, with: func(t *testing.T) { t.Cleanup(goroutine.WantLabels()) }},
		{name: "a guard", start: bound(logbind.Bind, zerolog.InfoLevel), with: func(t *testing.T) { tracetest.Guard(t) }},
	}
}

var noSpans = sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))

// named is workerpool.Logged, with lines that nobody reads.
func named(ctx context.Context, name string) context.Context {
	if logbind.Stored(ctx) == nil {
		ctx = logbind.Bind(ctx, logger(io.Discard, zerolog.InfoLevel))
	}
	return workerpool.Logged(ctx, name)
}

// loop runs work that schedules itself again, n times, and returns the context of the last run.
func loop(t testing.TB, ctx context.Context, next func(ctx context.Context, f task), n int, each task) context.Context {
	t.Helper()
	last := make(chan context.Context)
	runs := 0
	var f task
	f = func(ctx context.Context) {
		each(ctx)
		if runs++; runs == n {
			last <- ctx
			return
		}
		next(ctx, f)
	}
	next(ctx, f)
	return <-last
}

// Work that schedules itself again with its own context keeps what its first run kept, however
// often it runs.
func TestSelfSchedulingIsFlat(t *testing.T) {
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			if s.with != nil {
				s.with(t)
			}
			a, b := workerpool.New(workerpool.Config{Workers: 2}), workerpool.New(workerpool.Config{Workers: 2})
			for _, form := range agains(a, b) {
				t.Run(form.name, func(t *testing.T) {
					var depth int
					parent, cancel := context.WithCancel(context.WithValue(bottom{request(), &depth}, key("more"), "values"))
					defer cancel()
					ctx := s.start(parent)
					id := trace.ID(ctx)
					look := func(ctx context.Context) int {
						var pcs [4096]uintptr
						ctx.Value(depthKey{})
						return depth - runtime.Callers(0, pcs[:]) // not those of a mark below
					}
					depths := map[int]int{} // at the end of so many runs
					var wrong atomic.Int64
					runs := 0
					last := loop(t, ctx, form.next, 1980, func(ctx context.Context) {
						if runs++; runs%60 == 0 { // whose turn it is is then always the same
							depths[runs] = look(ctx)
						}
						if ctx.Value(key("user")) != "ann" || ctx.Value(key("more")) != "values" || runs > 10 && (trace.ID(ctx) == id) != form.trace {
							wrong.Add(1)
						}
					})
					assert.Zero(t, wrong.Load(), "runs with a wrong value or trace")
					assert.Equal(t, depths[120], depths[1980], "frames of a look-up in run 1980, against run 120")
					runtime.KeepAlive(last)
				})
			}
			assert.NoError(t, a.Shutdown(context.Background()))
			assert.NoError(t, b.Shutdown(context.Background()))
		})
	}
}

// A run keeps nothing of those before it, in bytes.
func TestTortureSelfScheduling(t *testing.T) {
	const slack = 64 << 10
	few, many := 1000, torture.Size(6_000, 100_000)
	for _, s := range settings() {
		if s.name == "a guard" { // each hand-over costs a traceback
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			if s.with != nil {
				s.with(t)
			}
			a, b := workerpool.New(workerpool.Config{Workers: 2}), workerpool.New(workerpool.Config{Workers: 2})
			worst, forms := 0, agains(a, b)
			var most float64
			for _, form := range forms {
				t.Run(form.name, func(t *testing.T) {
					start := s.start(request())
					kept := func(n int) (bytes int, allocs float64) {
						var before, after runtime.MemStats
						runtime.ReadMemStats(&before)
						last := loop(t, start, form.next, n, nothing)
						runtime.ReadMemStats(&after)
						bytes = torture.Heap()
						runtime.KeepAlive(last)
						return bytes, float64(after.Mallocs-before.Mallocs) / float64(n)
					}
					kept(few)
					before, allocsBefore := kept(few)
					after, allocsAfter := kept(many)
					// Asked again, there is no difference by what others hold for a moment, or
					// from now on. There is by what a run keeps.
					for range 2 {
						if after-before > slack {
							before, _ = kept(few)
							after, _ = kept(many)
						}
					}
					worst, most = max(worst, after-before), max(most, allocsAfter-allocsBefore)
					assert.LessOrEqual(t, after-before, slack, "bytes kept after %d runs, over those after %d", many, few)
					assert.InDelta(t, allocsBefore, allocsAfter, 1+allocsBefore/4, "allocations a run, of %d runs and of %d", many, few)
				})
			}
			assert.NoError(t, a.Shutdown(context.Background()))
			assert.NoError(t, b.Shutdown(context.Background()))
			torture.Row(t, "self-scheduling work", "%s, %d ways, %d runs each: at most %d bytes kept over those of %d runs, %.1f allocations a run more",
				s.name, len(forms), many, worst, few, most)
		})
	}
}

// The logger of a run goes with it, and with what was changed in it, though the context of the
// run does not.
func TestJobInAJobKeepsTheRunsLogger(t *testing.T) {
	var out bytes.Buffer
	ctx := logbind.Bind(request(), logger(&out, zerolog.InfoLevel))
	done := make(chan string)
	workerpool.Job(ctx, func(ctx context.Context) {
		zerolog.Ctx(ctx).UpdateContext(func(c zerolog.Context) zerolog.Context { return c.Str("step", "one") })
		go workerpool.Job(ctx, func(ctx context.Context) {
			zerolog.Ctx(ctx).Info().Msg("second")
			done <- trace.ID(ctx)
		})()
	})()
	id := <-done
	line := testkit.TakeLine(t, &out)
	assert.Equal(t, "one", line["step"], "the field that the first run has given to its logger")
	assert.Equal(t, id, line["trace_id"], "the ID on the line")
}

// A root in one of our contexts has its lifetime, whatever became of the trace below.
func TestRootKeepsTheLifetime(t *testing.T) {
	roots := map[string]func(ctx context.Context, f task){
		"Root": func(ctx context.Context, f task) {
			ctx, span := trace.Root(ctx, "root")
			defer span.End()
			f(ctx)
		},
		"Start": func(ctx context.Context, f task) {
			ctx, span := trace.Start(ctx, "root", oteltrace.WithNewRoot())
			defer span.End()
			f(ctx)
		},
		"Every": func(ctx context.Context, f task) { workerpool.Every(ctx, 1, f) },
	}
	in := map[string]func(ctx context.Context, p *workerpool.Pool, f task){
		"Pool.Go": func(ctx context.Context, p *workerpool.Pool, f task) { assert.NoError(t, p.Go(ctx, f)) },
		"Submit": func(ctx context.Context, p *workerpool.Pool, f task) {
			workerpool.Submit(ctx, p, func(ctx context.Context) (int, error) { f(ctx); return 7, nil })
		},
		"Group in a task": func(ctx context.Context, p *workerpool.Pool, f task) {
			assert.NoError(t, p.Go(ctx, func(ctx context.Context) {
				g := workerpool.NewGroup(ctx)
				g.Go(func(ctx context.Context) error { f(ctx); return nil })
				_ = g.Wait()
			}))
		},
	}
	for inName, in := range in {
		for rootName, root := range roots {
			t.Run(rootName+" in "+inName, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := workerpool.New(workerpool.Config{Workers: 1})
					over := 0
					in(request(), p, func(ctx context.Context) {
						root(ctx, func(ctx context.Context) {
							child, cancel := context.WithTimeout(ctx, time.Hour)
							defer cancel()
							assert.Zero(t, cancelGoroutines(), "goroutines of package context")
							<-child.Done()
							assert.Equal(t, workerpool.ErrClosed, context.Cause(ctx), "context.Cause")
							assert.Equal(t, context.Canceled, child.Err(), "Err of a child")
							assert.Equal(t, "ann", ctx.Value(key("user")))
							assert.NotEqual(t, id128, trace.ID(ctx))
							over++
						})
					})
					time.Sleep(time.Second)
					assert.Error(t, p.Shutdown(ended()))
					synctest.Wait()
					assert.Equal(t, 1, over, "runs that have seen the end of the pool")
				})
			})
		}
	}
}
