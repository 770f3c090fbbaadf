// Package mark lets a goroutine find the context that it works for, without being given it.
//
// A goroutine's stack belongs to it alone, and no other inherits it. If a function is run from
// call site number n of a function that has many, then the return address on the stack is n, and
// a walk up the stack reads it back. A number leads to a slot, which has the context. Only
// public means are used: runtime.Callers.
//
// A mark that cannot be read is missing. It must never be another's: a number is used again only
// when the frames that say it are gone.
//
// Packages bench, httpclient, httpmw, trace and workerpool import it. It is a package of its own
// because trace does not export what the others need of it.
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

// Call is what is run under a mark: Fn with Ctx, or Handler with W and R.
type Call struct {
	Ctx context.Context // what the mark leads to
	Fn  func(ctx context.Context)

	Handler http.Handler // not nil: instead of Fn
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

// none runs c under a mark that leads nowhere, and hides what stands further out: after a panic
// too, as long as its frames are there.
//
//go:noinline
func none(c *Call) {
	c.run()
	runtime.KeepAlive(c)
}

const (
	digit = 256      // call sites of low
	most  = 16 * 256 // numbers
	depth = 256      // frames that are looked at
	word  = bits.UintSize
)

// slot is what a number leads to. Only the goroutine that has the number touches ctx and hold.
type slot struct {
	ctx   context.Context // nil: the mark is dead
	hold  *token
	owned atomic.Uint32 // orders what one owner did before what the next one does
}

// token is held by the frames that say a number, and by the slot.
type token struct{ _ *byte } // with a pointer, or it would share its memory with others

var (
	slots [most]slot
	taken [most / word]atomic.Uint64 // a bit for each number

	on    atomic.Bool
	learn = sync.OnceFunc(func() { on.Store(sites.learn()) })
)

// On switches marks on, for good, if they can be read back in this program.
func On() { learn() }

// IsOn reports whether somebody has switched marks on.
func IsOn() bool { return on.Load() }

// Run runs c under a mark that leads to c.Ctx if that has a trace, and else to nothing. While
// marks are off it runs c, and no more.
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
		// A panic or Goexit. Deferred functions further out still run on top of these frames, in
		// which the number stands. Only they hold the token from now on: once it is collected,
		// they are gone.
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

// take returns the lowest number that is free: profiles keep each stack that they have seen, and a
// number makes another one. Without one that is free the mark is missing.
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

// give gives a number back.
func give(n int) {
	slots[n].owned.Add(1)
	taken[n/word].And(^(uint64(1) << (n % word)))
}

// Find returns the context of the innermost live mark of this goroutine; nil: there is none, or
// it is further up the stack than we look.
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
		if i+1 == len(pcs) { // its other digit may be out of sight
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

// learn runs each call site once, and looks from where. It is false where numbers cannot be read
// back: a compiler may have moved the sites.
func (l *learnt) learn() bool {
	var stack [8]uintptr // of what runs under a mark: itself, run, the site, what called that
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

// callers writes the return addresses above what calls it.
//
//go:noinline
func callers(stack *[8]uintptr) { runtime.Callers(2, stack[:]) }

// readBack marks some numbers and reads them.
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

// addresses are the return addresses of the call sites of a function.
type addresses struct {
	from   uintptr
	digits []int16 // of the address from+i; -1: none
}

func (a *addresses) at(pc uintptr) int {
	if i := pc - a.from; i < uintptr(len(a.digits)) {
		return int(a.digits[i])
	}
	return -1
}

// set makes a of the addresses of the digits from first on. It is false if two are the same, or
// they are strangely far from each other.
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
