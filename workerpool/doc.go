// Package workerpool carries the trace into goroutines: started, grouped, pooled, repeated, or run
// by somebody else's pool.
//
// There is one rule to learn. Wait for a task, and it runs under your context. Don't wait, and the
// task keeps your trace and loses your deadline. If the task repeats, each run is a new trace that
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
// Every function passes the task the context to use. Name that parameter ctx, so that it shadows
// the outer ctx, which is the wrong one in the task.
//
// # Work that schedules itself again
//
// A task may pass its own context to the next task, which does the same, for ever. It may use
// these functions in any order, and [trace.Detach] and [trace.Root]. The contexts do not become a
// chain: each wraps the values of the first context, and not the context before it. A new trace
// replaces the old one.
//
// But a context that the program itself derives in each run, and passes on to the next, adds a
// link each time. Such contexts come from context.WithValue, WithCancel and WithTimeout, a
// logger's WithContext, pprof.WithLabels, an errgroup, or a span. Two things add no link: a span
// that a Job's run begins with [trace.Start], and a name from [Logged] if Every or Job gets the
// very context that Logged returned.
//
// # Lines
//
// The package logs nothing, except for [Logged]: a line for each run of Every or Job.
//
// # Panics
//
// A panic in a task ends the program, as in any goroutine. First, one line with the task's trace
// ID goes to standard error. Only a Pool with [Config].OnPanic survives a panic.
//
// # Nil
//
// A nil context or function is a programmer's error, and panics where it is passed.
package workerpool
