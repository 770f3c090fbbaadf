// Package trace is the heart of clew: it reads and writes B3 headers, makes IDs, decides what is
// sampled, and starts, carries and detaches traces.
//
// The current trace is in the context, as the current span, where every library that knows
// OpenTelemetry looks for it. [ID] reads it, [Start] begins a span in it, and [Propagator] takes
// it from one process to the next. Nothing has to be installed for that. Without an OpenTelemetry
// SDK, [Provider] gives IDs and decisions, and records nothing. With an SDK, the spans are the
// SDK's and keep their B3 meaning.
//
// # There is always an ID
//
// A trace ID and a span ID are there for the log line and for the next hop, even without an SDK,
// after a sampler's no, and after a caller's deny.
//
// # IDs are opaque text
//
// A trace ID is logged and sent on with the digits that it arrived with: 16 or 32, even if the
// high half of 32 is zero. Where the width is not known, a zero high half means 16. [ID] and
// [B3.ID] return that text. The String method of OpenTelemetry's TraceID does not, since it always
// writes 32 digits. New trace IDs have 32 digits: the epoch second in which the trace began, then
// 96 random bits.
//
// # Half a message
//
// A trace ID without a span ID, such as a proxy's request ID in X-B3-TraceId, names no caller.
// Such a message is malformed, and a new trace begins. A state alone ("b3: 0") is a whole message.
// It decides for the new trace. With [Propagator.W3C], a traceparent beside it is not read.
//
// # Whose span it is
//
// The current span decides, and the record fills in. A current span of this package is the whole
// answer. If the current span is another library's, an SDK's for instance, the nearest record that
// [NewContext] or [Start] left in the context adds what an OpenTelemetry span context cannot hold:
// the width of the ID, debug, a received deny, the parent. A record of another trace is stale, and
// is not used.
//
// # Without a context
//
// Code that is given no context can have its goroutine's trace: [Do] gives a goroutine a trace
// while a function runs, and [Implicit] finds it. Other goroutines never have it. All this is off
// until a program asks for it.
//
// # Contexts
//
// Every function that takes a context reads nil as [context.Background].
package trace
