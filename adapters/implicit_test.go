package adapters_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/internal/torture"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/alitto/pond/v2"
	gammazero "github.com/gammazero/workerpool"
	"github.com/panjf2000/ants/v2"
	"github.com/rs/zerolog"
	"github.com/sourcegraph/conc/iter"
	conc "github.com/sourcegraph/conc/pool"
	"github.com/sourcegraph/conc/stream"
	"github.com/stretchr/testify/assert"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"
)

// filed counts lines without a context by their trace. The field "for" of a line has the ID of the
// request that the line is about.
type filed struct{ lines, wrong, missing atomic.Int64 }

func (f *filed) Write(line []byte) (int, error) {
	f.lines.Add(1)
	switch id := value(line, `"trace_id":"`); {
	case id == nil:
		f.missing.Add(1)
	case bytes.Count(line, []byte(`"trace_id"`)) != 1 || !bytes.Equal(id, value(line, `"for":"`)):
		f.wrong.Add(1)
	}
	return len(line), nil
}

// value returns the text in line between key and the next quote, or nil without the key.
func value(line []byte, key string) []byte {
	_, rest, ok := bytes.Cut(line, []byte(key))
	if !ok {
		return nil
	}
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	return id
}

func (f *filed) counts() counts {
	return counts{Ran: f.lines.Load(), Wrong: f.wrong.Load(), Missing: f.missing.Load()}
}

// logger returns a logger as most programs have it, one for all lines, without a context.
func (f *filed) logger() zerolog.Logger { return logctx.New(f) }

// foreign is another library's way to run functions without parameters. fn may still run when run
// returns.
type foreign struct {
	name  string
	start func() (run func(ctx context.Context, fn func() error), end func())
}

// noError is fn for libraries whose functions return no error.
func noError(fn func() error) func() { return func() { check(fn()) } }

var foreigners = []foreign{
	{"bare go", func() (func(context.Context, func() error), func()) {
		return func(_ context.Context, fn func() error) { go noError(fn)() }, nothing
	}},
	{"WaitGroup", func() (func(context.Context, func() error), func()) {
		var wg sync.WaitGroup
		return func(_ context.Context, fn func() error) { wg.Go(noError(fn)) }, wg.Wait
	}},
	{"ants", func() (func(context.Context, func() error), func()) {
		pool, err := ants.NewPool(workers)
		check(err)
		return func(_ context.Context, fn func() error) { check(pool.Submit(noError(fn))) },
			func() { check(pool.ReleaseContext(context.Background())) }
	}},
	{"pond", func() (func(context.Context, func() error), func()) {
		pool := pond.NewPool(workers)
		return func(_ context.Context, fn func() error) { check(pool.SubmitErr(fn).Wait()) }, pool.StopAndWait
	}},
	{"pond, a group", func() (func(context.Context, func() error), func()) {
		pool := pond.NewPool(workers)
		return func(_ context.Context, fn func() error) { check(pool.NewGroup().SubmitErr(fn).Wait()) }, pool.StopAndWait
	}},
	{"gammazero", func() (func(context.Context, func() error), func()) {
		pool := gammazero.New(workers)
		return func(_ context.Context, fn func() error) { check(pool.Do(noError(fn))) }, pool.StopWait
	}},
	{"conc", func() (func(context.Context, func() error), func()) {
		return func(_ context.Context, fn func() error) {
			pool := conc.New().WithErrors()
			pool.Go(fn)
			check(pool.Wait())
		}, nothing
	}},
	{"conc, a stream's callback", func() (func(context.Context, func() error), func()) {
		return func(_ context.Context, fn func() error) {
			s := stream.New()
			s.Go(func() stream.Callback { return noError(fn) })
			s.Wait()
		}, nothing
	}},
	{"conc, ForEach", func() (func(context.Context, func() error), func()) {
		return func(_ context.Context, fn func() error) {
			iter.ForEach([]func() error{fn}, func(fn *func() error) { check((*fn)()) })
		}, nothing
	}},
	{"errgroup", func() (func(context.Context, func() error), func()) {
		return func(_ context.Context, fn func() error) {
			var group errgroup.Group
			group.SetLimit(1)
			group.Go(fn)
			check(group.Wait())
		}, nothing
	}},
	{"time.AfterFunc", func() (func(context.Context, func() error), func()) {
		return func(_ context.Context, fn func() error) { time.AfterFunc(d, noError(fn)) }, nothing
	}},
	{"context.AfterFunc", func() (func(context.Context, func() error), func()) {
		return func(ctx context.Context, fn func() error) {
			ctx, cancel := context.WithCancel(ctx)
			context.AfterFunc(ctx, noError(fn))
			cancel()
		}, nothing
	}},
	{"singleflight, DoChan", func() (func(context.Context, func() error), func()) {
		return func(_ context.Context, fn func() error) {
			var group singleflight.Group
			group.DoChan("key", func() (any, error) { return nil, fn() })
		}, nothing
	}},
}

