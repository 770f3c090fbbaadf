package script

import (
	"fmt"
	"time"
)

const (
	maxSource = 1 << 20  // bytes of a script
	maxMemory = 32 << 20 // bytes that a scope maps
	maxStack  = 400      // calls within calls, about

	// callBudget is the processor time of one call. The other budgets are multiples of it.
	callBudget = 10 * time.Millisecond

	// loadBudgets are for the globals.
	loadBudgets = 25

	// stopBudgets in one call switch a script off at once. A native function has overrun by so
	// much that it must not happen a second time.
	stopBudgets = 10

	// nativeBudgets in one call make the scope's memory inaccessible, which ends a native function
	// that does not return.
	nativeBudgets = 200

	// maxOverruns calls over their budget within overrunWindow calls switch a script off.
	maxOverruns   = 3
	overrunWindow = 10_000

	// A script goes off when at least minErrors of its last calls have failed, and at least one in
	// errorShare of these calls. The window has errorWindow calls, in which older calls count
	// less.
	minErrors   = 20
	errorShare  = 20
	errorWindow = 1000

	// A script goes off when it has made fewer than minCalls calls in windowBudgets.
	windowBudgets = 5
	minCalls      = 50
)

// record counts what may switch a script off.
type record struct {
	budget time.Duration // of a call

	calls, errors int // of the window of errors

	overruns   int
	sinceFirst int // calls since the first of the overruns

	spent      time.Duration // of the window of processor time
	spentCalls int
}

// add notes a call. If the call switches the script off, add returns why.
func (r *record) add(fault *Fault, over time.Duration, exhausted bool) *Fault {
	r.spentCalls++
	if off := r.addOverrun(over, exhausted); off != nil {
		if fault != nil {
			off.Line = fault.Line
		}
		return off
	}
	return r.addError(fault)
}

func (r *record) addOverrun(over time.Duration, exhausted bool) *Fault {
	if r.overruns > 0 {
		if r.sinceFirst++; r.sinceFirst >= overrunWindow {
			r.overruns, r.sinceFirst = 0, 0
		}
	}
	if over >= stopBudgets*r.budget {
		return &Fault{Reason: fmt.Sprintf("one call took %v of the processor", over.Round(time.Millisecond))}
	}
	if over == 0 && !exhausted {
		return nil
	}
	if r.overruns++; r.overruns < maxOverruns {
		return nil
	}
	if exhausted {
		return &Fault{Reason: fmt.Sprintf("it uses more than %d MB of memory", maxMemory>>20)}
	}
	return &Fault{Reason: fmt.Sprintf("%d calls took more than %v of the processor each", maxOverruns, r.budget)}
}

func (r *record) addError(fault *Fault) *Fault {
	if r.calls++; r.calls >= errorWindow {
		r.calls /= 2
		r.errors /= 2
	}
	if fault == nil {
		return nil
	}
	r.errors++
	if r.errors < minErrors || r.errors*errorShare < r.calls {
		return nil
	}
	return &Fault{
		Reason: fmt.Sprintf("%d of its last %d calls failed, the last with: %s", r.errors, r.calls, fault.Reason),
		Line:   fault.Line,
	}
}

// spend notes processor time. If this time switches the script off, spend returns why.
func (r *record) spend(d time.Duration) *Fault {
	if r.spent += d; r.spent < windowBudgets*r.budget {
		return nil
	}
	spent, calls := r.spent, r.spentCalls
	r.spent, r.spentCalls = 0, 0
	if calls >= minCalls {
		return nil
	}
	return &Fault{Reason: fmt.Sprintf("its last %d calls took %v of the processor", calls, spent.Round(time.Millisecond))}
}
