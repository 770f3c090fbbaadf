// Package trace says what a trace is: B3 headers read and written, IDs, sampling
// decisions, and the functions that start, carry and detach them.
//
// The current trace is where every OpenTelemetry-aware library looks for it: in the
// context, as the current span. [ID] reads it, [Start] begins a span in it, [Propagator]
// takes it from one process to the next. Nothing has to be installed for that. Without
// an OpenTelemetry SDK, [Provider] gives IDs and decisions and records nothing; with one,
// spans are the SDK's and keep their B3 meaning.
//
// # There is always an ID
//
// No SDK, a sampler that says no, a caller that said deny: there are still a trace ID and
// a span ID, for the log line and for the next hop.
//
// # IDs are opaque text
//
// A trace ID that arrived as 16 hexadecimal digits is logged and sent on as 16, one that
// arrived as 32 as 32, even when its high half is zero. Where the width is not known, a
// zero high half means 16. [ID] and [B3.ID] are that text; the String method of OpenTelemetry's
// TraceID is not, since it writes 32 digits always. New trace IDs have 32 digits: the epoch second
// in which the trace began, then 96 random bits.
//
// # Half a message
//
// A trace ID without a span ID, such as a proxy's request ID in X-B3-TraceId, names no caller: it
// is malformed, and a new trace begins. A state alone ("b3: 0") is whole: it decides for the new
// trace, and with [Propagator.W3C] also where a traceparent stands beside it, which is then not
// read.
//
// # Whose span it is
//
// The current span decides, the record fills in. If the current span is one of this
// package's, it is the answer. If it is somebody else's (an SDK's, say), the nearest record
// that [NewContext] or [Start] left in the context adds what an OpenTelemetry span context
// cannot hold: the width of the ID, debug, a received deny, the parent. The record is used
// only where it speaks of the same trace, so nothing goes stale.
//
// # Without a context
//
// Code that is given no context can have its goroutine's trace: [Do] gives a goroutine one while a
// function runs, [Implicit] finds it. Other goroutines never have it. Off until it is asked for.
//
// # Contexts
//
// Functions that take a context take nil for [context.Background].
package trace
