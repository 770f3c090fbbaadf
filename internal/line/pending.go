package line

import (
	"context"
	"log/slog"
	"time"
)

// Pending is a record that is being logged. The logger gets it in place of the line's context. Our
// hooks and handlers recognize it there. Only they know the names of the fields.
type Pending struct {
	context.Context // the line's own context
	Record          Record
	Fields          []slog.Attr // the user's fields

	// IDs contains the IDs of the context's span, in the form of package seam. If it is empty, the
	// IDs are taken from the context.
	IDs string

	// Our slog handler sets Names in its method Enabled. If several handlers are ours, the first
	// one sets it. Names stays nil if no handler is ours. See Recognized.
	Names *Names

	// Our zerolog hook sets Written when it has written the record.
	Written bool
}

// Covered is a context key. In a context that was derived from a [Pending], its value is the
// Pending.
type Covered struct{}

// Value implements [context.Context].
func (p *Pending) Value(key any) any {
	if key == (Covered{}) {
		return p
	}
	return p.Context.Value(key)
}

// Log writes p with h at level, if h is enabled for that level. If heard is true, Log writes all
// lines from debug on, even if h is not enabled. If the handler is not ours, Log calls addIDs,
// which appends the IDs of p to the attributes of the line.
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
	_ = h.Handle(p.Context, r) // slog.Logger ignores the error too
}
