package logctx

import (
	"context"
	"log"
	"log/slog"
	"slices"

	"example.com/clew/internal/line"
	"example.com/clew/internal/seam"
)

// Slog returns a handler that adds the trace of the context to each record and passes the record
// to h. Log with InfoContext and its like. If the context has no trace, the record gets the
// goroutine's trace, if that trace is known: see [trace.Do]. If no trace is known, the record is
// passed on without IDs. The IDs are at the top level of the line, whatever groups are open. A nil
// context is context.Background(). The handler is as safe for concurrent use as h. Slog panics if
// h is nil.
//
// A line with a trace has each key of cfg once, with the IDs of that trace. An attribute of your
// own with one of these keys, in upper or lower case, is renamed: trace_id becomes trace_id_attr.
// An attribute with the same key and the same value as one of ours is left out, so a handler can
// be wrapped twice. In a named group, and on a line without a trace, attributes keep their keys.
// Slog cannot see three things: attributes that h got from WithAttrs before Slog was called, a key
// that h's ReplaceAttr changes, and a group "trace" with an "id". slog's TextHandler writes that
// id as trace.id, ECS's key.
//
// The returned handler can be passed to [slog.SetDefault], even if h is slog's own default
// handler. (Any other wrapper around slog's own handler hangs the program at its first line:
// golang/go#62424.) The lines then go to the output that package log had when Slog was called, in
// log's format without file and line. A line of slog has the attributes that WithAttrs added; a
// line of package log does not. If there is a handler of yours between the returned handler and
// slog's own, the program still hangs. It is better to wrap a handler that has its own output,
// such as slog.NewJSONHandler(os.Stderr, nil).
//
// Some handlers keep records and pass them on later. Put Slog around such a handler, not inside of
// it: inside, a record without a context gets the trace of the goroutine that passes it on.
//
// If h is a handler of zerolog.NewSlogHandler, its logger must have no [Hook]: the Hook would
// write the IDs again.
//
// Slog changes no level: [slog.Handler.Enabled] returns what h's Enabled returns, in a debug trace
// too.
func Slog(h slog.Handler, cfg Config) slog.Handler {
	if h == nil {
		panic("logctx: Slog: nil slog.Handler")
	}
	w := newWriter(cfg)
	ours := &handler{next: h, writer: w, filter: newFilter(w.topKeys()), former: former(h)}
	if w.service != "" {
		ours.own = []slog.Attr{w.Service(w.service)}
		ours.next = h.WithAttrs(ours.own)
	}
	return ours
}

// handler is the handler that Slog returns. It never calls next.WithGroup, since the group would
// contain the IDs too. It keeps the open groups, and the attributes that are added in them, until
// a line is written, and then nests them itself.
type handler struct {
	next slog.Handler
	writer
	filter filter
	own    []slog.Attr // the service, which next has too
	held   []slog.Attr // top-level attributes with a key of ours, which next does not have
	groups []group
	former *log.Logger // nil, unless slog's own default handler is innermost
}

// group is an open group and the attributes that were added in it.
type group struct {
	name  string
	attrs []slog.Attr
}

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	if p, ok := ctx.(*line.Pending); ok {
		if ctx = p.Context; p.Names == nil {
			p.Names = h.Names
		}
	}
	return h.next.Enabled(orBackground(ctx), level)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 || h.Asked(h, attrs) {
		return h
	}
	h2 := *h
	if len(h.groups) == 0 {
		attrs, held := h.split(attrs)
		h2.held = append(slices.Clip(h.held), held...)
		if len(attrs) > 0 {
			h2.next = h.next.WithAttrs(attrs)
		}
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
	ctx = orBackground(ctx)
	if h.former != nil {
		switch called, repeated := throughLog(); {
		case repeated:
			return h.former.Output(0, r.Message)
		case called:
			h.missing(r.PC)
			return h.former.Output(0, r.Level.String()+" "+r.Message)
		}
	}
	// The IDs come before r's attributes, since slog's own handlers forget a comma, or the end of
	// the group, after an empty group.
	var buf [12]slog.Attr // most records have fewer
	attrs := h.appendIDs(buf[:0], ctx)
	if len(attrs) == 0 {
		if marked := seam.Marked(); marked != nil {
			attrs = h.appendIDs(attrs, marked)
		}
	}
	ids := len(attrs)
	if ids == 0 {
		h.missing(r.PC)
		if len(h.held) == 0 && len(h.groups) == 0 && len(h.own) == 0 {
			return h.next.Handle(ctx, r)
		}
	}
	// The handler next has the service already. h.own is in attrs only to be compared with other
	// attributes.
	attrs = append(attrs, h.own...)
	ours := len(attrs)
	for _, a := range h.held {
		attrs = appendOther(attrs, ours, a)
	}
	top := len(attrs)
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	switch {
	case len(h.groups) > 0:
		nested := h.nest(attrs[top:])
		attrs = appendOther(attrs[:top], ours, nested)
	case h.filter.clash(attrs[:ours], attrs[top:]):
		attrs = attrs[:top]
		r.Attrs(func(a slog.Attr) bool {
			attrs = appendOther(attrs, ours, a)
			return true
		})
	}
	// A new record, since r's attributes may be shared with other handlers.
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	out.AddAttrs(slices.Delete(attrs, ids, ours)...)
	return h.next.Handle(ctx, out)
}

// nest returns attrs inside the open groups.
func (h *handler) nest(attrs []slog.Attr) slog.Attr {
	for _, g := range slices.Backward(h.groups[1:]) {
		attrs = []slog.Attr{{Key: g.name, Value: slog.GroupValue(append(slices.Clip(g.attrs), attrs...)...)}}
	}
	g := h.groups[0]
	return slog.Attr{Key: g.name, Value: slog.GroupValue(append(slices.Clip(g.attrs), attrs...)...)}
}
