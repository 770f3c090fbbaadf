package httpmw

import (
	"context"
	"sync/atomic"
)

// untrustedKey is the key of the trace ID that an untrusted caller sent. The ID is in the context
// and not in the request's route.Cell, because each New has a Cell of its own, even a New that
// continues the trace of a New further out.
type untrustedKey struct{}

// someUntrusted is set when New does not believe a caller for the first time. Until then no
// context holds an untrusted ID, so the access log does not search the context for one.
var someUntrusted atomic.Bool

// withUntrusted returns ctx with the trace ID that an untrusted caller sent, for the access log.
func withUntrusted(ctx context.Context, traceID string) context.Context {
	if !someUntrusted.Load() {
		someUntrusted.Store(true)
	}
	return context.WithValue(ctx, untrustedKey{}, traceID)
}

// untrustedIn returns the trace ID that withUntrusted has put into ctx, or "".
func untrustedIn(ctx context.Context) string {
	if !someUntrusted.Load() {
		return ""
	}
	traceID, _ := ctx.Value(untrustedKey{}).(string)
	return traceID
}
