package workerpool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"golang.org/x/sync/errgroup"
)

// A pool's Shutdown ends in one of three ways.
const (
	drains      = iota
	isLate      // out of time, after the submitters have gone
	isCutAtOnce // out of time from the beginning
)

// shutdownRace counts the tasks of many pools. Each pool is shut down while tasks are submitted to
// it.
type shutdownRace struct {
	accepted, ran, canceled, results, panics atomic.Int64
	notRun, cut, futures, thrown, left       int
}

// raceRound is the test of one of these pools.
type raceRound struct {
	*shutdownRace
	t      *testing.T
	pool   *workerpool.Pool
	ending int
	each   int           // how many tasks each submitter submits
	stopAt int64         // number of accepted tasks after which Shutdown is called
	stop   chan struct{} // closed when stopAt is reached
}

// Promised: whenever Shutdown is called, each accepted task has run or is counted in NotRun, each
// future gets a result or an error, and no goroutine is left.
func TestTorturePoolShutdownRace(t *testing.T) {
	const submitters = 8
	rounds, each := torture.Size(5, 200), torture.Size(500, 100_000)
	race := new(shutdownRace)
	for n := range rounds {
		before := runtime.NumGoroutine()
		ending := [...]int{drains, isCutAtOnce, drains, isLate}[n%4]
		race.round(t, ending, submitters, each)
		// After a Shutdown that ran out of time, tasks may still run.
		race.left = max(race.left, goroutinesOver(before))
		require.Zero(t, race.left, "round %d: goroutines left", n)
		require.Equal(t, race.accepted.Load(), race.ran.Load()+int64(race.notRun), "round %d: accepted, and ran (%d) + NotRun (%d)", n, race.ran.Load(), race.notRun)
		require.Zero(t, race.panics.Load(), "round %d: panics", n)
	}
	assert.Equal(t, rounds/2, race.cut, "pools that were cut short, of %d", rounds)
	assert.NotZero(t, race.notRun, "tasks not run")
	torture.Row(t, "Pool against Shutdown", "%d rounds, %d cut short: accepted %d = ran %d + NotRun %d; %d futures, %d with a result, %d with ErrClosed; %d submits canceled while they waited; panics %d, goroutines left %d",
		rounds, race.cut, race.accepted.Load(), race.ran.Load(), race.notRun, race.futures, race.results.Load(), race.thrown, race.canceled.Load(), race.panics.Load(), race.left)
}

// round submits to one pool and shuts it down.
func (race *shutdownRace) round(t *testing.T, ending, submitters, each int) {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	if ending == isCutAtOnce {
		end()
	}
	queue := 1 + rand.IntN(64)
	if ending != drains {
		queue += 16 // so that some tasks do not run
	}
	r := &raceRound{shutdownRace: race, t: t, ending: ending, each: each, stop: make(chan struct{})}
	r.pool = workerpool.New(workerpool.Config{Workers: 1 + rand.IntN(4), Queue: queue,
		OnPanic: func(context.Context, any, []byte) { race.panics.Add(1) }})
	// Of five submits, at least three are counted when they return. So this number, which is at
	// most half of all submits, is always reached.
	r.stopAt = race.accepted.Load() + 1 + rand.Int64N(int64(submitters*each/2))
	kept := make([][]*workerpool.Future[int], submitters)
	var submitting sync.WaitGroup
	for s := range submitters {
		submitting.Go(func() { kept[s] = r.submitAll() })
	}
	<-r.stop
	shut := make(chan error)
	go func() { shut <- r.pool.Shutdown(ctx) }()
	submitting.Wait()
	if ending == isLate {
		end()
	}
	err := <-shut
	var out *workerpool.ShutdownError
	if errors.As(err, &out) {
		race.notRun += out.NotRun
		race.cut++
	}
	assert.Equal(t, ending == drains, err == nil, "Shutdown returns nil if it may drain, and only then; error %v", err)
	for _, f := range flat(kept) {
		race.settle(t, f)
	}
}

// task is a task of the pool. If the ending is isLate, a task that runs after stop was closed
// stays until the pool cancels it, so that some tasks in the queue do not run.
func (r *raceRound) task(ctx context.Context) {
	r.ran.Add(1)
	if r.ending == isLate {
		select {
		case <-r.stop:
			<-ctx.Done()
		default:
		}
	}
}

// took counts a task as accepted if err is nil. It returns err.
func (r *raceRound) took(err error) error {
	if err == nil && r.accepted.Add(1) == r.stopAt {
		close(r.stop)
	}
	return err
}