// serve calls handle on n goroutines at once, each in a Do of a request of its own.
func serve(n int, handle func(n int, r request)) {
	var serving sync.WaitGroup
	for n := range n {
		serving.Go(func() {
			r := incoming(n)
			defer r.end()
			trace.Do(r.ctx, func(context.Context) { handle(n, r) })
		})
	}
	serving.Wait()
}

// sizes are how many requests run at once, and what each does. There are enough marks for all,
// even if each request has two tasks with marks of their own, and two that are about to end.
func sizes() (requests, rounds int) { return torture.Size(50, 500), torture.Size(20, 50) }

// Other libraries' pools and goroutines have no trace. A bare function in them has none either,
// and never another request's. A wrapped function has its own.
func TestTortureForeignPoolsRace(t *testing.T) {
	const each = 2
	n, rounds := sizes()
	all := int64(n * rounds * each)
	var bareLines, missing, wrong, wrappedLines, lost, others int64
	for _, foreign := range foreigners {
		for _, way := range []struct {
			name string
			fn   func(ctx context.Context, fn func()) func() error
			want counts
		}{
			{"bare", func(_ context.Context, fn func()) func() error {
				return func() error { fn(); return nil }
			}, counts{Ran: all, Missing: all}},
			{"Wrap", func(ctx context.Context, fn func()) func() error {
				wrapped := workerpool.Wrap(ctx, func(context.Context) { fn() })
				return func() error { wrapped(); return nil }
			}, counts{Ran: all}},
			{"WrapErr", func(ctx context.Context, fn func()) func() error {
				return workerpool.WrapErr(ctx, func(context.Context) error { fn(); return nil })
			}, counts{Ran: all}},
		} {
			t.Run(foreign.name+", "+way.name, func(t *testing.T) {
				var tasks, own filed
				task, handler := tasks.logger(), own.logger()
				run, end := foreign.start()
				serve(n, func(_ int, r request) {
					for range rounds {
						var running sync.WaitGroup
						running.Add(each)
						for range each {
							run(r.ctx, way.fn(r.ctx, func() {
								defer running.Done()
								task.Info().Str("for", r.id).Msg("task")
							}))
						}
						handler.Info().Str("for", r.id).Msg("request")
						running.Wait()
					}
				})
				end()
				got := tasks.counts()
				assert.Equal(t, way.want, got, "lines of tasks")
				assert.Equal(t, counts{Ran: int64(n * rounds)}, own.counts(), "lines of requests")
				if way.name == "bare" {
					bareLines, missing, wrong = bareLines+got.Ran, missing+got.Missing, wrong+got.Wrong
				} else {
					wrappedLines, lost, others = wrappedLines+got.Ran, lost+got.Missing, others+got.Wrong
				}
			})
		}
	}
	torture.Row(t, "Goroutine's trace, foreign pools", "%d ways to run a function, %d requests at once: bare %d lines: wrong %d, missing %d; wrapped %d lines: wrong %d, missing %d",
		len(foreigners), n, bareLines, wrong, missing, wrappedLines, others, lost)
}

// inTurn returns a function that calls f when it is the turn of request i. The n requests have
// turns one after another, again and again.
func inTurn(n int) func(i int, f func()) {
	turns := make([]chan struct{}, n)
	for i := range turns {
		turns[i] = make(chan struct{}, 1)
	}
	turns[0] <- struct{}{}
	return func(i int, f func()) {
		<-turns[i]
		f()
		turns[(i+1)%n] <- struct{}{}
	}
}

