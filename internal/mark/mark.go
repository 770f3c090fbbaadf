// Package mark lets a goroutine find the context that it works for, although no caller passes that
// context.
//
// Each goroutine has its own stack, and no goroutine inherits the stack of another. A function
// with many call sites runs the work from call site number n. So the return address on the stack
// shows n, and a walk up the stack reads n back. The number n leads to a slot that holds the
// context. The walk uses runtime.Callers, which is public.
//
// A mark that cannot be read counts as missing. A goroutine must never find the mark of another
// goroutine, so a number is used again only after the frames that show it are gone.
//
// Packages bench, httpclient, httpmw, trace and workerpool import it. It is a package of its own
// because the others need marks, which trace does not export.
package mark

import (
	"context"
	"math/bits"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

//go:generate go run gen.go

// Call is the work that runs under a mark: Fn with Ctx, or Handler with W and R.
type Call struct {
	Ctx context.Context // the context that the mark leads to
	Fn  func(ctx context.Context)

	Handler http.Handler // if it is not nil, it runs instead of Fn
	W       http.ResponseWriter
	R       *http.Request
}

//go:noinline
func (c *Call) run() {
	if c.Handler != nil {
		c.Handler.ServeHTTP(c.W, c.R)
		return
	}
	c.Fn(c.Ctx)
}

// The function none runs c under a mark that leads nowhere. The mark hides the marks further out.
// It does so after a panic too, as long as the mark's frames are on the stack.
//
//go:noinline
func none(c *Call) {
	c.run()
	runtime.KeepAlive(c)
}

const (
	digit = 256      // how many call sites low has; a number has two digits to this base
	most  = 16 * 256 // how many numbers there are
	depth = 256      // how many frames a walk looks at
	word  = bits.UintSize
)

// slot is the place that a number leads to. Only the goroutine with the number touches ctx and
// hold.
type slot struct {
	ctx   context.Context // nil: the mark is dead
	hold  *token
	owned atomic.Uint32 // orders the work of one owner before the work of the next
}

// token lives as long as its slot or a frame that shows the number holds it. The pointer gives
// each token memory of its own, because Go packs small values without pointers into one block,
// which lives as long as any of them.
type token struct{ _ *byte }

var (
	slots [most]slot
	taken [most / word]atomic.Uint64 // a bit for each number

	on    atomic.Bool
	learn = sync.OnceFunc(func() { on.Store(sites.learn()) })
)

// On switches marks on for good, if this program can read them back.
func On() { learn() }

// IsOn reports whether marks are on.
func IsOn() bool { return on.Load() }

// Run runs c under a mark. The mark leads to c.Ctx if traced is true, and to nothing otherwise.
// While marks are off, Run only runs c.
func Run(c *Call, traced bool) {
	if !on.Load() {
		c.run()
		return
	}
	n, ok := 0, false
	if traced {
		n, ok = take()
	}
	if !ok {
		none(c)
		return
	}
	s := &slots[n]
	s.owned.Load()
	s.ctx = c.Ctx
	if s.hold == nil {
		s.hold = new(token)
	}
	returned := false
	defer func() {
		s.ctx = nil
		if returned {
			give(n)
			return
		}
		// This is a panic or Goexit. The frames below still show the number, and deferred
		// functions further out run on top of them. From now on only these frames hold the token,
		// so the frames are gone once the token is collected.
		hold := s.hold
		s.hold = nil
		runtime.AddCleanup(hold, give, n)
	}()
	if n < digit {
		low(uint8(n), c, s.hold)
	} else {
		high(uint8(n/digit), uint8(n%digit), c, s.hold)
	}
	returned = true
}

// take returns the lowest free number. Profiles keep each stack that they have seen, so few
// numbers mean few stacks. If no number is free, the mark is missing.
func take() (n int, ok bool) {
	for i := range taken {
		for {
			was := taken[i].Load()
			free := bits.TrailingZeros64(^was)
			if free == word {
				break
			}
			if taken[i].CompareAndSwap(was, was|1<<free) {
				return i*word + free, true
			}
		}
	}
	return 0, false
}

// give makes number n free again.
func give(n int) {
	slots[n].owned.Add(1)
	taken[n/word].And(^(uint64(1) << (n % word)))
}

// Find returns the context of the innermost live mark of this goroutine. The result is nil if
// there is no mark, or if the mark is further up the stack than Find looks.
func Find() context.Context {
	if !on.Load() {
		return nil
	}
	return sites.find()
}

func (l *learnt) find() context.Context {
	var pcs [depth]uintptr
	n := runtime.Callers(2, pcs[:])
	for i, pc := range pcs[:n] {
		if pc == l.none {
			return nil
		}
		number := l.low.at(pc)
		if number < 0 {
			continue
		}
		if i+1 == len(pcs) { // the other digit may be out of sight
			return nil
		}
		if i+1 < n {
			if higher := l.high.at(pcs[i+1]); higher > 0 {
				number += digit * higher
			}
		}
		if ctx := slots[number].ctx; ctx != nil {
			return ctx
		}
	}
	return nil
}

var sites learnt

// learnt are the return addresses of the call sites.
type learnt struct {
	low, high addresses
	none      uintptr
}

// learn runs each call site once, and keeps its return address. The result is false if numbers
// cannot be read back, because a compiler may have moved the sites.
func (l *learnt) learn() bool {
	var stack [8]uintptr // seen from under a mark: the function, run, the site, the site's caller
	look := &Call{Ctx: context.Background(), Fn: func(context.Context) { callers(&stack) }}
	var lows [digit]uintptr
	for n := range lows {
		low(uint8(n), look, nil)
		lows[n] = stack[2]
	}
	var highs [most/digit - 1]uintptr
	for i := range highs {
		high(uint8(i+1), 0, look, nil)
		if highs[i] = stack[3]; stack[2] != lows[0] {
			return false
		}
	}
	none(look)
	l.none = stack[2]
	return l.low.set(lows[:], 0) && l.high.set(highs[:], 1) && l.low.at(l.none) < 0 && l.high.at(l.none) < 0 &&
		!slices.ContainsFunc(highs[:], func(pc uintptr) bool { return l.low.at(pc) >= 0 }) && l.readBack()
}

// callers writes the return addresses into stack, from its caller upwards.
//
//go:noinline
func callers(stack *[8]uintptr) { runtime.Callers(2, stack[:]) }

// readBack reports whether find reads some numbers back. It runs a function under each of them.
func (l *learnt) readBack() bool {
	for _, n := range [...]int{0, 1, digit - 1, digit, digit + 1, most - 1} {
		want, got := context.WithValue(context.Background(), readKey{}, n), context.Context(nil)
		slots[n].ctx = want
		c := &Call{Ctx: want, Fn: func(context.Context) { got = l.find() }}
		if n < digit {
			low(uint8(n), c, nil)
		} else {
			high(uint8(n/digit), uint8(n%digit), c, nil)
		}
		slots[n].ctx = nil
		if got != want {
			return false
		}
	}
	return true
}

type readKey struct{}

// addresses are the return addresses of a function's call sites.
type addresses struct {
	from   uintptr
	digits []int16 // digits[i] is the digit of the address from+i; -1: none
}

func (a *addresses) at(pc uintptr) int {
	if i := pc - a.from; i < uintptr(len(a.digits)) {
		return int(a.digits[i])
	}
	return -1
}

// set fills a: pcs[i] is the address of the digit first+i. The result is false if two addresses
// are equal, or if they are too far from each other.
func (a *addresses) set(pcs []uintptr, first int) bool {
	least, greatest := slices.Min(pcs), slices.Max(pcs)
	if least == 0 || greatest-least > 1<<20 {
		return false
	}
	a.from, a.digits = least, slices.Repeat([]int16{-1}, int(greatest-least)+1)
	for i, pc := range pcs {
		if a.digits[pc-least] >= 0 {
			return false
		}
		a.digits[pc-least] = int16(first + i)
	}
	return true
}
