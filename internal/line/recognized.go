package line

import (
	"context"
	"log/slog"
)

// Recognized reports whether h is a slog handler of ours, or passes lines on to such a handler. If
// so, it returns a handler that does the same as h, and sets the Names of each [Pending].
//
// Recognized asks with a call of WithAttrs, because such a call reaches all handlers. A call of
// Enabled may not reach our handler: a handler around ours may have its own level and answer by
// itself, and a slog.MultiHandler stops at the first handler that is enabled.
func Recognized(h slog.Handler) (_ slog.Handler, ours bool) {
	if _, is := h.(recognized); is {
		return h, true
	}
	q := &question{}
	h.WithAttrs([]slog.Attr{{Value: slog.AnyValue(q)}})
	switch {
	case q.names == nil: // some handlers keep attributes until a line is written
		p := &Pending{Context: context.Background()}
		h.Enabled(p, slog.LevelError)
		return h, p.Names != nil
	case q.by == h:
		return h, true
	}
	return recognized{h, q.names}, true
}

// question is an attribute that asks a handler for its names. To other handlers it is an empty
// group, which they leave out.
type question struct {
	names *Names
	by    slog.Handler // the handler that answered
}

// LogValue implements slog.LogValuer.
func (*question) LogValue() slog.Value { return slog.GroupValue() }

// Asked reports whether attrs, the attributes that the handler h was given, ask for the names of
// h. If so, Asked answers with n, unless another handler has already answered.
func (n *Names) Asked(h slog.Handler, attrs []slog.Attr) bool {
	if len(attrs) != 1 || attrs[0].Key != "" {
		return false
	}
	q, ok := attrs[0].Value.Any().(*question)
	if ok && q.names == nil {
		q.names, q.by = n, h
	}
	return ok
}

// recognized is a handler that passes lines on to a handler of ours, together with the names of
// our handler.
type recognized struct {
	slog.Handler
	names *Names
}

func (r recognized) Enabled(ctx context.Context, level slog.Level) bool {
	if p, ok := ctx.(*Pending); ok && p.Names == nil {
		p.Names = r.names
	}
	return r.Handler.Enabled(ctx, level)
}

func (r recognized) WithAttrs(attrs []slog.Attr) slog.Handler {
	return recognized{r.Handler.WithAttrs(attrs), r.names}
}

func (r recognized) WithGroup(name string) slog.Handler {
	return recognized{r.Handler.WithGroup(name), r.names}
}
