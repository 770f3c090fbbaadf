// Package httpmw is the way in: middleware that reads the caller's trace from the headers into
// the request's context, and an access log that reports what the client really got.
//
// [New] and [AccessLog] return a func(http.Handler) http.Handler, for plain net/http, chi-style
// chains and everything else that takes such a function. Their order is free. Usually New is
// outside:
//
//	handler = httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{})(mux))
//
// New gives the handler a copy of the request with another context, and passes on the
// ResponseWriter unchanged. Only AccessLog wraps the ResponseWriter. Trailers that an HTTP/1
// client sends without announcing them do not arrive, as behind all middleware that sets a
// context.
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
