// Package zapctx puts the trace ID on every line of zap's, which has no context anywhere: by a
// [zapcore.Core] around yours.
//
//	logger := zap.New(zapctx.New(core, logctx.Config{}))
//	logger = logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
//		return zapctx.New(core, cfg)
//	}))
//
// The ID is explicit where you give the line, or the logger, a context:
//
//	logger.Info("…", zapctx.Context(ctx))
//	logger = logger.With(zapctx.Context(ctx))
//
// Else it is that of the goroutine that logs, if that is known: see httpmw's Config.Implicit, and
// trace.Do. A goroutine that is started by a bare go statement has none.
//
// The IDs are taken when the line is written, on the goroutine that writes it. So a core that
// hands entries to a goroutine of its own must stand inside of ours, where it is given the IDs:
// with one outside, lines without a context have none, or that of the goroutine that such a core
// works in. zap's own cores all write at once; a BufferedWriteSyncer keeps bytes, and may stand
// anywhere.
//
// # What stands where
//
// Our core asks the one that it wraps, as zap does: a sampler inside samples, and each core of a
// Tee keeps its own level. Samplers, Tees, level filters, hooks and lazy fields may stand outside
// of it as well. A core outside that calls our Write without our Check passes all that by, as with
// zap's cores.
//
// Over zapslog, wrap its handler by logctx.Slog instead: slog has a context, which zap's cores do
// not get.
package zapctx

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"

	"example.com/clew/logctx"
	"example.com/clew/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// other is what logctx appends to the key of somebody else's field that would have a key of ours.
const other = "_attr"

// Context returns a field that gives a line, or a logger, the trace of ctx. It is written by no
// encoder, and does nothing on a logger without a core of ours. A nil ctx is context.Background().
func Context(ctx context.Context) zapcore.Field {
	if ctx == nil {
		ctx = context.Background()
	}
	return zapcore.Field{Type: zapcore.SkipType, Interface: ctx}
}

// New returns a core that writes each line to core, with the fields of cfg before those of the
// line and at the top level, whatever namespaces are open. Level, Check and Sync are core's, in a
// debug trace too. It is as safe for concurrent use as core, may be shared by any number of
// loggers, and panics if core is nil.
//
// A field that holds a context gives the line its trace: [Context], and also zap.Any("ctx", ctx),
// as for OpenTelemetry's bridge. The last one of the line rules, then the last one of the
// logger's With. It is passed on to core. If it has no trace, the goroutine's is looked for. A
// value that is a context by accident, such as a struct that embeds one which is nil, is none.
//
// The keys of cfg stand once on a line. A field or a namespace of yours with one of these keys,
// in upper or lower case, is renamed: trace_id becomes trace_id_attr. A field is left out where
// it says the same as ours. Fields in a namespace or an object keep their keys. What core was
// given by With before it was wrapped cannot be seen from here, nor the keys of a zap.Inline.
//
// A line that gets fields of ours costs an allocation more than without us: theirs, since core may
// keep them. Another Format than Hex costs one more, and Google Cloud's Service three.
//
// Fields that are added to a logger after a zap.Namespace, or with a key of ours, are encoded anew
// on each line. As with zap's WithLazy, what they point to must not change any more.
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

// traced is the core. It is not changed once it is made.
type traced struct {
	zapcore.Core // has been told all fields but those that follow
	cfg          logctx.Config
	keys         []string        // that a line may have from us
	ctx          context.Context // by With; nil: none
	held         []zapcore.Field // of With: those with a key of ours, at the top level
	open         []zapcore.Field // of With: all from the first namespace on
}

// With keeps what the inner core must not be told yet: only a line knows whether its key is taken,
// and after a namespace our own fields would stand in it.
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

// contextOf returns the context that f holds; nil: none.
func contextOf(f *zapcore.Field) context.Context {
	ctx, ok := f.Interface.(context.Context)
	if !ok || f.Type != zapcore.SkipType && !answers(ctx) {
		return nil
	}
	return ctx
}

// answers reports whether ctx can be asked. A value that zap.Any was given may be a context by
// accident, as a nil pointer or with an embedded one that is nil, and would panic for nobody but
// us.
func answers(ctx context.Context) (ok bool) {
	defer func() { _ = recover() }()
	ctx.Value(asked{})
	return true
}

