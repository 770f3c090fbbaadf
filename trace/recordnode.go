package trace

import (
	"context"

	"example.com/clew/internal/route"
)

type recordKey struct{}

// recordNode is a link in the chain of contexts that holds a record but no span. The record
// belongs to an SDK's span, or holds a state that came without IDs. A recordNode begins with the
// same three fields as node, for the reason given at node.
type recordNode struct {
	context.Context
	key, val any    // recordKey{} and &record
	under    hidden // the context without the SDK's span
	record
}

// The type hidden wraps a second context that a link keeps beside its parent. Programs that look
// into contexts follow every field that is a context. They must not follow this one.
type hidden struct{ ctx context.Context }

// newRecordNode returns a link above ctx whose record is empty. The parameter under is the context
// without the SDK's span.
func newRecordNode(ctx, under context.Context) *recordNode {
	n := &recordNode{Context: ctx, key: recordKey{}, under: hidden{under}}
	n.val = &n.record
	return n
}

func (n *recordNode) Value(key any) any {
	switch key {
	case recordKey{}:
		return &n.record
	case route.Key{}:
		if n.server {
			return &n.route
		}
	}
	return n.Context.Value(key)
}

// nearestRecord returns the nearest record in ctx, or an empty one. Callers must not copy the
// record, because another goroutine may be writing its text.
func nearestRecord(ctx context.Context) *record {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		return r
	}
	return &noRecord
}

var noRecord record