// submitAll submits until the pool refuses. It returns the futures that are not settled.
func (r *raceRound) submitAll() (kept []*workerpool.Future[int]) {
	ctx, cancel := context.Background(), func() {}
	defer func() { cancel() }()
	for n := range r.each {
		var err error
		switch kind := n % 5; {
		case kind == 0: // the task's own submit may run inline
			err = r.took(r.pool.Go(context.Background(), func(ctx context.Context) {
				r.task(ctx)
				r.took(r.pool.Go(ctx, r.task))
			}))
		case kind == 1:
			if r.pool.TryGo(context.Background(), r.task) {
				r.took(nil)
			}
		case kind == 2: // the task ends the context with which the next submit may be waiting
			cancel()
			ctx, cancel = context.WithCancel(context.Background())
			canceling := cancel
			err = r.took(r.pool.Go(ctx, func(ctx context.Context) { canceling(); r.task(ctx) }))
		case r.ending == isCutAtOnce:
			// No future in this case: ErrClosed would not show whether the task was refused, or
			// accepted and thrown away. In the other rounds, ErrClosed when Submit returns means
			// refused.
			err = r.took(r.pool.Go(ctx, r.task))
		default:
			submitter := ctx
			if kind == 4 {
				submitter = context.Background()
			}
			f := workerpool.Submit(submitter, r.pool, func(ctx context.Context) (int, error) { r.task(ctx); return 7, nil })
			if _, now := f.Wait(ended()); now == workerpool.ErrClosed {
				err = now
			} else {
				kept = append(kept, f)
			}
		}
		if err == context.Canceled && ctx.Err() != nil {
			r.canceled.Add(1)
		} else if err != nil {
			assert.Equal(r.t, workerpool.ErrClosed, err, "submit number %d", n)
			break
		}
	}
	return kept
}

// settle waits for a future, and counts how its task ended.
func (race *shutdownRace) settle(t *testing.T, f *workerpool.Future[int]) {
	race.futures++
	switch got, err := f.Wait(context.Background()); err {
	case nil:
		assert.Equal(t, 7, got, "result of a future")
		race.results.Add(1)
		race.accepted.Add(1)
	case context.Canceled: // refused, as its submitter had ended
		race.canceled.Add(1)
	default: // thrown away
		assert.Equal(t, workerpool.ErrClosed, err, "error of a future")
		race.thrown++
		race.accepted.Add(1)
	}
}

func flat[T any](parts [][]T) (all []T) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// goroutinesOver waits until at most n goroutines are left, since a goroutine that ends is not
// gone at once. It returns how many more than n are left after a minute.
func goroutinesOver(n int) int {
	for giveUp := time.Now().Add(time.Minute); runtime.NumGoroutine() > n && time.Now().Before(giveUp); {
		runtime.Gosched()
	}
	return max(0, runtime.NumGoroutine()-n)
}

// Promised: a pool whose workers are stuck accepts as many tasks as its queue holds, and refuses
// more. A refused task costs no memory.
func TestTortureStalledPool(t *testing.T) {
	const workers, queue, submitters = 4, 1024, 4
	n := torture.Size(20_000, 1_000_000)
	for _, drain := range []bool{true, false} {
		t.Run(fmt.Sprintf("drain=%v", drain), func(t *testing.T) {
			p := workerpool.New(workerpool.Config{Workers: workers, Queue: queue})
			var accepted, refused, ran atomic.Int64
			begun, release := make(chan struct{}), make(chan struct{})
			for range workers {
				require.NoError(t, p.Go(request(), func(context.Context) { begun <- struct{}{}; <-release; ran.Add(1) }), "Go")
				<-begun
				accepted.Add(1)
			}
			before := torture.Heap()
			var submitting sync.WaitGroup
			for s := range submitters {
				submitting.Go(func() {
					for i := s; i < n; i += submitters {
						ctx, cancel := context.WithCancel(request())
						var ok bool
						if i/submitters%2 == 0 {
							ok = p.TryGo(ctx, func(context.Context) { ran.Add(1) })
							cancel()
						} else {
							cancel()
							err := p.Go(ctx, func(context.Context) { ran.Add(1) })
							if ok = err == nil; !ok && err != context.Canceled {
								t.Errorf("Go(ended, …) with a full queue: got %v, want %v", err, context.Canceled)
							}
						}
						if ok {
							accepted.Add(1)
						} else {
							refused.Add(1)
						}
					}
				})
			}
			submitting.Wait()
			grown := (torture.Heap() - before) / 1024
			assert.EqualValues(t, workers+queue, accepted.Load(), "accepted")
			assert.EqualValues(t, n-queue, refused.Load(), "refused of %d", n)
			assert.Less(t, grown, queue, "KB of heap that %d submits added; the limit is 1 KB for each task in the queue", n)

			notRun := 0
			if drain {
				close(release)
				require.NoError(t, p.Shutdown(context.Background()), "Shutdown")
				assert.EqualValues(t, workers+queue, ran.Load(), "ran")
			} else {
				var out *workerpool.ShutdownError
				require.ErrorAs(t, p.Shutdown(ended()), &out, "Shutdown(ended)")
				notRun = out.NotRun
				close(release)
				assert.Equal(t, queue, notRun, "NotRun")
			}
			torture.Row(t, "Stalled pool", "%d submits: accepted %d (%d workers + queue of %d), refused %d, heap grown by %d KB; Shutdown: NotRun %d",
				n, accepted.Load(), workers, queue, refused.Load(), grown, notRun)
		})
	}
}

