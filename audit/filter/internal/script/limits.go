package script

import (
	"fmt"
	"time"
)

const (
	maxSource = 1 << 20  // bytes of a script
	maxMemory = 32 << 20 // bytes that a scope maps
	maxStack  = 400      // the approximate depth of nested calls

	// callBudget is the limit of processor time in one call. The following limits are in multiples
	// of it.
	callBudget = 10 * time.Millisecond

	// loadBudgets is the limit for the evaluation of the globals.
	loadBudgets = 25

	// A script that uses stopBudgets in one call goes off at once. Only a native function can
	// exceed the budget by that much, and it must not do so a second time.
	stopBudgets = 10

	// When one call has used nativeBudgets, the scope's memory is made inaccessible. This ends a
	// native function that does not return.
	nativeBudgets = 200

	// A script goes off when maxOverruns of overrunWindow calls have exceeded their budget.
	maxOverruns   = 3
	overrunWindow = 10_000

	// A script goes off when at least minErrors of its last calls have failed, and at least one in
	// errorShare of these calls. The last calls are a window of errorWindow calls, in which older
	// calls count less.
	minErrors   = 20
	errorShare  = 20
	errorWindow = 1000

	// A script goes off when fewer than minCalls calls have together used windowBudgets.
	windowBudgets = 5
	minCalls      = 50
)

// record counts the errors, the overruns and the processor time for which a script is switched
// off.
type record struct {
	budget time.Duration // the limit of one call

	calls, errors int // the numbers of calls and of errors in the window of errors

	overruns   int
	sinceFirst int // the number of calls since the first overrun

	spent      time.Duration // the time in the window of processor time
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
		return &Fault{Reason: fmt.Sprintf("one call took %v of processor time", over.Round(time.Millisecond))}
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
	return &Fault{Reason: fmt.Sprintf("%d calls took more than %v of processor time each", maxOverruns, r.budget)}
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
	return &Fault{Reason: fmt.Sprintf("its last %d calls took %v of processor time", calls, spent.Round(time.Millisecond))}
}