type asked struct{}

// opens reports whether what follows f stands in a namespace.
func opens(f *zapcore.Field) bool {
	if f.Type != zapcore.InlineMarshalerType {
		return f.Type == zapcore.NamespaceType
	}
	to := listener{MapObjectEncoder: zapcore.NewMapObjectEncoder()}
	f.AddTo(&to)
	return to.heard
}

// listener is an encoder that is told of a namespace. Objects inside have encoders of their own,
// at whose ends their namespaces end.
type listener struct {
	*zapcore.MapObjectEncoder
	heard bool
}

func (l *listener) OpenNamespace(string) { l.heard = true }

func (c *traced) isOurs(key string) bool {
	for _, own := range c.keys {
		if strings.EqualFold(key, own) {
			return true
		}
	}
	return false
}

// Check asks the inner core, which may be a sampler or a Tee: each decides anew for every line,
// and what they have decided is in the CheckedEntry only. It is tempting to add the core itself
// here, and to call the inner core's Write: that writes what the sampler has dropped, and below
// the levels of a Tee's cores.
func (c *traced) Check(ent zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	inner := c.Core.Check(ent, nil)
	if inner == nil {
		return ce
	}
	k := pool.Get().(*checked)
	k.traced, k.inner = c, inner
	return ce.AddCore(ent, k)
}

// Write is for those who do not Check.
func (c *traced) Write(ent zapcore.Entry, fields []zapcore.Field) error {
	return c.Core.Write(ent, c.fields(fields))
}

// fields returns all that the inner core is to write on a line with these fields.
func (c *traced) fields(fields []zapcore.Field) []zapcore.Field {
	ctx := c.ctx
	for i := range fields {
		if of := contextOf(&fields[i]); of != nil {
			ctx = of
		}
	}
	var buf [4]slog.Attr
	own := c.cfg.AppendFields(ctx, buf[:0])
	if len(own) == 0 && len(c.held) == 0 && len(c.open) == 0 {
		return fields
	}
	all := make([]zapcore.Field, 0, len(own)+len(c.held)+len(c.open)+len(fields)) // not pooled: a core may keep it
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

// mayStay renames f if it has a key of ours. It is false if it also says the same.
func mayStay(f *zapcore.Field, ours []zapcore.Field) bool {
	for i := range ours {
		if strings.EqualFold(f.Key, ours[i].Key) {
			theirs := *f
			if theirs.Key = ours[i].Key; theirs.Equals(ours[i]) {
				return false
			}
			f.Key += other
			return true
		}
	}
	return true
}

// field returns a as zap has it.
func field(a slog.Attr) zapcore.Field {
	switch a.Value.Kind() {
	case slog.KindString:
		return zap.String(a.Key, a.Value.String())
	case slog.KindBool:
		return zap.Bool(a.Key, a.Value.Bool())
	case slog.KindGroup:
		var fields []zapcore.Field
		for _, a := range a.Value.Group() {
			fields = append(fields, field(a))
		}
		return zap.Dict(a.Key, fields...)
	default:
		return zap.Any(a.Key, a.Value.Any())
	}
}

// checked is a core that is to write one line, to those that the inner core has chosen for it.
type checked struct {
	*traced
	inner  *zapcore.CheckedEntry
	failed failure
}

var pool = sync.Pool{New: func() any { return new(checked) }}

func (k *checked) Write(ent zapcore.Entry, fields []zapcore.Field) error {
	k.inner.Entry = ent // the logger has added its caller and stack since
	k.inner.ErrorOutput = &k.failed
	k.inner.Write(k.traced.fields(fields)...)
	err := k.failed.err
	*k = checked{}
	pool.Put(k)
	return err
}

// failure is what a CheckedEntry says of the errors of its cores. It gives them to nobody else.
type failure struct{ err error }

func (f *failure) Write(p []byte) (int, error) {
	_, text, found := strings.Cut(string(p), " write error: ") // after the time, which the logger writes again
	if !found {
		text = string(p)
	}
	f.err = errors.New(strings.TrimSuffix(text, "\n"))
	return len(p), nil
}

func (*failure) Sync() error { return nil }
