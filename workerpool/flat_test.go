package workerpool_test

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"slices"
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

// bottom is the innermost context. It counts the stack frames of a look-up that reaches it.
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
	trace bool // each run has the same trace
	next  func(ctx context.Context, f task)
}

// twoPools are the pools that the ways use. They always have an idle worker for the next task.
type twoPools struct {
	a, b *workerpool.Pool
	turn atomic.Int64 // the next way of mix
}

// agains returns all ways in which work schedules itself again.
func agains(a, b *workerpool.Pool) []again {
	p := &twoPools{a: a, b: b}
	return slices.Concat(p.singles(), p.jobs(), p.mixes())
}

func (p *twoPools) goA(ctx context.Context, f task) { noError(p.a.Go(ctx, f)) }

func (p *twoPools) goB(ctx context.Context, f task) { noError(p.b.Go(ctx, f)) }

func (p *twoPools) submit(ctx context.Context, f task) {
	workerpool.Submit(ctx, p.a, func(ctx context.Context) (int, error) { f(ctx); return 0, nil })
}

func noError(err error) {
	if err != nil {
		panic(err)
	}
}

func goJob(ctx context.Context, f task) { go workerpool.Job(ctx, f)() }

// once calls Every for a single run. The run ends the goroutine, and so Every too.
func once(ctx context.Context, f task) {
	workerpool.Every(ctx, 1, func(ctx context.Context) { f(ctx); runtime.Goexit() })
}

func goEvery(ctx context.Context, f task) {
	workerpool.Go(ctx, func(ctx context.Context) { once(ctx, f) })
}

func afterFunc(ctx context.Context, f task) { time.AfterFunc(0, workerpool.Wrap(ctx, f)) }

func goDetached(ctx context.Context, f task) { go f(trace.Detach(ctx)) }

func goInGroup(ctx context.Context, f task) {
	g := workerpool.NewGroup(ctx)
	g.Go(func(ctx context.Context) error { f(ctx); return nil })
}

func goRoot(ctx context.Context, f task) { go f(withRoot(ctx)) }

func goLogged(ctx context.Context, f task) { goJob(named(ctx, "again"), f) }

func (p *twoPools) singles() []again {
	return []again{
		{"Pool.Go", true, p.goA},
		{"Pool.TryGo", true, func(ctx context.Context, f task) {
			if !p.a.TryGo(ctx, f) {
				panic("the queue is full")
			}
		}},
		{"Submit", true, p.submit},
		{"Go", true, workerpool.Go},
		{"AfterFunc and Wrap", true, afterFunc},
		{"Detach", true, goDetached},
		{"Job", false, goJob},
		{"Every", false, goEvery},
		{"Every in a task", false, func(ctx context.Context, f task) {
			p.goA(ctx, func(ctx context.Context) { once(ctx, f) })
		}},
		{"Root", false, goRoot},
		{"Root, Pool.Go", false, func(ctx context.Context, f task) { p.goA(withRoot(ctx), f) }},
	}
}

func (p *twoPools) jobs() []again {
	return []again{
		{"Job, with a span of its own", false, func(ctx context.Context, f task) { goJob(withSpan(ctx), f) }},
		{"Job, with a denied span of its own", false, func(ctx context.Context, f task) {
			ctx, span := trace.Starter{TracerProvider: noSpans}.Start(ctx, trace.B3{Sampling: trace.Deny}, "step")
			span.End()
			goJob(ctx, f)
		}},
		{"Job, logged", false, goLogged},
		{"Every, logged", false, func(ctx context.Context, f task) { goEvery(named(ctx, "again"), f) }},
		{"Job, logged twice", false, func(ctx context.Context, f task) { goLogged(named(ctx, "before"), f) }},
		{"Job, logged, with a root of its own", false, func(ctx context.Context, f task) {
			goJob(withRoot(named(ctx, "again")), f)
		}},
		{"Job in a task that was submitted with a name", false, func(ctx context.Context, f task) {
			p.goA(named(ctx, "again"), func(ctx context.Context) { goJob(ctx, f) })
		}},
	}
}

// mix returns a way that uses the given ways in turn.
func (p *twoPools) mix(all ...func(ctx context.Context, f task)) func(ctx context.Context, f task) {
	return func(ctx context.Context, f task) { all[int(p.turn.Add(1))%len(all)](ctx, f) }
}

