package trace

import (
	"context"
	"sync/atomic"
)

// clientNode is the node of a client span. It contains an array for the header values of the
// span's request. The array saves the transport an allocation. The fields of node are repeated
// here, because programs that look for these fields do not look into embedded structs.
type clientNode struct {
	context.Context
	key, val any
	span     span
	taken    atomic.Bool // a message uses values, and no other message may use them
	values   multiValues
}

func (n *clientNode) link(ctx context.Context) *clientNode {
	n.Context, n.key, n.val = ctx, currentSpanKey, &n.span
	return n
}

// Value does the same as node.Value, except for the route, which only server spans have.
func (n *clientNode) Value(key any) any {
	switch key {
	case currentSpanKey:
		return &n.span
	case recordKey{}:
		return &n.span.record
	}
	return n.Context.Value(key)
}
