package workerpool_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"example.com/clew/internal/torture"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// tally counts the running tasks of a pool, without those that wait for work they have submitted.
type tally struct {
	pool      *workerpool.Pool
	workers   int
	now, most atomic.Int64
	begun     atomic.Int64
}

func newTally(workers, queue int) *tally {
	return &tally{pool: workerpool.New(workerpool.Config{Workers: workers, Queue: queue}), workers: workers}
}

func (y *tally) in() {
	n := y.now.Add(1)
	for most := y.most.Load(); n > most && !y.most.CompareAndSwap(most, n); most = y.most.Load() {
	}
}

// task returns fn as a task that is counted.
func (y *tally) task(fn task) task {
	return func(ctx context.Context) {
		y.begun.Add(1)
		y.in()
		defer y.now.Add(-1)
		fn(ctx)
	}
}

// waiting calls wait on behalf of a task, and does not count this task until wait returns.
func (y *tally) waiting(wait func()) {
	y.now.Add(-1)
	defer y.in()
	wait()
}

// fill fills the queue of a pool whose workers are busy. It returns the number of tasks that it
// has added.
func (y *tally) fill(t testing.TB) (tasks int) {
	for y.pool.TryGo(context.Background(), y.task(func(context.Context) { time.Sleep(time.Millisecond) })) {
		tasks++
	}
	return tasks
}

func (y *tally) check(t testing.TB, name string, want int) {
	assert.LessOrEqual(t, y.most.Load(), int64(y.workers), "%s: tasks that ran at once", name)
	assert.EqualValues(t, want, y.begun.Load(), "%s: tasks that ran", name)
}

func (y *tally) shut(t testing.TB, name string) {
	assert.NoError(t, y.pool.Shutdown(context.Background()), "Shutdown of %s", name)
}

// way is a way in which a task calls a function with a context: its own, a derived one, or
// another.
type way struct {
	name  string
	waits bool // the function call returns only after fn has returned
	call  func(ctx context.Context, fn task)
}

func ways() []way {
	return []way{
		{"own context", true, func(ctx context.Context, fn task) { fn(ctx) }},
		{"derived context", true, func(ctx context.Context, fn task) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			ctx, span := trace.Start(ctx, "child")
			defer span.End()
			fn(ctx)
		}},
		{"Job", true, func(ctx context.Context, fn task) { workerpool.Job(ctx, fn)() }},
		{"Every", true, func(ctx context.Context, fn task) {
			ctx, cancel := context.WithCancel(ctx)
			workerpool.Every(ctx, 1, func(ctx context.Context) { fn(ctx); cancel() })
		}},
		{"Wrap", true, func(ctx context.Context, fn task) { workerpool.Wrap(ctx, fn)() }},
		{"WrapErr", true, func(ctx context.Context, fn task) {
			_ = workerpool.WrapErr(ctx, func(ctx context.Context) error { fn(ctx); return nil })()
		}},
		{"Group", true, func(ctx context.Context, fn task) {
			g := workerpool.NewGroup(ctx)
			g.Go(func(ctx context.Context) error { fn(ctx); return nil })
			_ = g.Wait()
		}},
		{"Group with a limit", true, func(ctx context.Context, fn task) {
			g := workerpool.NewGroup(ctx)
			g.SetLimit(1)
			g.Go(func(ctx context.Context) error { fn(ctx); return nil })
			g.Go(func(ctx context.Context) error { return nil })
			_ = g.Wait()
		}},
		{"Background", true, func(_ context.Context, fn task) { fn(context.Background()) }},
		{"Only", true, func(ctx context.Context, fn task) { fn(trace.Only(ctx)) }},
		{"Detach", true, func(ctx context.Context, fn task) { fn(trace.Detach(ctx)) }},
		{"Root", true, func(ctx context.Context, fn task) {
			ctx, span := trace.Root(ctx, "root")
			defer span.End()
			fn(ctx)
		}},
		{"Go", false, workerpool.Go},
		{"go", false, func(ctx context.Context, fn task) { go fn(ctx) }},
		{"Job in a goroutine", false, func(ctx context.Context, fn task) { go workerpool.Job(ctx, fn)() }},
		{"Wrap in a goroutine", false, func(ctx context.Context, fn task) { time.AfterFunc(0, workerpool.Wrap(ctx, fn)) }},
		{"errgroup", false, func(ctx context.Context, fn task) {
			g, ctx := errgroup.WithContext(ctx)
			g.Go(workerpool.WrapErr(ctx, func(ctx context.Context) error { fn(context.WithoutCancel(ctx)); return nil }))
		}},
	}
}