func (p *twoPools) mixes() []again {
	return []again{
		{"two pools", true, p.mix(p.goA, p.goB)},
		{"Pool.Go, Detach", true, p.mix(p.goA, goDetached)},
		{"Pool.Go, Submit", true, p.mix(p.goA, p.submit)},
		{"Pool.Go, Submit, Go, Wrap, two pools", true, p.mix(p.goA, p.submit, workerpool.Go, p.goB, afterFunc)},
		{"Job, Pool.Go", false, p.mix(goJob, p.goA)},
		{"Job, Submit, Root", false, p.mix(goJob, p.submit, goRoot)},
		{"Group, Go", true, p.mix(goInGroup, workerpool.Go)},
		{"Group, Job, Submit", false, p.mix(goInGroup, goJob, p.submit)},
		{"Job, with and without Logged, Pool.Go", false, p.mix(goLogged, goJob, p.goA)},
		{"Job, logged, Group, Wrap", false, p.mix(goLogged, goInGroup, afterFunc)},
		{"Job, logged, Submit, Detach", false, p.mix(goLogged, p.submit, goDetached)},
		// These are 12 ways. The number must divide 60: see TestSelfSchedulingIsFlat.
		{"all", false, p.mix(p.goA, goJob, workerpool.Go, p.goB, p.submit, goEvery, goRoot, afterFunc, goDetached, goInGroup, p.submit, goLogged)},
	}
}

// setting is a kind of context for the first run.
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
		{name: "an SDK that does not record", start: inSpan(never, "")},
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

// named calls workerpool.Logged. If ctx has no bound logger, the lines are discarded.
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

// If work schedules itself again with its own context, the contexts do not become deeper, however
// often the work runs.
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
						// The caller's frames do not count. They include those of marks.
						return depth - runtime.Callers(0, pcs[:])
					}
					depths := map[int]int{} // by the number of runs
					var wrong atomic.Int64
					runs := 0
					last := loop(t, ctx, form.next, 720, func(ctx context.Context) {
						if runs++; runs%60 == 0 { // a mix then always uses the same way
							depths[runs] = look(ctx)
						}
						if ctx.Value(key("user")) != "ann" || ctx.Value(key("more")) != "values" || runs > 10 && (trace.ID(ctx) == id) != form.trace {
							wrong.Add(1)
						}
					})
					assert.Zero(t, wrong.Load(), "runs with a wrong value or trace")
					assert.Equal(t, depths[120], depths[720], "frames of a look-up in run 720; want as many as in run 120")
					runtime.KeepAlive(last)
				})
			}
			assert.NoError(t, a.Shutdown(context.Background()))
			assert.NoError(t, b.Shutdown(context.Background()))
		})
	}
}

// Many runs keep no more bytes in memory than a few runs.
func TestTortureSelfScheduling(t *testing.T) {
	const slack = 64 << 10
	few, many := 500, torture.Size(3_000, 100_000)
	for _, s := range settings() {
		if s.name == "a guard" { // a guard makes each hand-over slow: it costs a traceback
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
					// Memory that other code has allocated meanwhile does not affect a second
					// measurement, but memory that each run keeps does.
					for range 2 {
						if after-before > slack {
							before, _ = kept(few)
							after, _ = kept(many)
						}
					}
					worst, most = max(worst, after-before), max(most, allocsAfter-allocsBefore)
					assert.LessOrEqual(t, after-before, slack, "bytes kept after %d runs, more than after %d", many, few)
					assert.InDelta(t, allocsBefore, allocsAfter, 1+allocsBefore/4, "allocations per run, with %d runs and with %d", many, few)
				})
			}
			assert.NoError(t, a.Shutdown(context.Background()))
			assert.NoError(t, b.Shutdown(context.Background()))
			torture.Row(t, "self-scheduling work", "%s, %d ways, %d runs each: at most %d bytes kept over those of %d runs, %.1f allocations a run more",
				s.name, len(forms), many, worst, few, most)
		})
	}
}

// A job that a run schedules gets the logger of the run, with the fields that the run has added.
// But the logger is bound to the job's own trace.
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
	assert.Equal(t, "one", line["step"], "the field that the first run has added to its logger")
	assert.Equal(t, id, line["trace_id"], "the ID on the line")
}

// A new root in a task has the lifetime of the task's context.
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
					runs := 0
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
							runs++
						})
					})
					time.Sleep(time.Second)
					assert.Error(t, p.Shutdown(ended()))
					synctest.Wait()
					assert.Equal(t, 1, runs, "runs that have seen the end of the pool")
				})
			})
		}
	}
}
