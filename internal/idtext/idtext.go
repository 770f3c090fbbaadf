// Package idtext hands the text of the current span's IDs from package trace to logctx, which
// writes it on every line.
package idtext

import "context"

// Middle stands between the two IDs: the text is what a JSON line has after `"trace_id":`.
const Middle = `","span_id":"`

// Of returns the text of the IDs of ctx's current span, made once a span: `"…","span_id":"…"`. It is
// "" without a span, and for one that package trace did not start. Set by package trace.
var Of func(ctx context.Context) string

// Split returns the two IDs in a text that is not empty.
func Split(text string) (traceID, spanID string) {
	const span = 16
	end := len(text) - len(`"`)
	return text[len(`"`) : end-span-len(Middle)], text[end-span : end]
}