var sizes = []struct{ workers, queue int }{{1, 1}, {1, 3}, {2, 1}, {3, 5}}

// submits are the ways to submit a task. Some also wait for it.
var submits = []struct {
	name string
	call func(ctx context.Context, y *tally, fn task) error
}{
	{"Go", func(ctx context.Context, y *tally, fn task) error { return y.pool.Go(ctx, y.task(fn)) }},
	{"Submit", func(ctx context.Context, y *tally, fn task) error {
		workerpool.Submit(ctx, y.pool, func(ctx context.Context) (int, error) { y.task(fn)(ctx); return 7, nil })
		return nil
	}},
	{"Submit and Wait", func(ctx context.Context, y *tally, fn task) error {
		n, err := workerpool.Submit(ctx, y.pool, func(ctx context.Context) (int, error) { y.task(fn)(ctx); return 7, nil }).Wait(ctx)
		if err == nil && n != 7 {
			return fmt.Errorf("Wait returned %d", n)
		}
		return err
	}},
	{"Submit many and Wait", func(ctx context.Context, y *tally, fn task) error {
		var all [4]*workerpool.Future[int]
		for i := range all {
			all[i] = workerpool.Submit(ctx, y.pool, func(ctx context.Context) (int, error) {
				if i == 0 {
					y.task(fn)(ctx)
				}
				return i, nil
			})
		}
		for i := range all {
			if n, err := all[len(all)-1-i].Wait(ctx); err != nil || n != len(all)-1-i {
				return fmt.Errorf("Wait returned %d and error %w", n, err)
			}
		}
		return nil
	}},
}

// In whatever way a task submits to its own pool, no more tasks run at once than there are
// workers, and no task hangs.
func TestOwnPool(t *testing.T) {
	for _, size := range sizes {
		for _, submit := range submits {
			for _, w := range ways() {
				t.Run(fmt.Sprintf("%d workers, queue %d, %s, %s", size.workers, size.queue, submit.name, w.name), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { // reports a deadlock
						y := newTally(size.workers, size.queue)
						const each = 12
						var all sync.WaitGroup
						all.Add(size.workers * (1 + each))
						sleep := func(context.Context) { defer all.Done(); time.Sleep(time.Millisecond) }
						begun := make(chan struct{})
						for range size.workers {
							require.NoError(t, y.pool.Go(request(), y.task(func(ctx context.Context) {
								defer all.Done()
								<-begun
								for range each {
									w := func() {
										w.call(ctx, func(ctx context.Context) { assert.NoError(t, submit.call(ctx, y, sleep), submit.name) })
									}
									y.waiting(w)
								}
							})))
							synctest.Wait()
						}
						close(begun)
						all.Wait()
						synctest.Wait()
						y.shut(t, "the pool")
						y.check(t, "the pool", size.workers*(1+each))
					})
				})
			}
		}
	}
}

// A goroutine that uses a task's context does not become a worker. A worker whose task uses the
// context of another task is still a worker.
func TestContextOfAnEarlierTask(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				y, other := newTally(1, 1), newTally(2, 1)
				left := make(chan context.Context, 1)
				require.NoError(t, y.pool.Go(request(), func(ctx context.Context) { left <- ctx }))
				earlier := <-left
				var all sync.WaitGroup
				all.Add(3 + 30) // a way that does not wait may submit after its caller has ended
				submit := func(ctx context.Context) {
					assert.NoError(t, y.pool.Go(ctx, y.task(func(context.Context) { defer all.Done(); time.Sleep(time.Millisecond) })))
				}
				go func() { // this goroutine is no worker
					defer all.Done()
					for range 10 {
						w.call(earlier, submit)
					}
				}()
				// A task of another pool.
				require.NoError(t, other.pool.Go(context.Background(), func(context.Context) {
					defer all.Done()
					for range 10 {
						w.call(earlier, submit)
					}
				}))
				// A later task.
				require.NoError(t, y.pool.Go(context.Background(), y.task(func(context.Context) {
					defer all.Done()
					for range 10 {
						y.waiting(func() { w.call(earlier, submit) })
					}
				})))
				all.Wait()
				synctest.Wait()
				y.shut(t, "the pool")
				other.shut(t, "the other pool")
				y.check(t, "the pool", 31)
			})
		})
	}
}