// idLines counts the log lines of one request, and the lines that do not have the wanted trace ID.
type idLines struct {
	want         []byte
	lines, wrong *atomic.Int64
}

func (w idLines) Write(line []byte) (int, error) {
	w.lines.Add(1)
	if bytes.Count(line, w.want) != 1 || bytes.Count(line, []byte("trace_id")) != 1 {
		w.wrong.Add(1)
	}
	return len(line), nil
}

// foreignPool is a pool of another package: it accepts functions, but no contexts.
type foreignPool struct {
	work    chan func()
	workers sync.WaitGroup
}

func newForeignPool(workers int) *foreignPool {
	p := &foreignPool{work: make(chan func())}
	for range workers {
		p.workers.Go(func() {
			for fn := range p.work {
				fn()
			}
		})
	}
	return p
}

func (p *foreignPool) close() {
	close(p.work)
	p.workers.Wait()
}

// waysIntoGoroutines returns functions that run fn in another goroutine.
func waysIntoGoroutines(pool *workerpool.Pool, foreign *foreignPool) []func(ctx context.Context, fn task) {
	submit := func(ctx context.Context, fn task) {
		workerpool.Submit(ctx, pool, func(ctx context.Context) (int, error) { fn(ctx); return 0, nil })
	}
	pooled := func(ctx context.Context, fn task) { noError(pool.Go(ctx, fn)) }
	return []func(ctx context.Context, fn task){
		pooled,
		submit,
		workerpool.Go,
		func(ctx context.Context, fn task) { foreign.work <- workerpool.Wrap(ctx, fn) },
		func(ctx context.Context, fn task) {
			g := workerpool.NewGroup(ctx)
			g.Go(func(ctx context.Context) error { fn(ctx); return nil })
			noError(g.Wait())
		},
		func(ctx context.Context, fn task) {
			g, ctx := errgroup.WithContext(ctx)
			g.Go(workerpool.WrapErr(ctx, func(ctx context.Context) error { fn(ctx); return nil }))
			noError(g.Wait())
		},
		func(ctx context.Context, fn task) { // the inner task may run inline
			pooled(ctx, func(ctx context.Context) { pooled(ctx, fn) })
		},
		func(ctx context.Context, fn task) {
			submit(ctx, func(ctx context.Context) { submit(ctx, fn) })
		},
		func(ctx context.Context, fn task) {
			pooled(ctx, func(ctx context.Context) { workerpool.Go(ctx, fn) })
		},
		func(ctx context.Context, fn task) {
			foreign.work <- workerpool.Wrap(ctx, func(ctx context.Context) { pooled(ctx, fn) })
		},
	}
}

// seenIDs counts the IDs that tasks and their log lines have.
type seenIDs struct{ ran, lines, wrong, missing, wrongLines atomic.Int64 }

// serve runs a task of one request in each of the ways, and repeats this the given number of
// times.
func (seen *seenIDs) serve(id string, times int, ways []func(ctx context.Context, fn task)) {
	log := logctx.New(idLines{[]byte(`"trace_id":"` + id + `"`), &seen.lines, &seen.wrongLines})
	ctx, cancel := context.WithCancel(log.WithContext(testkit.Context(id + "-" + spanID)))
	defer cancel()
	ctx, span := trace.Start(ctx, "request")
	defer span.End()
	for range times {
		// The wait limits the number of goroutines: the race detector supports only 8,128.
		var tasks sync.WaitGroup
		tasks.Add(len(ways))
		for _, way := range ways {
			way(ctx, func(ctx context.Context) {
				defer tasks.Done()
				seen.ran.Add(1)
				switch trace.ID(ctx) {
				case id:
				case "":
					seen.missing.Add(1)
				default:
					seen.wrong.Add(1)
				}
				logctx.Info(ctx).Msg("ran")
			})
		}
		tasks.Wait()
	}
}

