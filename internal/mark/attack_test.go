package mark_test

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/clew/internal/torture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tally counts the results of calls of look.
type tally struct {
	right, missing, wrong atomic.Int64
	first                 atomic.Pointer[string] // the first wrong result
}

// look looks for the mark of this goroutine, and counts the result: right if the mark's number is
// want, missing if there is no mark, else wrong.
func (a *tally) look(where string, want int) {
	switch got := of(); got {
	case want:
		a.right.Add(1)
	case -1:
		a.missing.Add(1)
	default:
		a.wrong.Add(1)
		text := fmt.Sprintf("%s: want %d, got %d", where, want, got)
		a.first.CompareAndSwap(nil, &text)
	}
}

func (a *tally) row(t *testing.T, threat string) {
	t.Helper()
	if first := a.first.Load(); first != nil {
		t.Errorf("%d looks found a wrong mark; the first: %s", a.wrong.Load(), *first)
	}
	torture.Row(t, threat, "%d right, %d missing, %d wrong", a.right.Load(), a.missing.Load(), a.wrong.Load())
}

// settle waits until all numbers are free. If a panic has ended a mark, the mark's number becomes
// free only with a garbage collection.
func settle(t *testing.T) {
	t.Helper()
	free := false
	var nest func(n int)
	nest = func(n int) {
		run(n, func() {
			if n < numbers {
				nest(n + 1)
			} else {
				free = of() == n
			}
		})
	}
	for i := 0; !free; i++ {
		require.Less(t, i, 10_000, "attempts until all numbers are free")
		runtime.GC()
		runtime.Gosched()
		nest(1)
	}
}

const numbers = 4096

// stress switches on all that may move, free or inspect stacks, until the test ends.
func stress(t *testing.T) {
	percent := debug.SetGCPercent(1)
	profiled := pprof.StartCPUProfile(io.Discard) == nil // else go test profiles already
	rate, fraction := runtime.MemProfileRate, runtime.SetMutexProfileFraction(1)
	runtime.MemProfileRate = 512
	runtime.SetBlockProfileRate(1)
	end := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-end:
				return
			default:
			}
			for _, name := range []string{"goroutine", "heap", "mutex", "block"} {
				_ = pprof.Lookup(name).WriteTo(io.Discard, 0)
			}
			runtime.GC()
		}
	})
	t.Cleanup(func() {
		close(end)
		all.Wait()
		runtime.SetBlockProfileRate(0)
		runtime.SetMutexProfileFraction(fraction)
		runtime.MemProfileRate = rate
		if profiled {
			pprof.StopCPUProfile()
		}
		debug.SetGCPercent(percent)
	})
}

// climb runs marks one inside another, at the levels 0 to height, and calls the function end at
// the innermost level. At each level, a deferred function looks for the mark of the level, runs
// another mark and looks again. At one level it also recovers, and looks once more.
type climb struct {
	*tally
	base    int // the number of level 0
	height  int
	recover int // the level that recovers; -1: no level does
	hidden  int // the level without a trace; -1: all have one
	end     func()
}

func (c *climb) number(level int) int {
	if level < 0 || level == c.hidden {
		return -1
	}
	return c.base + level
}

// inside runs at a level, under its mark.
func (c *climb) inside(level int) {
	c.look("entered", c.number(level))
	grow(level * 7)
	defer func() {
		c.look("deferred", c.number(level))
		grow(40) // on top of the old frames
		run(c.base+100+level, func() { c.look("marked in a deferred function", c.base+100+level) })
		c.look("deferred, after a mark", c.number(level))
		if c.recover == level {
			_ = recover()
			c.look("recovered", c.number(level))
		}
	}()
	if level == c.height {
		c.end()
		return
	}
	c.level(level + 1)
	c.look("returned", c.number(level))
}

func (c *climb) level(level int) {
	if level == c.hidden {
		hide(func() { c.inside(level) })
	} else {
		run(c.number(level), func() { c.inside(level) })
	}
}

// grow makes the stack grow, so that it moves.
func grow(n int) {
	var room [256]byte
	if n > 0 {
		grow(n - 1)
	}
	runtime.KeepAlive(&room)
}

