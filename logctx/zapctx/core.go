package zapctx

import (
	"context"
	"log/slog"
	"strings"

	"example.com/clew/logctx"
	"example.com/clew/trace"
	"go.uber.org/zap/zapcore"
)

// New returns a core that writes each line to core, and adds the fields of cfg. They come before
// the fields of the line, and at the top level, whatever namespaces are open. The methods Level,
// Check and Sync do what those of core do, in a debug trace too. The new core is as safe for
// concurrent use as core, and any number of loggers may share it. New panics if core is nil.
//
// A field that holds a context gives the line the trace of this context. It may be a field of
// [Context], or zap.Any("ctx", ctx), as for OpenTelemetry's bridge. The last such field of the
// line decides, or else the last one that the logger got by With. The field is passed on to core.
// If the context has no trace, the line has the trace of its goroutine, if that trace is known. A
// value that is a context by accident, such as a struct that embeds a nil context, is ignored.
//
// A line has each key of cfg once. A field or a namespace of yours with one of these keys, in
// upper or lower case, is renamed: trace_id becomes trace_id_attr. A field with the same value as
// ours is left out. Fields in a namespace or an object keep their keys. Two things are not
// noticed: fields that core got by With before New, and the keys of a zap.Inline.
//
// A line with fields of ours costs one more allocation, for the fields, since core may keep them.
// A Format other than Hex costs one more, and a Service of Google Cloud costs three more.
//
// Fields that are added to a logger after a zap.Namespace, or with a key of ours, are encoded anew
// on each line. As with zap's WithLazy, the values that they point to must not change any more.
func New(core zapcore.Core, cfg logctx.Config) zapcore.Core {
	if core == nil {
		panic("zapctx: New: nil zapcore.Core")
	}
	var keys []string
	known := trace.NewContext(context.Background(), trace.B3{TraceID: [16]byte{1}, SpanID: [8]byte{1}})
	for _, a := range cfg.AppendFields(known, nil) {
		keys = append(keys, a.Key)
	}
	return &traced{Core: core, cfg: cfg, keys: keys}
}

// traced is the core that New returns. It is immutable.
type traced struct {
	zapcore.Core // has all fields from With, except those in held and open
	cfg          logctx.Config
	keys         []string        // keys of the fields that we may add to a line
	ctx          context.Context // the last context from With; nil: none
	held         []zapcore.Field // fields from With that have a key of ours, at the top level
	open         []zapcore.Field // fields from With, from the first namespace on
}

// With holds two kinds of fields back until a line is written. A field with a key of ours is held
// back, because only then is it known whether the line has our field too. All fields from the
// first namespace on are held back, because our fields would otherwise be in that namespace.
func (c *traced) With(fields []zapcore.Field) zapcore.Core {
	with := *c
	with.held = c.held[:len(c.held):len(c.held)]
	with.open = c.open[:len(c.open):len(c.open)]
	told := make([]zapcore.Field, 0, len(fields))
	for _, f := range fields {
		if ctx := contextOf(&f); ctx != nil {
			with.ctx = ctx
		}
		switch {
		case len(with.open) > 0 || opens(&f):
			with.open = append(with.open, f)
		case c.isOurs(f.Key):
			with.held = append(with.held, f)
		default:
			told = append(told, f)
		}
	}
	with.Core = c.Core.With(told)
	return &with
}

func (c *traced) isOurs(key string) bool {
	for _, own := range c.keys {
		if strings.EqualFold(key, own) {
			return true
		}
	}
	return false
}

// Check calls Check of the inner core, which may be a sampler or a Tee. Such a core decides anew
// for every line, and only the CheckedEntry contains the decision. It is tempting to add the core
// itself here, and to call the inner core's Write. But that writes lines that the sampler has
// dropped, and lines below the levels of a Tee's cores.
func (c *traced) Check(ent zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	inner := c.Core.Check(ent, nil)
	if inner == nil {
		return ce
	}
	k := pool.Get().(*checked)
	k.traced, k.inner = c, inner
	return ce.AddCore(ent, k)
}

// Write is for callers that do not call Check.
func (c *traced) Write(ent zapcore.Entry, fields []zapcore.Field) error {
	return c.Core.Write(ent, c.fields(fields))
}

// fields returns the fields that the inner core gets, for a line that was logged with the given
// fields.
func (c *traced) fields(fields []zapcore.Field) []zapcore.Field {
	ctx := c.ctx
	for i := range fields {
		if last := contextOf(&fields[i]); last != nil {
			ctx = last
		}
	}
	var buf [4]slog.Attr
	own := c.cfg.AppendFields(ctx, buf[:0])
	if len(own) == 0 && len(c.held) == 0 && len(c.open) == 0 {
		return fields
	}
	// Not pooled, since a core may keep the slice.
	all := make([]zapcore.Field, 0, len(own)+len(c.held)+len(c.open)+len(fields))
	for _, a := range own {
		all = append(all, field(a))
	}
	ours := all
	nested := false
	add := func(f zapcore.Field) {
		if nested || mayStay(&f, ours) {
			all = append(all, f)
		}
	}
	for _, f := range c.held {
		add(f)
	}
	for _, f := range c.open {
		add(f)
		nested = true
	}
	for _, f := range fields {
		add(f)
		nested = nested || f.Type == zapcore.NamespaceType
	}
	return all
}
