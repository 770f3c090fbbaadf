// Package httpmw is the way in: middleware that takes the caller's trace from the headers
// into the request's context, and an access log that tells the truth.
//
// Both are func(http.Handler) http.Handler, for plain net/http, chi-style chains and
// whatever else speaks it. New outside, AccessLog inside:
//
//	handler = httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{})(mux))
//
// The handler sees the request that it would have seen, plus a context, and the
// ResponseWriter that it would have seen: only AccessLog wraps that.
//
// # Trust
//
// By default every caller is believed, which is right between services of one company and
// wrong on the open internet. [Config].Trust says, per request, what to believe; see [Trust].
package httpmw