// A task of pool a waits for a task of pool b, and the task of b submits to a. The queue of a is
// full.
func TestThroughAnotherPoolAndBack(t *testing.T) {
	for _, size := range sizes {
		for _, back := range submits {
			for _, w := range ways() {
				if !w.waits {
					continue
				}
				for _, nested := range []int{1, 3} {
					t.Run(fmt.Sprintf("%d workers, queue %d, back by %s, %s, %d times", size.workers, size.queue, back.name, w.name, nested), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							a, b := newTally(size.workers, size.queue), newTally(1, 1)
							filled := 0
							// there returns a task of pool a. It waits for a task of b, and that
							// task submits to a again.
							var there func(depth int) task
							there = func(depth int) task {
								return func(ctx context.Context) {
									if depth == 0 {
										time.Sleep(time.Millisecond)
										return
									}
									filled += a.fill(t)
									a.waiting(func() { // the task waits in Submit, too
										f := workerpool.Submit(ctx, b.pool, func(ctx context.Context) (int, error) {
											b.task(func(ctx context.Context) {
												b.waiting(func() {
													w.call(ctx, func(ctx context.Context) { assert.NoError(t, back.call(ctx, a, there(depth-1)), back.name) })
												})
											})(ctx)
											return 7, nil
										})
										n, err := f.Wait(ctx)
										assert.NoError(t, err, "Wait")
										assert.Equal(t, 7, n, "Wait")
									})
								}
							}
							for range size.workers - 1 {
								require.NoError(t, a.pool.Go(context.Background(), a.task(func(context.Context) { time.Sleep(time.Millisecond) })))
								synctest.Wait()
							}
							require.NoError(t, a.pool.Go(request(), a.task(there(nested))))
							time.Sleep(time.Hour)
							a.shut(t, "a")
							b.shut(t, "b")
							a.check(t, "a", filled+size.workers+nested)
							b.check(t, "b", nested)
						})
					})
				}
			}
		}
	}
}

// A waiting task lends one turn, and gets it back before Wait returns.
func TestATaskLendsOneTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTally(1, 1), newTally(4, 4)
		var filled int
		require.NoError(t, a.pool.Go(request(), a.task(func(ctx context.Context) {
			filled = a.fill(t)
			var all []*workerpool.Future[int]
			for range 4 { // all submit to the first pool at once
				all = append(all, workerpool.Submit(ctx, b.pool, func(ctx context.Context) (int, error) {
					return 7, a.pool.Go(ctx, a.task(func(context.Context) { time.Sleep(time.Second) }))
				}))
			}
			short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
			defer cancel()
			begun := time.Now()
			a.waiting(func() {
				_, err := all[0].Wait(short)
				assert.True(t, err == nil || errors.Is(err, context.DeadlineExceeded), "Wait with a shorter deadline: %v", err)
			})
			assert.Equal(t, time.Second, time.Since(begun), "time until Wait returned, with the turn back")
			assert.EqualValues(t, 1, a.now.Load(), "tasks that run when Wait has returned")
			time.Sleep(time.Minute) // the task does not wait now, and lends nothing
			assert.EqualValues(t, 1, a.now.Load(), "tasks that run while this task runs")
			for _, f := range all {
				a.waiting(func() {
					_, err := f.Wait(ctx)
					assert.NoError(t, err)
				})
			}
			assert.Equal(t, time.Minute+4*time.Second, time.Since(begun), "four tasks of a second, one after another")
		})))
		time.Sleep(time.Hour)
		a.shut(t, "a")
		b.shut(t, "b")
		a.check(t, "a", 1+filled+4)
	})
}

// The goroutines of a Group share one turn, and each gets it in the end.
func TestAGroupSharesOneTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newTally(1, 1)
		filled := 0
		require.NoError(t, y.pool.Go(request(), y.task(func(ctx context.Context) {
			filled = y.fill(t)
			begun := time.Now()
			g := workerpool.NewGroup(ctx)
			for range 4 {
				g.Go(func(ctx context.Context) error {
					return y.pool.Go(ctx, y.task(func(context.Context) { time.Sleep(time.Second) }))
				})
			}
			synctest.Wait() // all goroutines wait for the turn
			y.waiting(func() { assert.NoError(t, g.Wait()) })
			assert.Equal(t, 4*time.Second, time.Since(begun), "four tasks of a second, one after another")
		})))
		time.Sleep(time.Hour)
		y.shut(t, "the pool")
		y.check(t, "the pool", 1+filled+4)
	})
}

