package logctx

import (
	"cmp"
	"context"
	"log/slog"

	"example.com/clew/internal/line"
	"example.com/clew/internal/seam"
)

// AppendFields appends to dst the fields of a log line with ctx, for a logger that this package
// has no hook for. The fields are the trace, the span and the Service, if that is set. With the
// Format [GoogleTrace], another field tells whether the trace is sampled. Values are strings and
// bools. The Service of [GoogleCloud] is a group.
//
// If ctx has no trace, the fields have the trace of this goroutine, if that trace is known: see
// [trace.Do]. Without any trace, OnMissing is called, and dst gets only the Service. So call
// AppendFields on the goroutine that logs, once for each line, and only for a line that is sure to
// be written. OnMissing gets the nearest function on the stack outside of clew, package log, slog,
// zerolog, zap and logrus: most likely the caller.
//
// A nil ctx is context.Background(). AppendFields is safe for concurrent use, keeps no argument,
// and changes dst only as append does. In Hex it allocates nothing beyond dst if package trace
// has started the span. Otherwise it allocates one string for both IDs.
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
