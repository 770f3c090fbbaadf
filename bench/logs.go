package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"example.com/clew/internal/line"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// lines is the output of a logger. It keeps log lines only inside of look.
type lines struct {
	looking atomic.Bool
	mu      sync.Mutex
	written bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	if l.looking.Load() {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.written.Write(p)
	}
	return len(p), nil
}

// look returns the lines that are written while op runs.
func (l *lines) look(op func()) ([]byte, error) {
	l.written.Reset()
	l.looking.Store(true)
	op()
	l.looking.Store(false)
	if l.written.Len() == 0 {
		return nil, errors.New("nothing was logged")
	}
	return bytes.Clone(l.written.Bytes()), nil
}

const message = "image stored"

// want is the expected content of a line.
type want struct {
	ids      bool
	disabled bool // no line is expected
	fields   map[string]any
}

var twoFields = map[string]any{"key": "value", "size": 4096.0}

// logging returns work that writes a line with the function say, which make returns. If the line
// must have IDs, they are those of the span in ctx.
func logging(ctx context.Context, w want, make func(out io.Writer) (say func())) work {
	out := new(lines)
	say := make(out)
	op := func(n int) {
		for range n {
			say()
		}
	}
	return work{op: op, check: func() error {
		line, err := out.one(func() { op(1) })
		if w.disabled {
			if err == nil {
				return fmt.Errorf("unexpected line: %v", line)
			}
			return nil
		}
		if err != nil {
			return err
		}
		if line["message"] != message && line["msg"] != message {
			return fmt.Errorf("the line has no message: %v", line)
		}
		for name, value := range w.fields {
			if line[name] != value {
				return fmt.Errorf("%s is %v", name, line[name])
			}
		}
		switch {
		case w.ids && line[traceIDKey] != traceHex:
			return fmt.Errorf("trace ID is %v", line[traceIDKey])
		case w.ids && line[spanIDKey] != spanIn(ctx):
			return fmt.Errorf("span ID is %v", line[spanIDKey])
		case !w.ids && line[traceIDKey] != nil:
			return errors.New("the line has a trace ID, but must have none")
		}
		return nil
	}}
}

// ready is a context that also holds the IDs of its span as text: as JSON for zerolog, and as
// strings for slog. The text is made together with the span.
type ready struct {
	context.Context
	ids         []byte
	trace, span string
}

type readyKey struct{}

func (r *ready) Value(key any) any {
	if key == (readyKey{}) {
		return r
	}
	return r.Context.Value(key)
}

func readyCaller() context.Context {
	sc := callerSpan()
	t, s := sc.TraceID().String(), sc.SpanID().String()
	return &ready{floorCaller(), fmt.Appendf(nil, `"%s","%s":"%s"`, t, spanIDKey, s), t, s}
}

// readyHook is the floor's hook. It finds the event's span, and appends the text of the span's IDs
// that is already in the context.
type readyHook struct{}

func (readyHook) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	if r, _ := e.GetCtx().Value(readyKey{}).(*ready); r != nil {
		e.RawJSON(traceIDKey, r.ids)
	}
}

// hexHook and stringHook are the two hooks that programs usually have.
type hexHook struct{}

func (hexHook) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	if sc := oteltrace.SpanContextFromContext(e.GetCtx()); sc.IsValid() {
		t, s := sc.TraceID(), sc.SpanID()
		e.Hex(traceIDKey, t[:]).Hex(spanIDKey, s[:])
	}
}

type stringHook struct{}

func (stringHook) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	if sc := oteltrace.SpanContextFromContext(e.GetCtx()); sc.IsValid() {
		e.Str(traceIDKey, sc.TraceID().String()).Str(spanIDKey, sc.SpanID().String())
	}
}

func finish(e *zerolog.Event) { e.Str("key", "value").Int("size", 4096).Msg(message) }

// hooking is a logger's hook, and the caller whose IDs the hook writes.
type hooking struct {
	name   string
	kind   kind
	hook   zerolog.Hook
	caller func() context.Context
}

// lineWay is a way to write a line. say returns a function that writes one line.
type lineWay struct {
	name  string
	level zerolog.Level
	say   func(logger zerolog.Logger, ctx context.Context, k kind) func()
}

var lineWays = []lineWay{
	{"log line", zerolog.InfoLevel, sayWithContext},
	{"log line below the level", zerolog.ErrorLevel, sayWithContext},
	{"log line by the context's logger: `logctx.Info`", zerolog.InfoLevel, sayByContext},
	{"log line by the context's bound logger: `zerolog.Ctx`", zerolog.InfoLevel, sayBound},
}

