package logctx

import (
	"context"
	"log/slog"
	"runtime"

	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/line"
	"example.com/clew/internal/seam"
	"example.com/clew/trace"
)

// writer is a Config whose defaults are filled in.
type writer struct {
	*line.Names
	traceKey, spanKey string
	service           string
	onMissing         func(runtime.Frame)
}

func newWriter(c Config) writer {
	n := line.NewNames(c.vendor, c.TraceKey, c.SpanKey, line.Format(c.Format), c.Project)
	return writer{n, n.Key(line.TraceID), n.Key(line.SpanID), c.Service, c.OnMissing}
}

// missing reports a line without a trace to the Guard and to OnMissing. pc is the call that logs
// the line; 0 means the nearest call on the stack outside of clew and of loggers.
func (w *writer) missing(pc uintptr) {
	if g := goroutine.CurrentGuard(); g != nil {
		g.Lost("log line", func() runtime.Frame { return goroutine.PlaceOfLine(pc) })
	}
	if w.onMissing != nil {
		w.onMissing(goroutine.PlaceOfLine(pc))
	}
}

// readyText returns the ready text of the IDs of ctx's current span. The result is empty if there
// is no ready text, or if w writes IDs in another form; see package seam.
func (w *writer) readyText(ctx context.Context) string { return readyText(ctx, w.Format) }

func readyText(ctx context.Context, format line.Format) string {
	if format == line.Decimal || format == line.GoogleTrace {
		return ""
	}
	return seam.Text(ctx)
}

// appendTrace appends the value of the trace field.
func (w *writer) appendTrace(dst []byte, b trace.B3) []byte { return appendTrace(dst, w.Names, b) }

func appendTrace(dst []byte, n *line.Names, b trace.B3) []byte {
	var digits [32]byte
	return n.AppendTrace(dst, b.TraceID, b.AppendTraceID(digits[:0]))
}

// appendIDs appends the fields for a record of slog, or nothing if ctx has no trace.
func (w *writer) appendIDs(dst []slog.Attr, ctx context.Context) []slog.Attr {
	return appendIDs(dst, ctx, w.traceKey, w.spanKey, w.Names)
}

// appendIDs is not a method of writer: dst keeps the keys, so a whole writer would escape to the
// heap with them. Of n, appendIDs uses only Format and Project.
func appendIDs(dst []slog.Attr, ctx context.Context, traceKey, spanKey string, n *line.Names) []slog.Attr {
	if text := readyText(ctx, n.Format); text != "" {
		traceID, spanID := seam.Split(text)
		return append(dst, slog.String(traceKey, traceID), slog.String(spanKey, spanID))
	}
	b, ok := trace.FromContext(ctx)
	if !ok {
		return dst
	}
	var buf [96]byte
	text := appendTrace(buf[:0], n, b)
	width := len(text)
	both := string(n.AppendSpan(text, b.SpanID)) // one string for both IDs
	dst = append(dst, slog.String(traceKey, both[:width]), slog.String(spanKey, both[width:]))
	if n.Format == line.GoogleTrace {
		dst = append(dst, slog.Bool(line.GoogleSampled, sampled(b)))
	}
	return dst
}

func sampled(b trace.B3) bool { return b.Sampling == trace.Accept || b.Sampling == trace.Debug }