// A task may call Wait with any context, if it has called Submit with its own context.
func TestWaitWithAnotherContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTally(1, 1), newTally(4, 4)
		filled := 0
		require.NoError(t, a.pool.Go(request(), a.task(func(ctx context.Context) {
			filled = a.fill(t)
			f := workerpool.Submit(ctx, b.pool, func(ctx context.Context) (int, error) {
				return 7, a.pool.Go(ctx, a.task(nothing))
			})
			a.waiting(func() {
				_, err := f.Wait(context.Background())
				assert.NoError(t, err)
			})
		})))
		time.Sleep(time.Hour)
		a.shut(t, "a")
		b.shut(t, "b")
		a.check(t, "a", 2+filled)
	})
}

// A task lends its turn only to the work that it waits for. Other work that the task has begun
// could wait for something that is queued behind the awaited work.
func TestTurnIsLentOnlyToAwaitedWork(t *testing.T) {
	for _, w := range ways() {
		if w.waits {
			continue
		}
		t.Run(w.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newTally(1, 1), newTally(1, 4)
				var otherRan atomic.Bool
				filled := 0
				require.NoError(t, a.pool.Go(request(), a.task(func(ctx context.Context) {
					filled = a.fill(t)
					f := workerpool.Submit(ctx, b.pool, func(ctx context.Context) (int, error) {
						time.Sleep(time.Second)
						return 7, a.pool.Go(ctx, a.task(nothing))
					})
					w.call(ctx, func(ctx context.Context) {
						assert.NoError(t, a.pool.Go(ctx, a.task(func(ctx context.Context) {
							otherRan.Store(true)
							_, _ = workerpool.Submit(ctx, b.pool, func(context.Context) (int, error) { return 7, nil }).Wait(ctx)
						})))
					})
					a.waiting(func() {
						_, err := f.Wait(ctx)
						assert.NoError(t, err)
					})
					assert.False(t, otherRan.Load(), "the other work ran in the turn of the waiting task")
				})))
				time.Sleep(time.Hour)
				assert.True(t, otherRan.Load(), "the other work has run in the end")
				a.shut(t, "a")
				b.shut(t, "b")
				a.check(t, "a", 3+filled)
			})
		})
	}
}

// Two tasks that wait for each other wait until their context ends. The program has made a
// mistake, but the tasks do not spin.
func TestTasksThatWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTally(1, 4), newTally(1, 4)
		futures := make(chan *workerpool.Future[int], 1)
		ctx, cancel := context.WithTimeout(request(), time.Hour)
		defer cancel()
		first := workerpool.Submit(ctx, a.pool, func(ctx context.Context) (int, error) {
			other := <-futures
			return other.Wait(ctx)
		})
		second := workerpool.Submit(ctx, b.pool, func(ctx context.Context) (int, error) { return first.Wait(ctx) })
		synctest.Wait()
		futures <- second
		synctest.Wait()
		c := newTally(1, 1)
		// This task looks for a turn and finds none.
		assert.NoError(t, c.pool.Go(ctx, c.task(func(ctx context.Context) {
			a.pool.TryGo(ctx, nothing)
			_ = a.fill(t)
			_, err := first.Wait(ctx)
			assert.Equal(t, context.DeadlineExceeded, err)
		})))
		_, err := first.Wait(context.Background())
		assert.Equal(t, context.DeadlineExceeded, err, "Wait")
		synctest.Wait()
		for _, y := range []*tally{a, b, c} {
			y.shut(t, "a pool")
		}
	})
}

// An idle worker does not keep the values of its last task's context in memory, and neither does
// the Future of a task that has ended.
func TestEndedTaskIsNotKept(t *testing.T) {
	p := workerpool.New(workerpool.Config{Workers: 1})
	value := func() (ctx context.Context, kept weak.Pointer[[1 << 20]byte]) {
		body := new([1 << 20]byte)
		return context.WithValue(request(), key("body"), body), weak.Make(body)
	}
	ctx, last := value()
	done := make(chan struct{})
	require.NoError(t, p.Go(ctx, func(context.Context) { close(done) }))
	<-done
	for i := 0; i < 100 && last.Value() != nil; i++ { // until the worker is idle
		runtime.GC()
	}
	assert.Nil(t, last.Value(), "value of the last task, which an idle pool still keeps")

	ctx, waited := value()
	f := workerpool.Submit(ctx, p, func(context.Context) (int, error) { return 7, nil })
	_, err := f.Wait(context.Background())
	require.NoError(t, err)
	for i := 0; i < 100 && waited.Value() != nil; i++ {
		runtime.GC()
	}
	assert.Nil(t, waited.Value(), "value of a task, which its Future still keeps")
	runtime.KeepAlive(f)
	assert.NoError(t, p.Shutdown(context.Background()))
}

