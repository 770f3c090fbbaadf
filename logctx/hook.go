package logctx

import (
	"context"

	"example.com/clew/internal/line"
	"example.com/clew/internal/line/zline"
	"example.com/clew/internal/logbind"
	"example.com/clew/internal/seam"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
)

// Hook returns a hook that writes the trace ID and span ID of the event's context, for a logger
// you already have: logger = logger.Hook(logctx.Hook(logctx.Config{})). It is safe for concurrent
// use and allocates nothing for lines with a trace. An event without a context, or with a context
// that has no trace, gets the trace of its goroutine, if that trace is known: see [trace.Do].
// Otherwise the hook writes only cfg's Service, if that is set.
//
// Add the hook once: a logger with two such hooks writes the ID twice. Do not add it inside a
// zerolog.LevelHook: httpmw would not find it, and would add another.
//
// zerolog cannot remove a field from a line. If you write a field with one of the hook's keys
// yourself, the line has both fields, and the hook's field is the last. encoding/json and most
// other parsers use the last field. A hook that is added later writes its fields later, so add
// this hook last.
func Hook(cfg Config) zerolog.Hook {
	h := &hook{writer: newWriter(cfg)}
	h.asItIs = jsonLines && h.spanKey == line.SpanKey
	return h
}

type hook struct {
	writer
	asItIs bool // the text of package seam can be written unchanged
}

func (h *hook) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	ctx := e.GetCtx()
	switch c := ctx.(type) {
	case *logbind.Probe:
		c.Seen = true
		return
	case *line.Pending:
		if c.Written { // by another hook of this package
			return
		}
		zline.Write(e, c, h.Names)
		ctx = c.Context
		if c.IDs != "" && h.asItIs && h.Format == line.Hex {
			e.RawJSON(h.traceKey, []byte(c.IDs))
			h.writeService(e)
			return
		}
	}
	if h.service != "" {
		h.writeService(e)
	}
	text := h.readyText(ctx)
	if text != "" && h.asItIs { // most lines end here, and are spared a call
		e.RawJSON(h.traceKey, []byte(text)) // both fields at once; the compiler makes no copy
		return
	}
	if h.writeIDs(e, ctx, text) || !e.Enabled() {
		return
	}
	if marked := seam.Marked(); marked == nil || !h.writeIDs(e, marked, h.readyText(marked)) {
		h.missing(0)
	}
}

// writeIDs writes the IDs of ctx, and reports whether ctx has any. text is the ready text of the
// IDs; "": there is no such text.
func (h *hook) writeIDs(e *zerolog.Event, ctx context.Context, text string) bool {
	if text != "" {
		if h.asItIs {
			e.RawJSON(h.traceKey, []byte(text))
			return true
		}
		traceID, spanID := seam.Split(text)
		e.Str(h.traceKey, traceID).Str(h.spanKey, spanID)
		return true
	}
	b, ok := trace.FromContext(ctx)
	if !ok {
		return false
	}
	var buf [96]byte // room for a resource name of Google Cloud
	value := h.appendTrace(buf[:0], b)
	if h.Format == line.GoogleTrace {
		e.Bytes(h.traceKey, value) // a string of more than 32 bytes would be allocated
	} else {
		e.Str(h.traceKey, string(value)) // in zerolog's CBOR build, Bytes would write bytes, not text
	}
	e.Str(h.spanKey, string(h.AppendSpan(buf[:0], b.SpanID)))
	if h.Format == line.GoogleTrace {
		e.Bool(line.GoogleSampled, sampled(b))
	}
	return true
}

func (h *hook) writeService(e *zerolog.Event) {
	if h.service != "" {
		zline.Attr(e, h.Service(h.service))
	}
}
