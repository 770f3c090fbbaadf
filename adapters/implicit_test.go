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

// filed counts the lines that are logged without a context, by their trace ID. The field "for" of
// a line names the request to which the line belongs.
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

// value returns the text in line between key and the next quote, or nil if line does not contain
// key.
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

// logger returns one logger for all lines, because most programs have only one. Its lines are
// logged without a context.
func (f *filed) logger() zerolog.Logger { return logctx.New(f) }

// foreign is another library's way to run functions without parameters. fn may still be running
// when run returns.
type foreign struct {
	name  string
	start func() (run func(ctx context.Context, fn func() error), end func())
}

// noError adapts fn to libraries whose functions return no error.
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

// serve calls handle on n goroutines at once, each inside of trace.Do for a different request.
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

// sizes returns the number of requests at once, and the number of rounds of each. Each request and
// each task marks its goroutine, and the number of marks is limited. There are enough marks for
// all requests, even if each request has four tasks: two that run, and two that are about to end.
func sizes() (requests, rounds int) { return torture.Size(50, 500), torture.Size(20, 50) }

// The goroutines of other libraries' pools have no trace. A function that is not wrapped has no
// trace there either, and never the trace of another request. A wrapped function has the trace of
// its own request.
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
				assert.Equal(t, way.want, got, "log lines of tasks")
				assert.Equal(t, counts{Ran: int64(n * rounds)}, own.counts(), "log lines of requests")
				if way.name == "bare" {
					bareLines, missing, wrong = bareLines+got.Ran, missing+got.Missing, wrong+got.Wrong
				} else {
					wrappedLines, lost, others = wrappedLines+got.Ran, lost+got.Missing, others+got.Wrong
				}
			})
		}
	}
	torture.Row(t, "Goroutine's trace, foreign pools", "%d ways to run a function, %d requests at once. Bare functions: %d lines, %d with a wrong ID, %d without one. Wrapped functions: %d lines, %d with a wrong ID, %d without one",
		len(foreigners), n, bareLines, wrong, missing, wrappedLines, others, lost)
}

// inTurn returns a function that waits for the turn of request i, and then calls f. The n requests
// take turns in a cycle.
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

// The work of each request consists of parts. A goroutine may do parts of several requests. Their
// log lines have the trace of the request that the goroutine serves, as with any thread-local
// state. A wrapped part has the trace of its own request.
func TestTortureSharedWorkRace(t *testing.T) {
	const size = 10 // capacity of the queue, and number of parts in a batch
	n, rounds := sizes()
	all := int64(n * rounds)
	type part struct {
		owner int
		do    func()
	}
	tests := []struct {
		name string

		// add returns two functions. The first adds a part on behalf of request i. The second lets
		// request i do one part that is still in the queue at the end.
		add     func(do func(i int, p part)) (add func(i int, p part), rest func(i int))
		foreign int64 // number of parts that another request's goroutine does
	}{
		// When the queue is full, the caller first does the oldest part, which belongs to another
		// request.
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
		// The request whose part fills the batch does all parts of the batch.
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
						// The part in the queue belongs to another request, too.
						if rest != nil && i < size {
							rest(i)
						}
					})
				})
				assert.Equal(t, test.foreign, foreign, "number of parts that another request's goroutine did")
				got := lines.counts()
				assert.Equal(t, want, got, "log lines of parts")
				torture.Row(t, "Goroutine's trace, "+test.name+", "+way, "%d parts of %d requests, %d of them done in another request's goroutine: %d lines have that request's ID, %d have none",
					got.Ran, n, foreign, got.Wrong, got.Missing)
			})
		}
	}
}

// Work that singleflight shares is in the trace of the leader, the request that calls Do first.
// The requests that share the work stay in their own traces.
func TestTortureSingleflightRace(t *testing.T) {
	const share = 10 // number of requests that share one piece of work
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
						// All requests that share the work are in Do, or are about to call it.
						asked[number].Wait()
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
			assert.NotZero(t, joined.Load(), "number of calls that joined a leader")
			assert.Equal(t, all, led.Load()+joined.Load(), "number of all calls")
			assert.Equal(t, counts{Ran: led.Load()}, work.counts(), "lines of the shared work, against the leader's ID")
			assert.Equal(t, counts{Ran: all}, after.counts(), "lines of all callers afterwards")
			torture.Row(t, "Goroutine's trace, singleflight, "+way, "%d calls of %d requests at once: %d led, %d joined a leader. Lines of the shared work: %d with another ID than the leader's, %d without one. Lines of all callers afterwards: %d with a wrong ID, %d without one",
				all, n, led.Load(), joined.Load(), work.wrong.Load(), work.missing.Load(), after.wrong.Load(), after.missing.Load())
		})
	}
}