// As TestThroughAnotherPoolAndBack, but the task of b runs another task of b inline, and the
// inline task submits to a.
func TestThroughAnotherPoolInlineAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTally(1, 1), newTally(1, 1)
		filledA, filledB := 0, 0
		require.NoError(t, a.pool.Go(request(), a.task(func(ctx context.Context) {
			filledA = a.fill(t)
			f := workerpool.Submit(ctx, b.pool, func(ctx context.Context) (n int, err error) {
				b.task(func(ctx context.Context) {
					filledB = b.fill(t)
					b.waiting(func() {
						err = b.pool.Go(ctx, b.task(func(ctx context.Context) {
							b.waiting(func() { assert.NoError(t, a.pool.Go(ctx, a.task(nothing))) })
						}))
					})
				})(ctx)
				return 7, err
			})
			a.waiting(func() {
				_, err := f.Wait(ctx)
				assert.NoError(t, err)
			})
		})))
		time.Sleep(time.Hour)
		a.shut(t, "a")
		b.shut(t, "b")
		a.check(t, "a", 2+filledA)
		b.check(t, "b", 2+filledB)
	})
}

// A task does not lend its turn to work that it has stopped waiting for.
func TestTurnIsNotLentToAbandonedWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTally(1, 1), newTally(2, 4)
		var otherRan atomic.Bool
		filled := 0
		require.NoError(t, a.pool.Go(request(), a.task(func(ctx context.Context) {
			filled = a.fill(t)
			late := workerpool.Submit(ctx, b.pool, func(ctx context.Context) (int, error) {
				time.Sleep(time.Minute)
				return 7, a.pool.Go(ctx, a.task(func(context.Context) { otherRan.Store(true) }))
			})
			next := workerpool.Submit(ctx, b.pool, func(context.Context) (int, error) { time.Sleep(2 * time.Minute); return 7, nil })
			short, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			a.waiting(func() {
				_, err := late.Wait(short)
				assert.Equal(t, context.DeadlineExceeded, err)
				_, err = next.Wait(ctx)
				assert.NoError(t, err)
			})
			assert.False(t, otherRan.Load(), "the abandoned work ran in the turn of the waiting task")
		})))
		time.Sleep(time.Hour)
		a.shut(t, "a")
		b.shut(t, "b")
		a.check(t, "a", 2+filled)
	})
}

// The pool recognizes its worker at any depth of calls in a task.
func TestOwnPoolFromDeepInside(t *testing.T) {
	var deep func(depth int, fn func())
	deep = func(depth int, fn func()) {
		if depth > 0 {
			deep(depth-1, fn)
			return
		}
		fn()
	}
	synctest.Test(t, func(t *testing.T) {
		y := newTally(1, 1)
		ran := 0
		require.NoError(t, y.pool.Go(request(), func(ctx context.Context) {
			y.fill(t)
			for depth := range 300 {
				deep(depth, func() { assert.NoError(t, y.pool.Go(ctx, func(context.Context) { ran++ })) })
			}
		}))
		synctest.Wait()
		y.shut(t, "the pool")
		assert.Equal(t, 300, ran, "tasks that ran inline")
	})
}

// Tasks that run inline, and pools that are shut down, leave no memory behind.
func TestTortureInlineRunsKeepNothing(t *testing.T) {
	n := torture.Size(5_000, 100_000)
	round := func() {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 1})
		done := make(chan struct{})
		require.NoError(t, p.Go(context.Background(), func(ctx context.Context) {
			p.TryGo(ctx, nothing)
			for range n {
				assert.NoError(t, p.Go(ctx, nothing))
			}
			close(done)
		}))
		<-done
		for range n / 100 {
			assert.NoError(t, workerpool.New(workerpool.Config{Workers: 20}).Shutdown(context.Background()))
		}
		require.NoError(t, p.Shutdown(context.Background()))
	}
	round()
	before := torture.Heap()
	round()
	kept := torture.Heap() - before
	assert.LessOrEqual(t, kept, 64<<10, "bytes kept")
	torture.Row(t, "self-scheduling work", "%d tasks that ran inline, %d pools: %d bytes kept", n, n/100, kept)
}