func sayWithContext(logger zerolog.Logger, ctx context.Context, k kind) func() {
	if k == baseline {
		return func() { finish(logger.Info()) }
	}
	return func() { finish(logger.Info().Ctx(ctx)) }
}

func sayByContext(logger zerolog.Logger, ctx context.Context, k kind) func() {
	ctx = logger.WithContext(ctx)
	switch k {
	case baseline:
		return func() { finish(logger.Info()) }
	case ours:
		return func() { finish(logctx.Info(ctx)) }
	}
	return func() { finish(zerolog.Ctx(ctx).Info().Ctx(ctx)) }
}

func sayBound(logger zerolog.Logger, ctx context.Context, k kind) func() {
	if k == baseline {
		return func() { finish(logger.Info()) }
	}
	bound := logger.With().Ctx(ctx).Logger()
	ctx = bound.WithContext(ctx)
	return func() { finish(zerolog.Ctx(ctx).Info()) }
}

func logJobs() (jobs []job) {
	hooks := []hooking{
		{"zerolog, no IDs", baseline, nil, otelCaller},
		{"floor", floor, readyHook{}, readyCaller},
		{"clew", ours, logctx.Hook(logctx.Config{}), clewCaller},
		{"hook, `Event.Hex`", peer, hexHook{}, otelCaller},
		{"hook, `TraceID().String()`", peer, stringHook{}, otelCaller},
	}
	for _, way := range lineWays {
		j := job{name: way.name}
		for _, h := range hooks {
			j.variants = append(j.variants, variant{h.name, h.kind, func() work { return way.with(h) }})
		}
		jobs = append(jobs, j)
	}
	for n := range 4 {
		jobs = append(jobs, slogJob(n))
	}
	return jobs
}

// with returns work that writes lines with a hook.
func (way lineWay) with(h hooking) work {
	ctx := h.caller()
	w := want{ids: h.kind != baseline, disabled: way.level > zerolog.InfoLevel, fields: twoFields}
	return logging(ctx, w, func(out io.Writer) func() {
		logger := zerolog.New(out).Level(way.level)
		if h.hook != nil {
			logger = logger.Hook(h.hook)
		}
		return way.say(logger, ctx, h.kind)
	})
}

// readySlog is the floor's handler for slog. It corresponds to readyHook.
type readySlog struct{ slog.Handler }

func (h readySlog) Handle(ctx context.Context, r slog.Record) error {
	if ids, _ := ctx.Value(readyKey{}).(*ready); ids != nil {
		r.AddAttrs(slog.String(traceIDKey, ids.trace), slog.String(spanIDKey, ids.span))
	}
	return h.Handler.Handle(ctx, r)
}

// otelSlog is the handler that programs usually have.
type otelSlog struct{ slog.Handler }

func (h otelSlog) Handle(ctx context.Context, r slog.Record) error {
	if sc := oteltrace.SpanContextFromContext(ctx); sc.IsValid() {
		r.AddAttrs(slog.String(traceIDKey, sc.TraceID().String()), slog.String(spanIDKey, sc.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// slogJob returns the job that writes records with this many attributes.
func slogJob(attributes int) job {
	attrs := []slog.Attr{slog.String("key", "value"), slog.Int("size", 4096), slog.Bool("new", true)}[:attributes]
	fields := map[string]any{}
	for _, a := range attrs {
		switch v := a.Value.Any().(type) {
		case int64:
			fields[a.Key] = float64(v)
		default:
			fields[a.Key] = v
		}
	}
	row := func(name string, k kind, caller func() context.Context, wrap func(slog.Handler) slog.Handler) variant {
		return variant{name, k, func() work {
			ctx := caller()
			return logging(ctx, want{ids: k != baseline, fields: fields}, func(out io.Writer) func() {
				logger := slog.New(wrap(slog.NewJSONHandler(out, nil)))
				return func() { logger.LogAttrs(ctx, slog.LevelInfo, message, attrs...) }
			})
		}}
	}
	return job{name: fmt.Sprintf("slog line, attributes: %d", attributes), variants: []variant{
		row("slog, no IDs", baseline, otelCaller, func(h slog.Handler) slog.Handler { return h }),
		row("floor", floor, readyCaller, func(h slog.Handler) slog.Handler { return readySlog{h} }),
		row("clew", ours, clewCaller, func(h slog.Handler) slog.Handler { return logctx.Slog(h, logctx.Config{}) }),
		row("a usual OpenTelemetry handler", peer, otelCaller, func(h slog.Handler) slog.Handler { return otelSlog{h} }),
	}}
}

// idsOf returns the IDs of a line.
func idsOf(text []byte) (traceID, spanID string, err error) {
	l, err := line.Parse(text)
	return l.TraceID, l.SpanID, err
}
