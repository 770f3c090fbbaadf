// Package trace is the heart of clew: it reads and writes B3 headers, makes IDs, decides what is
// sampled, and starts, carries and detaches traces.
//
// The current trace is in the context, as the current span, where every library that knows
// OpenTelemetry looks for it. [ID] reads it, [Start] begins a span in it, and [Propagator] takes
// it from one process to the next. Nothing has to be installed for that. Without an OpenTelemetry
// SDK, [Provider] gives IDs and decisions, and records nothing. With an SDK, the SDK makes the
// spans, and the B3 states keep their meaning.
//
// # There is always an ID
//
// Every span has a trace ID and a span ID, for log lines and for the next hop. This also holds
// without an SDK, and for a trace that is not sampled.
//
// # IDs are opaque text
//
// A trace ID is logged and sent on with the digits that it arrived with. 16 digits stay 16, and
// 32 stay 32, even if the first 16 are zeros. If the width is not known, an ID whose high half is
// zero is written with 16 digits. [ID] and [B3.ID] return that text. The String method of
// OpenTelemetry's TraceID does not, since it always writes 32 digits. New trace IDs have 32
// digits: the epoch second in which the trace began, then 96 random bits.
//
// # Half a message
//
// A trace ID without a span ID, such as a proxy's request ID in X-B3-TraceId, names no caller.
// Such a message is malformed, and a new trace begins. A sampling state alone ("b3: 0") is a
// whole message. The state decides for the new trace. With [Propagator.W3C], a traceparent beside
// such a state is not read.
//
// # The current span and the record
//
// The current span decides, and the record fills in. If this package made the current span, the
// span holds everything. If another library made it, for instance an SDK, the nearest record that
// [NewContext] or [Start] left in the context adds what an OpenTelemetry span context cannot
// hold: the width of the ID, debug, a received deny, the parent. A record of another trace is
// stale, and is not used.
//
// # Without a context
//
// Code that gets no context can use the trace of its goroutine. [Do] gives a goroutine a trace
// while a function runs, and [Implicit] finds that trace. No other goroutine gets it. The feature
// is off until a program calls Do, or sets Implicit in httpmw's Config.
//
// # Contexts
//
// Every function with a context as a parameter treats nil as [context.Background].
package trace