// If one goroutine works for several requests, the lines have the trace of the request that the
// goroutine serves, as with any thread-local state. Wrapped, each part has its own trace.
func TestTortureSharedWorkRace(t *testing.T) {
	const size = 10 // of a batch, and of the queue
	n, rounds := sizes()
	all := int64(n * rounds)
	type part struct {
		owner int
		do    func()
	}
	tests := []struct {
		name string

		// add returns functions of request i: one for a part, and one for the parts that are left.
		add     func(do func(i int, p part)) (add func(i int, p part), rest func(i int))
		foreign int64 // parts that another request's goroutine does
	}{
		// When the queue is full, the caller makes room by doing the oldest part, which is another
		// request's.
		{"caller runs", func(do func(int, part)) (func(int, part), func(int)) {
			queue := make(chan part, size)
			oldest := func(i int) { do(i, <-queue) }
			return func(i int, p part) {
				if len(queue) == size {
					oldest(i)
				}
				queue <- p
			}, func(i int) { oldest(i) }
		}, all},
		// The request that fills a batch writes it for all.
		{"batch", func(do func(int, part)) (func(int, part), func(int)) {
			var batch []part
			return func(i int, p part) {
				if batch = append(batch, p); len(batch) == size {
					for _, p := range batch {
						do(i, p)
					}
					batch = nil
				}
			}, nil
		}, all / size * (size - 1)},
	}
	for _, test := range tests {
		for _, wrapped := range []bool{false, true} {
			way, want := "bare", counts{Ran: all, Wrong: test.foreign}
			if wrapped {
				way, want = "wrapped", counts{Ran: all}
			}
			t.Run(test.name+", "+way, func(t *testing.T) {
				var lines filed
				log := lines.logger()
				foreign := int64(0)
				add, rest := test.add(func(i int, p part) {
					if p.owner != i {
						foreign++
					}
					p.do()
				})
				turn := inTurn(n)
				serve(n, func(i int, r request) {
					do := func() { log.Info().Str("for", r.id).Msg("part") }
					if wrapped {
						do = workerpool.Wrap(r.ctx, func(context.Context) { log.Info().Str("for", r.id).Msg("part") })
					}
					for range rounds {
						turn(i, func() { add(i, part{i, do}) })
					}
					turn(i, func() {
						if rest != nil && i < size { // another's also here
							rest(i)
						}
					})
				})
				assert.Equal(t, test.foreign, foreign, "parts that another's goroutine did")
				got := lines.counts()
				assert.Equal(t, want, got, "lines of parts")
				torture.Row(t, "Goroutine's trace, "+test.name+", "+way, "%d parts of %d requests, %d done by the goroutine of another: filed under that %d, missing %d",
					got.Ran, n, foreign, got.Wrong, got.Missing)
			})
		}
	}
}

// Shared work is in the leader's trace. The requests that share it stay in their own.
func TestTortureSingleflightRace(t *testing.T) {
	const share = 10 // requests that ask for the same at once
	n, rounds := sizes()
	all := int64(n * rounds)
	for _, wrapped := range []bool{false, true} {
		way := "bare"
		if wrapped {
			way = "wrapped"
		}
		t.Run(way, func(t *testing.T) {
			var group singleflight.Group
			var work, after filed
			worker, caller := work.logger(), after.logger()
			var led, joined atomic.Int64
			asked := make([]sync.WaitGroup, n/share*rounds)
			for i := range asked {
				asked[i].Add(share)
			}
			serve(n, func(i int, r request) {
				for round := range rounds {
					number := i/share*rounds + round
					do := func(context.Context) error {
						asked[number].Wait() // those that share it are here, or about to be
						led.Add(1)
						worker.Info().Str("for", r.id).Msg("work")
						return nil
					}
					load := func() error { return do(nil) }
					if wrapped {
						load = workerpool.WrapErr(trace.Detach(r.ctx), do)
					}
					asked[number].Done()
					leader, err, _ := group.Do(fmt.Sprint(number), func() (any, error) { return i, load() })
					check(err)
					if leader != i {
						joined.Add(1)
					}
					caller.Info().Str("for", r.id).Msg("after")
				}
			})
			assert.NotZero(t, joined.Load(), "calls that joined")
			assert.Equal(t, all, led.Load()+joined.Load(), "calls")
			assert.Equal(t, counts{Ran: led.Load()}, work.counts(), "lines of the work, against its leader")
			assert.Equal(t, counts{Ran: all}, after.counts(), "lines of all callers afterwards")
			torture.Row(t, "Goroutine's trace, singleflight, "+way, "%d calls of %d requests at once: %d led, %d joined them, whose work is filed under the leader; lines of the work: wrong of the leader's %d, missing %d; lines of all afterwards: wrong %d, missing %d",
				all, n, led.Load(), joined.Load(), work.wrong.Load(), work.missing.Load(), after.wrong.Load(), after.missing.Load())
		})
	}
}
