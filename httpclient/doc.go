// Package httpclient is the way out: it puts the current trace on outgoing requests, with
// net/http's clients and with resty.
//
// Every attempt is a span of its own, a child of the request's context: a redirect, a retry
// of resty's. They are siblings, not nested. A request without a trace starts one; its
// redirects, and resty's retries, stay in it.
//
// Two limits. When net/http replays a request on a new connection because a kept-alive one
// had gone, both tries share a span: it happens below every RoundTripper. And a loop of your
// own around requests without a trace is a trace a turn: [trace.Start] one before the loop.
//
// # What goes to whom
//
// A redirect to another host name than the first one asked gets none of our headers: an ID is
// not a stranger's business. [Config].Propagate is where to say otherwise. Trace headers
// that the caller's request already has are stale, and are never sent.
package httpclient
