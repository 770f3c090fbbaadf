package mark_test

import (
	"context"
	"iter"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/internal/mark"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	mark.On()
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("runtime.handleEvent")) // the runtime's own, with js/wasm
}

type key struct{}

func in(n int) context.Context { return context.WithValue(context.Background(), key{}, n) }

// The function of returns the number of the context that Find finds, or -1 if Find finds none.
func of() int {
	if ctx := mark.Find(); ctx != nil {
		return ctx.Value(key{}).(int)
	}
	return -1
}

func run(n int, f func()) {
	mark.Run(&mark.Call{Ctx: in(n), Fn: func(context.Context) { f() }}, true)
}

func hide(f func()) {
	mark.Run(&mark.Call{Ctx: in(0), Fn: func(context.Context) { f() }}, false)
}

func TestItIsOn(t *testing.T) {
	assert.True(t, mark.IsOn(), "marks can be read back with this compiler")
}

func TestInnermost(t *testing.T) {
	assert.Equal(t, -1, of(), "mark outside of Run")
	run(1, func() {
		assert.Equal(t, 1, of())
		run(2, func() {
			assert.Equal(t, 2, of())
			hide(func() { assert.Equal(t, -1, of(), "hidden mark") })
			assert.Equal(t, 2, of())
		})
		assert.Equal(t, 1, of())
		done := make(chan int)
		go func() { done <- of() }()
		assert.Equal(t, -1, <-done, "mark in another goroutine")
	})
	assert.Equal(t, -1, of(), "mark outside of Run")
}

func TestHandler(t *testing.T) {
	got := 0
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got = of() })
	mark.Run(&mark.Call{Ctx: in(7), Handler: h, W: httptest.NewRecorder(), R: httptest.NewRequest("GET", "/", nil)}, true)
	assert.Equal(t, 7, got)
}

// If there are more marks than mark numbers, Find does not find a mark without a number. Such a
// mark still hides the outer mark.
func TestExhausted(t *testing.T) {
	const all = 5000
	settle(t)
	var up, down sync.WaitGroup
	release := make(chan struct{})
	var right, missing, wrong atomic.Int64
	up.Add(all)
	for n := range all {
		down.Go(func() {
			run(n, func() {
				up.Done()
				<-release
				switch of() {
				case n:
					right.Add(1)
					run(-2, func() { // this mark has a number or not; the outer mark must not be found
						if got := of(); got != -1 && got != -2 {
							wrong.Add(1)
						}
					})
				case -1:
					missing.Add(1)
				default:
					wrong.Add(1)
				}
			})
		})
	}
	up.Wait()
	close(release)
	down.Wait()
	assert.Zero(t, wrong.Load(), "wrong marks")
	assert.EqualValues(t, 4096, right.Load(), "right marks")
	assert.EqualValues(t, all-4096, missing.Load(), "missing marks")
	run(1, func() { assert.Equal(t, 1, of(), "mark after all numbers were in use") })
}

// After a panic or Goexit, deferred functions run on top of the old frames. They find their own
// mark, or the mark further out, and never the mark of another goroutine.
func TestPanicsAndGoexit(t *testing.T) {
	var all sync.WaitGroup
	var wrong, looks atomic.Int64
	look := func(want int) {
		looks.Add(1)
		if got := of(); got != want {
			wrong.Add(1)
		}
	}
	for g := range 8 {
		all.Go(func() {
			for i := range 2000 {
				outer, inner := g*10000+2*i, g*10000+2*i+1
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer look(-1)
					defer func() { _ = recover() }()
					defer look2(look, -1)()
					run(outer, func() {
						defer look2(look, outer)()
						func() {
							if i%3 == 0 {
								defer func() { _ = recover(); look(outer) }()
							}
							run(inner, func() {
								defer look2(look, inner)()
								switch i % 4 {
								case 0:
									panic("x")
								case 1:
									runtime.Goexit()
								}
							})
						}()
						look(outer)
					})
				}()
				<-done
				if i%200 == 0 {
					runtime.GC()
				}
			}
		})
	}
	all.Wait()
	assert.Zero(t, wrong.Load(), "looks, of %d, that found a wrong mark", looks.Load())
}

func look2(look func(int), want int) func() { return func() { look(want) } }

// When a panic ends a mark, the mark's number becomes free as soon as the mark's frames are gone.
func TestNumbersComeBack(t *testing.T) {
	for range 3 {
		for range 4096 {
			func() {
				defer func() { _ = recover() }()
				run(1, func() { panic("x") })
			}()
		}
		deadline := time.Now().Add(10 * time.Second)
		for free := -1; free != 1; {
			require.True(t, time.Now().Before(deadline), "numbers are free again before the deadline")
			runtime.GC()
			runtime.Gosched()
			run(1, func() { free = of() })
		}
	}
}

func TestAllocations(t *testing.T) {
	ctx := in(1)
	f := func(context.Context) {}
	assert.Zero(t, testing.AllocsPerRun(1000, func() { mark.Run(&mark.Call{Ctx: ctx, Fn: f}, true) }), "allocations of a mark")
	assert.Zero(t, testing.AllocsPerRun(1000, func() { mark.Run(&mark.Call{Ctx: ctx, Fn: f}, false) }), "allocations of a mark that hides others")
	run(1, func() {
		assert.Zero(t, testing.AllocsPerRun(1000, func() { of() }), "allocations of Find")
	})
}

//go:noinline
func deep(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	deep(n-1, f)
	runtime.KeepAlive(n)
}

func TestDeepStacks(t *testing.T) {
	for n := range 400 {
		got := 0
		run(1, func() { deep(n, func() { got = of() }) })
		if got != 1 && (got != -1 || n < 240) {
			t.Fatalf("mark %d frames up the stack: got %d", n, got)
		}
	}
	run(1, func() { deep(10_000, func() { assert.Equal(t, -1, of(), "mark that is too far up the stack") }) })
}

// If Find can read only the first of a number's two digits, the mark is missing. The first digit
// alone would be the number of another goroutine.
func TestDigitsApart(t *testing.T) {
	settle(t)
	const others = 300 // goroutines that hold all numbers of one digit, and some more
	var up, down sync.WaitGroup
	release := make(chan struct{})
	up.Add(others)
	for range others {
		down.Go(func() { run(1, func() { up.Done(); <-release }) })
	}
	up.Wait()
	right, missing := 0, 0
	for n := range 300 {
		run(2, func() {
			deep(n, func() {
				switch got := of(); got {
				case 2:
					right++
				case -1:
					missing++
				default:
					t.Errorf("mark %d frames up the stack: got %d", n, got)
				}
			})
		})
	}
	close(release)
	down.Wait()
	assert.Greater(t, right, 240, "right marks")
	assert.Positive(t, missing, "missing marks, which show that the stacks are deep enough")
}

func TestPull(t *testing.T) {
	run(1, func() {
		next, stop := iter.Pull(func(yield func(int) bool) { yield(of()) })
		defer stop()
		got, _ := next()
		assert.Equal(t, -1, got, "mark in a coroutine")
		run(2, func() { _, _ = next() })
		assert.Equal(t, 1, of())
	})
}
