package line

import (
	"context"
	"log/slog"
	"time"
)

// Pending is a record on its way to a logger. A Pending takes the place of the line's context. Our
// hooks and handlers recognize it there, and they alone know the names of the fields.
type Pending struct {
	context.Context // the line's own
	Record          Record
	Fields          []slog.Attr // the user's

	// IDs is package seam's text of the IDs of the context's span. If the text is empty, the IDs
	// are taken from the context.
	IDs string

	// Our slog handler sets Names when it is asked whether it is enabled. Of several handlers, the
	// first one does. Names stays nil if no handler is ours. See Recognized.
	Names *Names

	// Our zerolog hook sets Written.
	Written bool
}

// Covered is the key that finds a [Pending] in a context that was derived from it.
type Covered struct{}

// Value implements [context.Context].
func (p *Pending) Value(key any) any {
	if key == (Covered{}) {
		return p
	}
	return p.Context.Value(key)
}

// Log writes p with h at level, if h is enabled for it. Heard says that all lines from debug on
// are wanted. addIDs appends the IDs of p to a line if the handler is not ours.
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
