// Package loghook is how trace reaches logctx, which imports it.
package loghook

import "context"

// Rebind returns ctx with the logger that was put into from, if any, bound to the current
// trace of ctx. Package logctx sets it when it is initialized; nil in a program without logctx.
var Rebind func(ctx, from context.Context) context.Context
