package trace

import (
	"context"
	"sync/atomic"
)

// clientNode is the node of a client span. It has room for the header values of the span's
// request, up to five, which saves the transport an allocation. The fields of node are repeated
// here: programs that look for them do not look into embedded structs.
type clientNode struct {
	context.Context
	key, val any
	span     span
	taken    atomic.Bool // the room is in use: a second message would write into the first
	values   multiValues
}

func (n *clientNode) link(ctx context.Context) *clientNode {
	n.Context, n.key, n.val = ctx, currentSpanKey, &n.span
	return n
}

// Value answers as node's does.
func (n *clientNode) Value(key any) any {
	switch key {
	case currentSpanKey:
		return &n.span
	case recordKey{}:
		return &n.span.record
	}
	return n.Context.Value(key)
}
