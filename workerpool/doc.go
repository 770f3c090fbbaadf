// Package workerpool carries the trace into goroutines: started, grouped, pooled, repeated,
// or run by somebody else's pool.
//
// There is one rule to learn. Wait for it, and it runs under your context. Don't wait, and it
// keeps your trace and loses your deadline. If it repeats, each run is a new trace that
// remembers who scheduled it.
//
//	                 trace of the task     cancellation and deadline
//	Go, Wrap         the caller's          none: it outlives the caller
//	WrapErr, Group   the caller's          the caller's
//	Pool.Go          the submitter's       the pool's
//	Submit           the submitter's       the submitter's and the pool's
//	Every            new, linked           the caller's
//	Job              new, linked           none
//
// Every function hands the task its context, so that the wrong one is shadowed: name the
// parameter ctx.
//
// # Panics
//
// A panic in a task ends the program, as in any goroutine; before it does, one line with the
// task's trace ID goes to standard error. Only [Config].OnPanic survives one.
//
// # Nil
//
// A nil context or function is a programmer's error, and panics where it is passed.
package workerpool
