// Package httpclient is the way out: it puts the current trace on outgoing requests, with
// net/http's clients and with resty.
//
// Every attempt has a span of its own, a child of the span in the request's context. A redirect
// is an attempt, and so is a retry of resty's. The spans of attempts are siblings, not nested. A
// request without a trace starts a trace. Its redirects and resty's retries stay in that trace.
//
// # Requests that are used again
//
// A request may be sent again, with net/http or with resty. Each send has a span of its own under
// the caller's span, or begins a trace of its own. Nothing of the earlier send is kept, neither
// in the chain of contexts nor in http.request.resend_count, which counts the redirects and
// retries of one send.
//
// After a send resp.Request.Context() is the attempt's context, so that log lines have the
// attempt's IDs. A request in this context is a sibling of the attempt, in the same trace: the
// call for a second page is not part of the call for the first page. While the attempt is under
// way, a hook of resty's or a RoundTripper further in may make a request in the attempt's
// context. That request is the attempt's child. A span that you start in the context is always
// the attempt's child.
//
// A loop may send each request in the context of the last answer. The chain of contexts then grows
// only by what the loop itself adds: a value, a span, or resty's EnableTrace. It would grow by
// these without this package too.
//
// There are two limits. First, net/http may replay a request on a new connection because a
// kept-alive connection was gone. Both tries share a span, since the replay happens below every
// RoundTripper. Second, a loop of your own around requests without a trace begins a new trace in
// each turn. To have one trace, call [trace.Start] before the loop.
//
// # Which requests carry the headers
//
// A redirect to another host name than the first request's gets no trace headers, because an ID
// is not a stranger's business. [Config].Propagate changes that. Trace headers that the caller's
// request already has are stale: those of B3, and those that the Propagator writes. They are
// never sent.
//
// # A line for each call
//
// With [Config].CallLog each attempt has a log line with the host, the duration and the outcome.
// The span_id of the line is the span ID that the called server got. The lines also show calls for
// which the server writes no access line: calls to a database, calls to a third party, calls over
// a refused connection. The lines are written whether or not the trace is sampled. [CallLogConfig]
// lists the keys.
package httpclient
