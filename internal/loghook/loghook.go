// Package loghook is how trace reaches logctx, which imports it.
package loghook

import "context"

// Rebind binds the logger in ctx, if there is one, to the current trace of ctx. Package
// logctx sets it when it is initialized; nil in a program without logctx.
var Rebind func(ctx context.Context) context.Context
