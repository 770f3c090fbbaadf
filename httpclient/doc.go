// Package httpclient is the way out: it puts the current trace on outgoing requests, with
// net/http's clients and with resty.
//
// Every attempt is a span of its own, a child of the request's context. A redirect is an attempt,
// and so is a retry of resty's. Attempts are siblings, not nested. A request without a trace
// starts one; its redirects, and resty's retries, stay in it.
//
// # Requests that are used again
//
// A request may be sent again, with net/http or with resty. Each send is a span of its own under
// the caller's, or begins a trace of its own. Nothing of the earlier send is kept, neither in the
// chain of contexts nor in http.request.resend_count, which counts the redirects and retries of
// one send.
//
// After a send resp.Request.Context() is the attempt's context, so that log lines have the
// attempt's IDs. A request in this context is a sibling of the attempt, in the same trace: a
// second page is not part of the call for the first. While the attempt is under way, a request in
// its context is its child: a hook of resty's or a RoundTripper further in may send one. A span
// that you start in the context is always the attempt's child.
//
// A loop may send each request in the context of the last answer. The chain of contexts then grows
// only by what the loop itself adds: a value, a span, or resty's EnableTrace. It would grow by
// these without this package too.
//
// There are two limits. net/http may replay a request on a new connection because a kept-alive
// one was gone. Both tries share a span, since the replay happens below every RoundTripper. And a
// loop of your own around requests without a trace begins a trace in each turn: [trace.Start] one
// before the loop.
//
// # Which requests carry the headers
//
// A redirect away from the first request's host name gets none of our headers, because an ID is
// not a stranger's business. [Config].Propagate changes that. B3 headers that the caller's request
// already has are stale, and so are others that the Propagator writes. They are never sent.
//
// # A line a call
//
// With [Config].CallLog each attempt has a log line, which tells the host, the duration and the
// outcome. The span_id of the line is the one that the other side got. So the lines also find a
// database, a third party or a refused connection, which have no access lines of their own,
// whether or not the trace is sampled. [CallLogConfig] has the keys.
package httpclient
