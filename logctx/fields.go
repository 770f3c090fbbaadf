package logctx

import (
	"cmp"
	"context"
	"log/slog"

	"example.com/clew/internal/line"
	"example.com/clew/internal/seam"
)

// AppendFields appends to dst the fields that a log line with ctx gets, for a logger that this
// package has no hook for: the trace, the span, whether a backend has it if the Format is
// [GoogleTrace], and then the Service, if that is set. Values are strings and bools; the Service
// of [GoogleCloud] is a group. Where ctx has no trace, the fields are those of this goroutine's,
// if that is known: see [trace.Do]. So call it on the goroutine that logs, once a line, when the
// line is sure to be logged: without any trace, OnMissing is called, and dst gets the Service
// alone. The place that OnMissing is told is the nearest function that is not of clew, package
// log, slog, zerolog, zap or logrus: most likely the caller.
//
// A nil ctx is context.Background(). It is safe for concurrent use, keeps nothing, and changes no
// more of dst than append does. In Hex it allocates nothing beyond dst for a span that package
// trace has started, and else a string for both IDs.
func (c Config) AppendFields(ctx context.Context, dst []slog.Attr) []slog.Attr {
	names := line.Names{Format: line.Format(c.Format), Project: c.Project}
	traceKey := cmp.Or(c.TraceKey, c.vendor.Key(line.TraceID))
	spanKey := cmp.Or(c.SpanKey, c.vendor.Key(line.SpanID))
	before := len(dst)
	dst = appendIDs(dst, orBackground(ctx), traceKey, spanKey, &names)
	if len(dst) == before {
		if marked := seam.Marked(); marked != nil {
			dst = appendIDs(dst, marked, traceKey, spanKey, &names)
		}
	}
	if len(dst) == before {
		w := writer{onMissing: c.OnMissing}
		w.missing(0)
	}
	if c.Service != "" {
		dst = append(dst, c.vendor.Service(c.Service))
	}
	return dst
}
