package httpmw

import (
	"context"
	"sync/atomic"
)

// untrustedKey is the key of the trace ID that an untrusted caller sent. The ID stands in the
// context and not in the request's cell, because a New further in has another cell, even if it
// believes the New outside.
type untrustedKey struct{}

// someUntrusted says that some caller was not believed. Until then no context holds such an ID,
// and the access log does not walk through the context for one.
var someUntrusted atomic.Bool

// withUntrusted returns ctx with the trace ID that an untrusted caller sent, for the access log.
func withUntrusted(ctx context.Context, traceID string) context.Context {
	if !someUntrusted.Load() {
		someUntrusted.Store(true)
	}
	return context.WithValue(ctx, untrustedKey{}, traceID)
}

// untrustedIn returns the trace ID that ctx's untrusted caller sent; "" without one.
func untrustedIn(ctx context.Context) string {
	if !someUntrusted.Load() {
		return ""
	}
	traceID, _ := ctx.Value(untrustedKey{}).(string)
	return traceID
}