// Promised: a task and its log line have the ID of the request that submitted the task, in
// whatever way the task gets into a goroutine, and whatever task ran in that goroutine before.
func TestTortureIDsInWorkersRace(t *testing.T) {
	requests := torture.Size(100, 1000)
	pool, foreign := workerpool.New(workerpool.Config{Workers: 4, Queue: 16}), newForeignPool(4)
	ways := waysIntoGoroutines(pool, foreign)
	times := torture.Size(20_000, 1_000_000) / requests / len(ways)
	var seen seenIDs
	var serving sync.WaitGroup
	for r := range requests {
		id := testkit.NumberedID(r)
		serving.Go(func() { seen.serve(id, times, ways) })
	}
	serving.Wait()
	foreign.close()
	assert.NoError(t, pool.Shutdown(context.Background()), "Shutdown")
	n := int64(requests * times * len(ways))
	assert.Equal(t, n, seen.ran.Load(), "tasks that ran")
	assert.Equal(t, n, seen.lines.Load(), "log lines")
	assert.Zero(t, seen.wrong.Load(), "tasks with a wrong ID")
	assert.Zero(t, seen.missing.Load(), "tasks without an ID")
	assert.Zero(t, seen.wrongLines.Load(), "log lines without their ID")
	torture.Row(t, "IDs in workers", "%d tasks and %d log lines of %d requests, %d ways into a goroutine: wrong %d, missing %d, wrong or missing on a line %d",
		seen.ran.Load(), seen.lines.Load(), requests, len(ways), seen.wrong.Load(), seen.missing.Load(), seen.wrongLines.Load())
}

// Promised: a task in the queue that was submitted with trace.Only keeps its trace alive, and
// nothing else of the request. A task that was submitted with the request's own context keeps the
// request until the task has run, as Pool.Go documents.
func TestTortureQueuedTaskKeeps(t *testing.T) {
	const watched = 100 // requests with a value of 1 MiB; the others have one of 1 KiB
	n := torture.Size(5_000, 100_000)
	sdk := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample()), sdktrace.WithSyncer(tracetest.NewNoopExporter()))
	defer func() { assert.NoError(t, sdk.Shutdown(context.Background()), "Shutdown of the SDK") }()
	state := func() context.Context {
		h := http.Header{"Traceparent": {"00-" + id128 + "-" + spanID + "-01"}, "Tracestate": {"vendor=00f067aa0ba902b7,other=1"}}
		return trace.Propagator{W3C: true}.Extract(context.Background(), propagation.HeaderCarrier(h))
	}
	whole := func(ctx context.Context) context.Context { return ctx }
	for _, test := range []struct {
		name  string
		from  func() context.Context
		start trace.Starter
		with  func(ctx context.Context) context.Context
		kept  int // how many of the watched values stay in memory
	}{
		{name: "trace.Only(ctx)", from: context.Background, with: trace.Only},
		{name: "trace.Only(ctx), with a tracestate", from: state, with: trace.Only},
		{name: "trace.Only(ctx), in an SDK's span", from: state, start: trace.Starter{TracerProvider: sdk}, with: trace.Only},
		{name: "ctx itself", from: context.Background, with: whole, kept: watched},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := torture.Heap()
			p := workerpool.New(workerpool.Config{Workers: 1, Queue: n})
			begun, release := make(chan struct{}), make(chan struct{})
			require.NoError(t, p.Go(context.Background(), func(context.Context) { close(begun); <-release }), "Go")
			<-begun
			var ran, lost atomic.Int64
			fn := func(ctx context.Context) { // the same for all tasks: a closure for each would be the user's memory
				ran.Add(1)
				if len(trace.ID(ctx)) != 32 {
					lost.Add(1)
				}
			}
			var values []weak.Pointer[byte]
			for i := range n {
				size := 1 << 10
				if i < watched {
					size = 1 << 20
				}
				body := make([]byte, size)
				if i < watched {
					values = append(values, weak.Make(&body[0]))
				}
				ctx, span := test.start.Start(context.WithValue(test.from(), key("body"), body), trace.B3{}, "request")
				require.NoError(t, p.Go(test.with(ctx), fn), "Go number %d", i)
				span.End()
			}
			each := (torture.Heap() - before) / n
			alive := func() (n int) {
				for _, v := range values {
					if v.Value() != nil {
						n++
					}
				}
				return n
			}
			kept := alive()
			assert.Equal(t, test.kept, kept, "values of 1 MiB that %d queued tasks kept, of %d", n, watched)
			if test.kept == 0 {
				assert.LessOrEqual(t, each, 512, "bytes per queued task")
			}
			close(release)
			last := make(chan struct{})
			require.NoError(t, p.Go(context.Background(), func(context.Context) { close(last) }), "Go")
			<-last
			runtime.GC()
			assert.Zero(t, alive(), "values of 1 MiB that an idle pool keeps")
			assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
			assert.EqualValues(t, n, ran.Load(), "tasks that ran")
			assert.Zero(t, lost.Load(), "tasks without an ID")
			torture.Row(t, "What a queued task keeps alive", "%s, %d in the queue: %d bytes each; of %d values of 1 MiB in their requests, %d kept",
				test.name, n, each, watched, kept)
		})
	}
}
