package line

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Pending is a record that is about to be written. It stands where the line's context is looked
// for: a logger's hook or handler that is ours recognizes it there, and knows the names.
type Pending struct {
	context.Context // the line's own
	Record          Record
	Fields          []slog.Attr // the user's

	// IDs is the text of the IDs of the context's span, made ready, as package seam has it; "":
	// not known. Then the context tells.
	IDs string

	// Names are set by our slog handler when it is asked whether it is enabled; of several, by the
	// first. Nil: it is not ours. See Recognized.
	Names *Names

	// Written is set by our zerolog hook.
	Written bool
}

// Covered is the key under which a [Pending] finds itself in a context that was derived from it.
type Covered struct{}

// Value implements [context.Context].
func (p *Pending) Value(key any) any {
	if key == (Covered{}) {
		return p
	}
	return p.Context.Value(key)
}

// Recognized returns h, which may be a slog handler of ours or lead to one, as one that tells a
// [Pending] the names of ours. It is false if h does not lead to one.
//
// Ours cannot rely on being asked whether it is enabled. A handler with a level of its own answers
// that by itself, and a slog.MultiHandler asks no further after the first that is. WithAttrs leads
// to all of them.
func Recognized(h slog.Handler) (_ slog.Handler, ours bool) {
	if _, is := h.(recognized); is {
		return h, true
	}
	q := &question{}
	h.WithAttrs([]slog.Attr{{Value: slog.AnyValue(q)}})
	switch {
	case q.names == nil: // it may be kept by somebody who does not pass it on before there is a line
		p := &Pending{Context: context.Background()}
		h.Enabled(p, slog.LevelError)
		return h, p.Names != nil
	case q.by == h:
		return h, true
	}
	return recognized{h, q.names}, true
}

// question is an attribute that asks a handler for its names. For others it says nothing, as a
// group without attributes does.
type question struct {
	names *Names
	by    slog.Handler // has answered
}

// LogValue implements slog.LogValuer.
func (*question) LogValue() slog.Value { return slog.GroupValue() }

// Asked reports whether attrs, which h is given, are a question for its names, and answers it. Of
// several handlers the first answers.
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

// recognized is a handler that leads to one of ours, whose names it has.
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

// Log writes p with h at level, if h takes that. Heard says that all lines from debug on are
// wanted. addIDs appends the IDs of p to a line whose handler is not ours.
func (p *Pending) Log(h slog.Handler, level slog.Level, heard bool, addIDs func(dst []slog.Attr, p *Pending) []slog.Attr) {
	p.Names = nil
	if !h.Enabled(p, level) && !(heard && level >= slog.LevelDebug) {
		return
	}
	r := slog.NewRecord(time.Now(), level, p.Record.Message(), 0)
	n := p.Names
	attrs := make([]slog.Attr, 0, 16)
	if n == nil {
		n = Default
		attrs = addIDs(attrs, p)
	}
	own := attributes{names: n, attrs: attrs}
	p.Record.WriteTo(n, &own)
	r.AddAttrs(own.attrs...)
	if len(p.Fields) > 0 {
		r.AddAttrs(n.Others(p.Fields)...)
	}
	_ = h.Handle(p.Context, r) // as slog.Logger does
}

// attributes is the sink for slog.
type attributes struct {
	names *Names
	attrs []slog.Attr
	group string
	open  int // where the group begins
}

func (a *attributes) add(attr slog.Attr)          { a.attrs = append(a.attrs, attr) }
func (a *attributes) Str(key, value string)       { a.add(slog.String(key, value)) }
func (a *attributes) Int(key string, value int64) { a.add(slog.Int64(key, value)) }
func (a *attributes) True(key string)             { a.add(slog.Bool(key, true)) }
func (a *attributes) Open(group string)           { a.group, a.open = group, len(a.attrs) }
func (a *attributes) Milliseconds(key string, thousandths int64) {
	a.add(slog.Float64(key, float64(thousandths)/1000))
}

func (a *attributes) Span(key string, id [8]byte) {
	var buf [20]byte
	a.Str(key, string(a.names.AppendSpan(buf[:0], id)))
}

func (a *attributes) Close() {
	group := slog.Attr{Key: a.group, Value: slog.GroupValue(append([]slog.Attr(nil), a.attrs[a.open:]...)...)}
	a.attrs = append(a.attrs[:a.open], group)
}

// requestKeys are the fields that a request's line may have.
var requestKeys = [...]Key{TraceID, SpanID, Service, Sampled, ParentID, CallerParentID, UntrustedTraceID, Method, Path, Route,
	Status, Bytes, Duration, Remote, Panicked, Hijacked, ClientGone}

// Others returns the user's fields for the line of a request. One with a key that is ours there,
// or that a logger has for the time, the level or the message, is renamed: parsers take the last
// of two, and some stores refuse the line. Of several that are then called the same, the last
// stays.
func (n *Names) Others(fields []slog.Attr) []slog.Attr {
	if !slices.ContainsFunc(fields, func(f slog.Attr) bool { return f.Key == "" || n.taken(f.Key) }) {
		return fields
	}
	var renamed []slog.Attr
	for _, f := range fields {
		Each(f, func(f slog.Attr) {
			if n.taken(f.Key) {
				f.Key += Other
			}
			if strings.HasSuffix(f.Key, Other) {
				for i := range renamed {
					if renamed[i].Key == f.Key {
						renamed[i] = f
						return
					}
				}
			}
			renamed = append(renamed, f)
		})
	}
	return renamed
}

// Each calls f with a, or with what stands in a if that is an inline group: a group without a
// key, or a LogValuer that turns out to be one. By slog's rules the line is the same.
func Each(a slog.Attr, f func(a slog.Attr)) {
	if a.Key != "" {
		f(a)
		return
	}
	if a.Value = a.Value.Resolve(); a.Value.Kind() != slog.KindGroup { // resolved here, and so only once
		f(a)
		return
	}
	for _, inner := range a.Value.Group() {
		Each(inner, f)
	}
}

// taken reports whether the line of a request has something under key already.
func (n *Names) taken(key string) bool {
	same := func(name string) bool { return strings.EqualFold(name, key) }
	return slices.ContainsFunc(requestKeys[:], func(k Key) bool { return same(n.Top(k)) }) ||
		slices.ContainsFunc(timeNames[:], same) || slices.ContainsFunc(levelNames[:], same) || slices.ContainsFunc(messageNames[:], same)
}
