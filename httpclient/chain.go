package httpclient

import (
	"net/http"

	"example.com/clew/trace"
)

// A redirect's request points to the answer that caused the redirect, and the answer points to its
// own request. This is the chain of redirects. maxChain limits how far the chain is followed. If a
// base (a cache, a stub) returns one response twice, the chain is a ring.
const maxChain = 1000

// earlier returns the number of the attempt r, from 1. For a redirect without a trace of its own
// it also returns the trace of the attempt before, which r must stay in.
func earlier(r *http.Request) (stay trace.B3, number int) {
	number = 1
	for resp := r.Response; resp != nil && resp.Request != nil && number < maxChain; resp = resp.Request.Response {
		if number == 1 {
			stay, _ = trace.FromContext(resp.Request.Context())
		}
		number++
	}
	if stay.TraceID.IsValid() {
		if _, traced := trace.FromContext(r.Context()); traced {
			stay = trace.B3{}
		}
	}
	return stay, number
}

// firstOf returns the first request of the chain of redirects that r is in. It returns r itself
// if r is no redirect, and nil if the chain is cut, so that the first request is not known.
func firstOf(r *http.Request) *http.Request {
	for range maxChain {
		if r.Response == nil {
			return r
		}
		if r = r.Response.Request; r == nil || r.URL == nil {
			return nil
		}
	}
	return nil
}