// The innermost level panics, also with a runtime error, or calls Goexit. Each level in turn
// recovers, and once no level does. Meanwhile other goroutines use the free numbers, collections
// run, and profilers inspect the stacks.
func TestTorturePanics(t *testing.T) {
	stress(t)
	var a tally
	var none *int
	ends := []func(){
		func() {},
		func() { panic("x") },
		runtime.Goexit,
		func() { *none = 1 },
		func() { // a panic in a deferred function takes the place of the first
			defer func() { panic("second") }()
			panic("first")
		},
		func() { // a panic that is recovered does not end a Goexit
			defer func() { _ = recover() }()
			defer func() { panic("in a Goexit") }()
			runtime.Goexit()
		},
		func() { // a panic that is recovered at once, and another panic
			func() {
				defer func() { _ = recover() }()
				run(-1, func() { panic("x") })
			}()
			panic("y")
		},
	}
	const height = 5
	rounds := torture.Size(2, 150)
	var done atomic.Bool
	var others, climbers sync.WaitGroup
	for g := range 4 { // these take each number as soon as it is free
		others.Go(func() {
			for i := 0; !done.Load(); i++ {
				number := 1_000_000*(g+1) + i
				run(number, func() { a.look("in another goroutine", number) })
				if i%64 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	for g := range 4 {
		climbers.Go(func() {
			base := 10_000_000 * (g + 1)
			for range rounds {
				for e, end := range ends {
					for at := -1; at <= height; at++ {
						for _, hidden := range []int{-1, at, 2} {
							base += 1000
							c := climb{tally: &a, base: base, height: height, recover: at, hidden: hidden, end: end}
							finished := make(chan struct{})
							go func() {
								defer close(finished)
								defer a.look("further out, after all", -1)
								defer func() {
									c.look("further out", -1)
									_ = recover()
									c.look("further out, recovered", -1)
									run(c.base+500, func() { c.look("further out, marked", c.base+500) })
								}()
								c.level(0)
								c.look("further out, returned", -1)
								if e == 0 {
									c.level(0)
								}
							}()
							<-finished
						}
					}
				}
			}
		})
	}
	climbers.Wait()
	done.Store(true)
	others.Wait()
	a.row(t, "a goroutine's mark: panics recovered at 6 levels, Goexit, GC stress, profilers")
}

// A deferred function looks for a mark on top of frames that have panicked, while collections run
// and all other numbers are in use. It must never find the mark of the goroutine that got the
// number of such a frame next.
func TestDeadFramesKeepTheirNumber(t *testing.T) {
	for _, end := range []func(){func() { panic("x") }, runtime.Goexit} {
		settle(t)
		var a tally
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() {
				_ = recover()
				for i := range 20 {
					runtime.GC()
					runtime.Gosched()
					var up, down sync.WaitGroup
					release := make(chan struct{})
					up.Add(512)
					for n := range 512 {
						down.Go(func() {
							run(1000+n, func() { up.Done(); <-release; a.look("in another goroutine", 1000+n) })
						})
					}
					up.Wait()
					a.look("on top of dead frames", -1)
					close(release)
					down.Wait()
					grow(10 * i)
				}
			}()
			run(1, func() { run(2, func() { end() }) })
		}()
		<-done
		assert.Zero(t, a.wrong.Load(), "looks that found a wrong mark")
		assert.Zero(t, a.missing.Load(), "looks that found no mark, and should have found one")
	}
}

// There are more goroutines than numbers, and some of them panic.
func TestTortureGoroutines(t *testing.T) {
	settle(t)
	all := torture.Size(8_000, 66_000)
	var a tally
	var up, down sync.WaitGroup
	release := make(chan struct{})
	up.Add(all)
	for n := range all {
		down.Go(func() {
			defer func() { _ = recover(); a.look("outside", -1) }()
			run(n, func() {
				up.Done()
				<-release
				a.look("inside", n)
				grow(n % 64)
				a.look("inside, on a stack that has grown", n)
				if n%3 == 0 {
					panic("x")
				}
			})
		})
	}
	up.Wait()
	close(release)
	down.Wait()
	assert.EqualValues(t, 2*numbers, a.right.Load()-int64(all), "right looks inside") // the other right looks were outside, where -1 is right
	a.row(t, fmt.Sprintf("a goroutine's mark: %d goroutines at once, 4,096 numbers", all))
}

// Finalizers, cleanups, timers and context's AfterFunc run in goroutines of the runtime. They do
// not have the mark of the goroutine that has registered them, but can run under marks of their
// own.
func TestFinalizersAndCleanups(t *testing.T) {
	var a tally
	var ran atomic.Int64
	see := func(n int) {
		a.look("finalizer", -1)
		run(n, func() { a.look("marked in a finalizer", n) })
		a.look("finalizer, afterwards", -1)
		ran.Add(1)
	}
	const all = 100
	for n := range all {
		run(n, func() {
			x, y := new([64]byte), new([64]byte)
			runtime.SetFinalizer(x, func(*[64]byte) { see(10_000 + n) })
			runtime.AddCleanup(y, see, 20_000+n)
			a.look("inside", n)
		})
	}
	for i := 0; ran.Load() < 2*all; i++ {
		require.Less(t, i, 10_000, "attempts until all finalizers have run")
		run(5, func() { runtime.GC(); a.look("inside a collection", 5) })
		runtime.Gosched()
	}
	assert.Zero(t, a.wrong.Load(), "looks that found a wrong mark")
	assert.Zero(t, a.missing.Load(), "looks that found no mark, and should have found one")
}
