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
// # Work that schedules itself again
//
// A task may hand its own context to the next one, and that to the next, for ever, through any of
// these functions in any order, [trace.Detach] and [trace.Root]: the contexts are no chain. Each is
// laid over the values that the first one had, not over the context before it; where the trace is
// a new one, without the old trace. What the program itself derives from the context in each run
// is a link more each time: context.WithValue, WithCancel and WithTimeout, a logger's WithContext,
// pprof.WithLabels, an errgroup's context, a span that is handed on to the next run. (One that a
// Job's run begins with [trace.Start] is not.) A name that [Logged] gives is no link more where
// its context is what Every or Job is given.
//
// # Lines
//
// The package logs nothing, but for what [Logged] asks for: a line for each run of Every or Job.
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
