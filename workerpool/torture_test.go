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

// Whenever Shutdown comes, what was accepted has run or is counted, every future is told, and
// no goroutine stays.
func TestTorturePoolShutdownRace(t *testing.T) {
	const submitters = 8
	rounds, each := torture.Size(5, 200), torture.Size(500, 100_000)
	var accepted, ran, canceled, results, panics atomic.Int64 // over all rounds
	var notRun, cut, futures, thrown, left int
	for round := range rounds {
		before := runtime.NumGoroutine()
		// Every other pool drains. The rest run out of time at once, or, late, when the
		// submitters have gone: only then is a future that holds ErrClosed as soon as Submit
		// returns one that was refused, and not one thrown away, so only there are futures.
		drain, late := round%2 == 0, round%4 == 3
		ctx, end := context.WithCancel(context.Background())
		if !drain && !late {
			end()
		}
		queue := 1 + rand.IntN(64)
		if !drain {
			queue += 16 // so that something is left
		}
		p := workerpool.New(workerpool.Config{Workers: 1 + rand.IntN(4), Queue: queue,
			OnPanic: func(context.Context, any, []byte) { panics.Add(1) }})
		// At least three of five submits count here at once, so that half is always reached.
		stopAt, stop := accepted.Load()+1+rand.Int64N(int64(submitters*each/2)), make(chan struct{})
		took := func(ok bool) {
			if ok && accepted.Add(1) == stopAt {
				close(stop)
			}
		}
		task := func(ctx context.Context) {
			ran.Add(1)
			if late { // there shall be something left that does not run
				select {
				case <-stop:
					<-ctx.Done()
				default:
				}
			}
		}
		kept := make([][]*workerpool.Future[int], submitters)
		var submitting sync.WaitGroup
		for s := range submitters {
			submitting.Go(func() {
				ctx, cancel := context.Background(), func() {}
				defer func() { cancel() }()
				for n := range each {
					var err error
					switch kind := n % 5; {
					case kind == 0: // whose own submit may run inline
						err = p.Go(context.Background(), func(ctx context.Context) {
							task(ctx)
							took(p.Go(ctx, task) == nil)
						})
						took(err == nil)
					case kind == 1:
						took(p.TryGo(context.Background(), task))
					case kind == 2: // it ends the context under which the next one may be waiting
						cancel()
						ctx, cancel = context.WithCancel(context.Background())
						canceling := cancel
						err = p.Go(ctx, func(ctx context.Context) { canceling(); task(ctx) })
						took(err == nil)
					case !drain && !late:
						err = p.Go(ctx, task)
						took(err == nil)
					default:
						submitter := ctx
						if kind == 4 {
							submitter = context.Background()
						}
						f := workerpool.Submit(submitter, p, func(ctx context.Context) (int, error) { task(ctx); return 7, nil })
						if _, now := f.Wait(ended()); now == workerpool.ErrClosed {
							err = now
						} else {
							kept[s] = append(kept[s], f)
						}
					}
					if err == context.Canceled && ctx.Err() != nil {
						canceled.Add(1)
					} else if err != nil {
						assert.Equal(t, workerpool.ErrClosed, err, "submit number %d", n)
						return
					}
				}
			})
		}
		<-stop
		shut := make(chan error)
		go func() { shut <- p.Shutdown(ctx) }()
		submitting.Wait()
		if late {
			end()
		}
		err := <-shut
		var out *workerpool.ShutdownError
		if errors.As(err, &out) {
			notRun += out.NotRun
			cut++
		}
		assert.Equal(t, drain, err == nil, "Shutdown that may drain returned nil; error %v", err)
		for _, f := range flat(kept) {
			futures++
			switch got, err := f.Wait(context.Background()); err {
			case nil:
				assert.Equal(t, 7, got, "result of a future")
				results.Add(1)
				accepted.Add(1)
			case context.Canceled: // refused, as its submitter had ended
				canceled.Add(1)
			default: // thrown away
				assert.Equal(t, workerpool.ErrClosed, err, "error of a future")
				thrown++
				accepted.Add(1)
			}
		}
		end()
		// Tasks may run on after a Shutdown out of time.
		left = max(left, goroutinesOver(before))
		require.Zero(t, left, "round %d: goroutines left", round)
		require.Equal(t, accepted.Load(), ran.Load()+int64(notRun), "round %d: accepted, and ran (%d) + NotRun (%d)", round, ran.Load(), notRun)
		require.Zero(t, panics.Load(), "round %d: panics", round)
	}
	assert.Equal(t, rounds/2, cut, "pools that were cut short, of %d", rounds)
	assert.NotZero(t, notRun, "tasks not run")
	torture.Row(t, "Pool against Shutdown", "%d rounds, %d cut short: accepted %d = ran %d + NotRun %d; %d futures, %d with a result, %d with ErrClosed; %d submits canceled while they waited; panics %d, goroutines left %d",
		rounds, cut, accepted.Load(), ran.Load(), notRun, futures, results.Load(), thrown, canceled.Load(), panics.Load(), left)
}

