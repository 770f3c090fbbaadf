package trace

import (
	"context"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// A skippedNode holds an SDK that was not asked about a trace, because a caller, or Sample, had
// denied the trace. A new root in the node's context asks this SDK.
type skippedNode struct {
	context.Context
	key, val any // skippedKey{} and the SDK; see node
}

type skippedKey struct{}

func newSkippedNode(ctx context.Context, sdk oteltrace.TracerProvider) *skippedNode {
	return &skippedNode{ctx, skippedKey{}, sdk}
}

func (n *skippedNode) Value(key any) any {
	if key == n.key {
		return n.val
	}
	return n.Context.Value(key)
}

// skippedIn returns the SDK of the nearest skippedNode of ctx, or nil if there is none.
func skippedIn(ctx context.Context) oteltrace.TracerProvider {
	sdk, _ := ctx.Value(skippedKey{}).(oteltrace.TracerProvider)
	return sdk
}
