// Package httpmw is the way in: middleware that takes the caller's trace from the headers
// into the request's context, and an access log that tells the truth.
//
// [New] and [AccessLog] return a func(http.Handler) http.Handler, for plain net/http, chi-style
// chains and everything else that takes such a function. They may stand in either order. Usually
// New stands outside:
//
//	handler = httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{})(mux))
//
// The handler sees its request with another context, and the ResponseWriter that it would have
// seen without New: only AccessLog wraps the writer. Trailers that an HTTP/1 client sends without
// announcing them do not arrive, as behind all middleware that sets a context.
//
// # Lines without a context
//
// With [Config].Implicit, log lines and outgoing requests without a context have the request's
// trace too, in the goroutine that runs the handler.
//
// # Trust
//
// By default every caller is believed. That is right between services of one company, and wrong on
// the open internet. [Config].Trust says, per request, what to believe; see [Trust].
package httpmw