func flat[T any](parts [][]T) (all []T) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// goroutinesOver waits until no more than n goroutines are left, and returns how many are if
// that does not happen: a goroutine that has nothing more to do is not gone at once.
func goroutinesOver(n int) int {
	for giveUp := time.Now().Add(time.Minute); runtime.NumGoroutine() > n && time.Now().Before(giveUp); {
		runtime.Gosched()
	}
	return max(0, runtime.NumGoroutine()-n)
}

// A pool whose workers are stuck takes what its queue holds and refuses the rest, and what it
// refused costs nothing.
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
			assert.Less(t, grown, queue, "KB of heap that %d submits added, which is 1 KB for each in the queue", n)

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

// idLines counts the lines of one request, and those whose trace ID is not the one wanted.
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

// However a task gets to its goroutine, and whosever task ran there before, it and its log
// line have the ID of the request that it was submitted for.
func TestTortureIDsInWorkersRace(t *testing.T) {
	requests := torture.Size(100, 1000)
	var ran, lines, wrong, missing, wrongLines atomic.Int64
	pool := workerpool.New(workerpool.Config{Workers: 4, Queue: 16})
	// Somebody else's pool: it knows functions, and nothing of contexts.
	work := make(chan func())
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for fn := range work {
				fn()
			}
		})
	}

	type task = func(ctx context.Context)
	submit := func(ctx context.Context, fn task) {
		workerpool.Submit(ctx, pool, func(ctx context.Context) (int, error) { fn(ctx); return 0, nil })
	}
	pooled := func(ctx context.Context, fn task) { assert.NoError(t, pool.Go(ctx, fn), "Pool.Go") }
	ways := []func(ctx context.Context, fn task){
		pooled,
		submit,
		workerpool.Go,
		func(ctx context.Context, fn task) { work <- workerpool.Wrap(ctx, fn) },
		func(ctx context.Context, fn task) {
			g := workerpool.NewGroup(ctx)
			g.Go(func(ctx context.Context) error { fn(ctx); return nil })
			assert.NoError(t, g.Wait(), "Group.Wait")
		},
		func(ctx context.Context, fn task) {
			g, ctx := errgroup.WithContext(ctx)
			g.Go(workerpool.WrapErr(ctx, func(ctx context.Context) error { fn(ctx); return nil }))
			assert.NoError(t, g.Wait(), "errgroup's Wait")
		},
		func(ctx context.Context, fn task) { // also inline
			pooled(ctx, func(ctx context.Context) { pooled(ctx, fn) })
		},
		func(ctx context.Context, fn task) {
			submit(ctx, func(ctx context.Context) { submit(ctx, fn) })
		},
		func(ctx context.Context, fn task) {
			pooled(ctx, func(ctx context.Context) { workerpool.Go(ctx, fn) })
		},
		func(ctx context.Context, fn task) {
			work <- workerpool.Wrap(ctx, func(ctx context.Context) { pooled(ctx, fn) })
		},
	}
	times := torture.Size(20_000, 1_000_000) / requests / len(ways)
	var serving sync.WaitGroup
	for r := range requests {
		serving.Go(func() {
			id := testkit.NumberedID(r)
			b := testkit.B3(id + "-" + spanID)
			log := logctx.New(idLines{[]byte(`"trace_id":"` + id + `"`), &lines, &wrongLines})
			ctx, cancel := context.WithCancel(log.WithContext(trace.NewContext(context.Background(), b)))
			defer cancel()
			ctx, span := trace.Start(ctx, "request")
			defer span.End()
			for range times {
				// Waiting here bounds the goroutines: the race detector has room for 8,128.
				var tasks sync.WaitGroup
				tasks.Add(len(ways))
				for _, way := range ways {
					way(ctx, func(ctx context.Context) {
						defer tasks.Done()
						ran.Add(1)
						switch trace.ID(ctx) {
						case id:
						case "":
							missing.Add(1)
						default:
							wrong.Add(1)
						}
						logctx.Info(ctx).Msg("ran")
					})
				}
				tasks.Wait()
			}
		})
	}
	serving.Wait()
	close(work)
	workers.Wait()
	assert.NoError(t, pool.Shutdown(context.Background()), "Shutdown")
	n := int64(requests * times * len(ways))
	assert.Equal(t, n, ran.Load(), "tasks that ran")
	assert.Equal(t, n, lines.Load(), "log lines")
	assert.Zero(t, wrong.Load(), "tasks with a wrong ID")
	assert.Zero(t, missing.Load(), "tasks without an ID")
	assert.Zero(t, wrongLines.Load(), "log lines without their ID")
	torture.Row(t, "IDs in workers", "%d tasks and %d log lines of %d requests, %d ways into a goroutine: wrong %d, missing %d, wrong or missing on a line %d",
		ran.Load(), lines.Load(), requests, len(ways), wrong.Load(), missing.Load(), wrongLines.Load())
}

// A task that was submitted with trace.Only keeps its trace alive while it is in the queue,
// and nothing of the request. Without, it keeps the request until it has run, as the doc of
// Pool.Go says.
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
		kept  int // of the watched values
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
			fn := func(ctx context.Context) { // one for all: the closure is the user's
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
				assert.LessOrEqual(t, each, 512, "bytes a queued task")
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