// While a task waits for a result, it does not lend its turn to tasks from unrelated goroutines.
func TestTurnIsNotLentToOtherGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newTally(1, 1), newTally(1, 1)
		release := make(chan struct{})
		require.NoError(t, a.pool.Go(request(), a.task(func(ctx context.Context) {
			a.fill(t)
			f := workerpool.Submit(ctx, b.pool, func(context.Context) (int, error) { <-release; return 7, nil })
			a.waiting(func() { _, _ = f.Wait(ctx) })
		})))
		synctest.Wait()
		var returned atomic.Bool
		go func() {
			assert.NoError(t, a.pool.Go(request(), a.task(nothing)))
			returned.Store(true)
		}()
		time.Sleep(time.Hour)
		assert.False(t, returned.Load(), "Go returned in a goroutine that is no task")
		assert.EqualValues(t, 1, a.begun.Load(), "tasks that have begun")
		close(release)
		synctest.Wait()
		time.Sleep(time.Hour)
		a.shut(t, "a")
		b.shut(t, "b")
	})
}

// If a task waits for another task that is still in the queue of the same pool, the other task
// runs in its place, and runs only once.
func TestWaitRunsAQueuedTask(t *testing.T) {
	for _, with := range []struct {
		name string
		ctx  func(ctx context.Context) context.Context
	}{
		{"its own context", func(ctx context.Context) context.Context { return ctx }},
		{"Background", func(context.Context) context.Context { return context.Background() }},
		{"Only", trace.Only},
	} {
		for _, end := range []struct {
			name string
			fn   func()
			want string
		}{
			{"returns", func() {}, ""},
			{"exits", runtime.Goexit, "workerpool: task called runtime.Goexit"},
			{"panics", func() { panic("sold out") }, "workerpool: task panicked: sold out"},
		} {
			t.Run(with.name+", "+end.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := workerpool.New(workerpool.Config{Workers: 1, Queue: 8, OnPanic: func(context.Context, any, []byte) {}})
					var order []string
					outer := workerpool.Submit(request(), p, func(ctx context.Context) (int, error) {
						ctx = with.ctx(ctx)
						note := func(name string) *workerpool.Future[int] {
							return workerpool.Submit(ctx, p, func(context.Context) (int, error) {
								order = append(order, name)
								if name == "second" {
									end.fn()
								}
								return 7, nil
							})
						}
						note("first")
						second := note("second")
						note("third")
						_, err := second.Wait(ended())
						assert.Equal(t, context.Canceled, err, "Wait(ended) runs nothing")
						_, err = second.Wait(ctx)
						if end.want == "" {
							assert.NoError(t, err, "Wait")
						} else {
							assert.EqualError(t, err, end.want, "Wait")
						}
						order = append(order, "outer")
						return 7, nil
					})
					n, err := outer.Wait(context.Background())
					assert.NoError(t, err, "Wait for the outer task")
					assert.Equal(t, 7, n)
					require.NoError(t, p.Shutdown(context.Background()))
					assert.Equal(t, []string{"second", "outer", "first", "third"}, order, "order of the tasks, each once")
				})
			})
		}
	}
}

// Tasks that Wait has run are not counted in NotRun.
func TestNotRunLeavesOutTasksThatWaitRan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 8})
		release := make(chan struct{})
		var inner, queued *workerpool.Future[int]
		outer := workerpool.Submit(request(), p, func(ctx context.Context) (int, error) {
			inner = workerpool.Submit(ctx, p, func(context.Context) (int, error) { <-release; return 1, nil })
			queued = workerpool.Submit(ctx, p, func(context.Context) (int, error) { t.Error("the queued task ran"); return 2, nil })
			return inner.Wait(context.Background())
		})
		synctest.Wait() // until inner runs, while it is still in the queue
		var out *workerpool.ShutdownError
		require.ErrorAs(t, p.Shutdown(ended()), &out)
		assert.Equal(t, 1, out.NotRun, "NotRun")
		_, err := queued.Wait(context.Background())
		assert.Equal(t, workerpool.ErrClosed, err, "Wait for a task that was thrown away")
		close(release)
		n, err := outer.Wait(context.Background())
		assert.NoError(t, err)
		assert.Equal(t, 1, n, "result that the outer task got")
	})
}

