// Package workerpool carries the trace into goroutines: started, grouped, pooled, repeated, or run
// by somebody else's pool.
//
// There is one rule to learn. Wait for it, and it runs under your context. Don't wait, and it
// keeps your trace and loses your deadline. If it repeats, each run is a new trace that remembers
// who scheduled it.
//
//	                 trace of the task     cancellation and deadline
//	Go, Wrap         the caller's          none: it outlives the caller
//	WrapErr, Group   the caller's          the caller's
//	Pool.Go          the submitter's       the pool's
//	Submit           the submitter's       the submitter's and the pool's
//	Every            new, linked           the caller's
//	Job              new, linked           none
//
// Every function hands the task its context. Name the parameter ctx, so that it shadows the wrong
// one.
//
// # Work that schedules itself again
//
// A task may hand its own context to the next one, and that to the next, for ever, through these
// functions in any order, and through [trace.Detach] and [trace.Root]. The contexts do not become
// a chain. Each is laid over the values of the first context, and not over the context before it.
// If the trace is new, the old trace is left out.
//
// A context that the program itself derives in each run, and hands on to the next, is one more
// link each time. Such contexts come from context.WithValue, WithCancel and WithTimeout, a
// logger's WithContext, pprof.WithLabels, an errgroup, or a span. Two things are no links: a span
// that a Job's run begins with [trace.Start], and a name from [Logged] if Every or Job is given
// the context of Logged itself.
//
// # Lines
//
// The package logs nothing, except for [Logged]: a line for each run of Every or Job.
//
// # Panics
//
// A panic in a task ends the program, as in any goroutine. Before it does, one line with the
// task's trace ID goes to standard error. Only [Config].OnPanic survives a panic.
//
// # Nil
//
// A nil context or function is a programmer's error, and panics where it is passed.
package workerpool
