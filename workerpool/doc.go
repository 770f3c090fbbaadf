// Package workerpool carries the trace into goroutines: single ones, groups, pools, repeated work,
// and the pools of other packages.
//
// There is one rule to learn. If you wait for a task, it runs under your context. If you do not
// wait, the task keeps your trace and loses your deadline. If the task repeats, each run is a new
// trace with a link to the trace that scheduled it.
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
// the outer ctx: in the task, the outer ctx is the wrong context.
//
// # Work that schedules itself again
//
// A task may pass its own context to the next task, that task to the one after, and so on for
// ever. The tasks may use these functions in any order, and [trace.Detach] and [trace.Root]. The
// contexts do not become a chain: each wraps the values of the first context, and not the context
// before it. A new trace replaces the old one.
//
// But if each run derives a context itself, and passes that context to the next run, the chain of
// contexts grows by one with each run. Such contexts come from context.WithValue, WithCancel and
// WithTimeout, a logger's WithContext, pprof.WithLabels, an errgroup, or a span. Two contexts do
// not lengthen the chain. One is the context of a span that a Job's run starts with [trace.Start].
// The other is the context that [Logged] returns, which has a job's name. Pass that context
// directly to Every or Job.
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