// If Wait runs a queued task, the task does not run again when a worker takes it from the queue.
// Shutdown waits for such a task.
func TestShutdownWaitsForTasksThatWaitRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 8})
		var ran atomic.Int64
		require.NoError(t, p.Go(request(), func(ctx context.Context) {
			_, _ = workerpool.Submit(ctx, p, func(context.Context) (int, error) { time.Sleep(time.Hour); ran.Add(1); return 1, nil }).Wait(ctx)
		}))
		synctest.Wait()
		begun := time.Now()
		assert.NoError(t, p.Shutdown(context.Background()))
		assert.Equal(t, time.Hour, time.Since(begun), "time until Shutdown returned")
		assert.EqualValues(t, 1, ran.Load(), "times that the task ran")
	})
}

// A goroutine that outlives its task has no turn, and waits for room like all others.
func TestGoroutineOfATaskWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		left := make(chan context.Context, 1)
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 1})
		require.NoError(t, p.Go(request(), func(ctx context.Context) { left <- ctx }))
		ctx := <-left
		busy := make(chan struct{})
		for range 2 {
			require.NoError(t, p.Go(request(), func(context.Context) { <-busy }))
			synctest.Wait()
		}
		go func() { assert.Equal(t, workerpool.ErrClosed, p.Go(ctx, func(context.Context) { ran.Add(1) })) }()
		synctest.Wait()
		assert.Zero(t, ran.Load(), "tasks that ran although the only worker was busy")
		go func() { time.Sleep(time.Second); close(busy) }()
		assert.NoError(t, p.Shutdown(context.Background()))
		assert.Zero(t, ran.Load(), "tasks of a goroutine that Shutdown has turned away")
	})
}

// forest is a set of task trees. Each task submits its children to one of two pools, in random
// ways.
type forest struct {
	t       *testing.T
	a, b    *tally
	tasks   sync.WaitGroup
	refused atomic.Int64 // tasks that TryGo has refused
}

func newForest(t *testing.T) *forest {
	size := func() int { return 1 + rand.IntN(3) }
	return &forest{t: t, a: newTally(size(), size()), b: newTally(size(), size())}
}

// grow returns a task of y that is the root of a tree. Below the task, the tree has at most depth
// generations of children.
func (f *forest) grow(y *tally, depth int) task {
	return y.task(func(ctx context.Context) {
		for range rand.IntN(3) {
			if depth == 0 {
				runtime.Gosched()
				return
			}
			to := y
			if y == f.a && rand.IntN(2) == 0 {
				to = f.b
			}
			child := f.counted(f.grow(to, depth-1))
			submit := func(ctx context.Context) { f.submit(ctx, to, child) }
			y.waiting(func() { f.from(ctx, y, depth, submit) })
		}
	})
}

// counted returns fn as one of the tasks that the forest waits for.
func (f *forest) counted(fn task) task {
	f.tasks.Add(1)
	return func(ctx context.Context) { defer f.tasks.Done(); fn(ctx) }
}

// submit hands child to a pool, and may wait for it.
func (f *forest) submit(ctx context.Context, to *tally, child task) {
	switch rand.IntN(3) {
	case 0:
		if !to.pool.TryGo(ctx, child) {
			f.refused.Add(1)
			f.tasks.Done()
		}
	case 1:
		assert.NoError(f.t, to.pool.Go(ctx, child), "Go")
	default:
		future := workerpool.Submit(context.WithoutCancel(ctx), to.pool, func(ctx context.Context) (int, error) { child(ctx); return 7, nil })
		if rand.IntN(2) == 0 {
			return
		}
		n, err := future.Wait(context.WithoutCancel(ctx))
		assert.NoError(f.t, err, "Wait")
		assert.Equal(f.t, 7, n, "result")
	}
}

// The method from calls submit in a random way: directly in a task of y, through a function of
// package workerpool, or in a goroutine that the task starts.
func (f *forest) from(ctx context.Context, y *tally, depth int, submit task) {
	switch rand.IntN(6) {
	case 0:
		workerpool.Job(ctx, submit)()
	case 1:
		workerpool.Wrap(ctx, submit)()
	case 2:
		workerpool.Go(ctx, f.counted(submit))
	case 3:
		if y == f.a {
			f.thereAndBack(ctx, depth)
		}
		submit(ctx)
	default:
		submit(ctx)
	}
}

// thereAndBack waits for a task of b that submits to a.
func (f *forest) thereAndBack(ctx context.Context, depth int) {
	back := f.counted(f.grow(f.a, depth-1))
	_, err := workerpool.Submit(context.WithoutCancel(ctx), f.b.pool, func(ctx context.Context) (int, error) {
		var err error
		f.b.task(func(ctx context.Context) {
			f.b.waiting(func() { err = f.a.pool.Go(ctx, back) })
		})(ctx)
		return 7, err
	}).Wait(context.WithoutCancel(ctx))
	assert.NoError(f.t, err, "Wait for a task that submits back")
}

