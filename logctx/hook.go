package logctx

import (
	"example.com/clew/internal/idtext"
	"example.com/clew/internal/logbind"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
)

// Hook returns a hook that writes the trace ID and span ID of the event's context, for a
// logger you already have: logger = logger.Hook(logctx.Hook(logctx.Config{})). It is safe
// for concurrent use and allocates nothing for lines with a trace. On an event without a context, or with one that
// has no trace, it writes nothing.
//
// Add it once, and not inside a zerolog.LevelHook, where httpmw does not find it and adds
// another: a logger with two such hooks writes the ID twice.
//
// zerolog cannot take a field from a line. If you write one of the hook's keys yourself, both
// stand there, the hook's last: encoding/json and most other parsers take the last. Only a hook
// that is added after this one comes later still, so add this one last.
func Hook(cfg Config) zerolog.Hook {
	h := &hook{Config: cfg.withDefaults()}
	h.asItIs = jsonLines && h.SpanKey == defaultSpanKey
	return h
}

type hook struct {
	Config
	asItIs bool // the text of package idtext can be written as it is
}

func (h *hook) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	ctx := e.GetCtx()
	if p, ok := ctx.(*logbind.Probe); ok {
		p.Seen = true
		return
	}
	if text := h.readyText(ctx); text != "" {
		if h.asItIs {
			e.RawJSON(h.TraceKey, []byte(text)) // both fields at once; the compiler makes no copy
			return
		}
		traceID, spanID := idtext.Split(text)
		e.Str(h.TraceKey, traceID).Str(h.SpanKey, spanID)
		return
	}
	b, ok := trace.FromContext(ctx)
	if !ok {
		if e.Enabled() {
			h.missing(0)
		}
		return
	}
	var buf [96]byte // room for a resource name of Google Cloud
	value := h.appendTrace(buf[:0], b)
	if h.Format == GoogleTrace {
		e.Bytes(h.TraceKey, value) // a string of more than 32 bytes would be allocated
	} else {
		e.Str(h.TraceKey, string(value)) // Bytes are no text in zerolog's CBOR build
	}
	e.Str(h.SpanKey, string(h.appendSpan(buf[:0], b)))
	if h.Format == GoogleTrace {
		e.Bool(sampledKey, sampled(b))
	}
}
