package logctx

import (
	"context"
	"log/slog"
	"slices"
)

// Slog returns a handler that gives every record the trace of its context and passes it to
// h: log with InfoContext and its like. The ID stands at the top level, whatever groups are
// open. A record without a trace is passed on as it is. The handler is as safe for concurrent
// use as h. Wrap once: a handler wrapped twice writes the ID twice. It panics if h is nil.
func Slog(h slog.Handler, cfg Config) slog.Handler {
	if h == nil {
		panic("logctx: Slog: nil slog.Handler")
	}
	return &handler{next: h, cfg: cfg.withDefaults()}
}

// handler keeps open groups to itself: told of them, next would nest the ID too. The first
// group ends what next is told; from there on, attributes are nested here.
type handler struct {
	next   slog.Handler
	cfg    Config
	groups []group
}

// group is an open group and the attributes that were added in it.
type group struct {
	name  string
	attrs []slog.Attr
}

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	h2 := *h
	if len(h.groups) == 0 {
		h2.next = h.next.WithAttrs(attrs)
		return &h2
	}
	h2.groups = slices.Clone(h.groups)
	last := &h2.groups[len(h2.groups)-1]
	last.attrs = append(slices.Clip(last.attrs), attrs...)
	return &h2
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	h2 := *h
	h2.groups = append(slices.Clip(h.groups), group{name: name})
	return &h2
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	// The IDs come before r's attributes: after a group that turns out to be empty, slog's own handlers
	// forget a comma, or that the group has ended.
	var buf [12]slog.Attr // most records have fewer
	attrs := h.cfg.appendIDs(buf[:0], ctx)
	ids := len(attrs)
	if ids == 0 {
		h.cfg.missing(r.PC)
		if len(h.groups) == 0 {
			return h.next.Handle(ctx, r)
		}
	}
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC) // r's attributes may be shared with other handlers
	if len(h.groups) > 0 {
		out.AddAttrs(attrs[:ids]...)
		attrs = h.nest(attrs[ids:])
	}
	out.AddAttrs(attrs...)
	return h.next.Handle(ctx, out)
}

// nest returns attrs inside the open groups.
func (h *handler) nest(attrs []slog.Attr) []slog.Attr {
	for _, g := range slices.Backward(h.groups) {
		attrs = []slog.Attr{{Key: g.name, Value: slog.GroupValue(append(slices.Clip(g.attrs), attrs...)...)}}
	}
	return attrs
}