// Promised: trees of tasks over two pools all end, and no pool ever runs more tasks than it has
// workers. Tasks of b submit to a only while a task of a waits for them.
func TestTortureTreesOfTasksRace(t *testing.T) {
	rounds, trees := torture.Size(20, 300), torture.Size(8, 64)
	var ran, refused, mostA, mostB int64
	for range rounds {
		f := newForest(t)
		for range trees {
			require.NoError(t, f.a.pool.Go(context.Background(), f.counted(f.grow(f.a, 4))), "Go")
		}
		f.tasks.Wait()
		f.a.shut(t, "a")
		f.b.shut(t, "b")
		ran += f.a.begun.Load() + f.b.begun.Load()
		refused += f.refused.Load()
		mostA, mostB = max(mostA, f.a.most.Load()-int64(f.a.workers)), max(mostB, f.b.most.Load()-int64(f.b.workers))
	}
	assert.LessOrEqual(t, mostA, int64(0), "tasks of a that ran at once beyond its workers")
	assert.LessOrEqual(t, mostB, int64(0), "tasks of b that ran at once beyond its workers")
	torture.Row(t, "Tasks that submit to their own pools", "%d rounds of %d trees over two full pools: %d tasks ran, %d refused by TryGo; tasks at once beyond the workers %d",
		rounds, trees, ran, refused, max(mostA, mostB))
}

// A task of a full pool waits for other work, and this work submits to the full pool. Nothing
// hangs, even if there is a chain of tasks and groups in between, each of which waits for the
// next.
func TestBackToAFullPool(t *testing.T) {
	for _, tt := range []struct {
		name string
		work func(ctx context.Context, b *workerpool.Pool, submit func(ctx context.Context) error) error
	}{
		{"a Group in a Group", func(ctx context.Context, _ *workerpool.Pool, submit func(ctx context.Context) error) error {
			g := workerpool.NewGroup(ctx)
			g.Go(func(ctx context.Context) error {
				inner := workerpool.NewGroup(ctx)
				inner.Go(submit)
				return inner.Wait()
			})
			return g.Wait()
		}},
		{"a Group in a Group, at its limit", func(ctx context.Context, _ *workerpool.Pool, submit func(ctx context.Context) error) error {
			g := workerpool.NewGroup(ctx)
			g.Go(func(ctx context.Context) error {
				inner := workerpool.NewGroup(ctx)
				inner.SetLimit(1)
				inner.Go(submit)
				inner.Go(func(context.Context) error { return nil })
				return inner.Wait()
			})
			return g.Wait()
		}},
		{"a Group in a derived context in a Group", func(ctx context.Context, _ *workerpool.Pool, submit func(ctx context.Context) error) error {
			g := workerpool.NewGroup(ctx)
			g.Go(func(ctx context.Context) error {
				ctx, span := trace.Start(ctx, "inner")
				defer span.End()
				inner := workerpool.NewGroup(ctx)
				inner.Go(submit)
				return inner.Wait()
			})
			return g.Wait()
		}},
		{"Submit with a derived context, Wait with Background", func(ctx context.Context, b *workerpool.Pool, submit func(ctx context.Context) error) error {
			ctx, span := trace.Start(ctx, "inner")
			defer span.End()
			_, err := workerpool.Submit(ctx, b, func(ctx context.Context) (int, error) { return 7, submit(ctx) }).Wait(context.Background())
			return err
		}},
		{"Submit in a Group, Wait with Background", func(ctx context.Context, b *workerpool.Pool, submit func(ctx context.Context) error) error {
			g := workerpool.NewGroup(ctx)
			g.Go(func(ctx context.Context) error {
				_, err := workerpool.Submit(ctx, b, func(ctx context.Context) (int, error) { return 7, submit(ctx) }).Wait(context.Background())
				return err
			})
			return g.Wait()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newTally(1, 1), newTally(4, 4)
				filled := 0
				require.NoError(t, a.pool.Go(request(), a.task(func(ctx context.Context) {
					filled = a.fill(t)
					a.waiting(func() {
						assert.NoError(t, tt.work(ctx, b.pool, func(ctx context.Context) error { return a.pool.Go(ctx, a.task(nothing)) }))
					})
				})))
				time.Sleep(time.Hour)
				a.shut(t, "a")
				b.shut(t, "b")
				a.check(t, "a", 2+filled)
			})
		})
	}
}
