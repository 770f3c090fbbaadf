package zapctx_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/clew/logctx"
	"example.com/clew/logctx/zapctx"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// A line has the trace of its context, or of its goroutine, and its own fields.
func TestLine(t *testing.T) {
	var nilContext context.Context
	other := in(id64 + "-" + spanID)
	for _, tt := range []struct {
		name     string
		log      func(l *zap.Logger)
		explicit string // the trace ID of the line's own context; "": none
		rest     fields
	}{
		{"plain", func(l *zap.Logger) { l.Info(message) }, "", nil},
		{"fields", func(l *zap.Logger) { l.Info(message, zap.Int("n", 1)) }, "", fields{"n": 1.0}},
		{"context", func(l *zap.Logger) { l.Info(message, zapctx.Context(other), zap.Int("n", 1)) }, id64, fields{"n": 1.0}},
		{"context by With", func(l *zap.Logger) { l.With(zapctx.Context(other)).Info(message) }, id64, nil},
		{"context by WithLazy", func(l *zap.Logger) { l.WithLazy(zapctx.Context(other)).Info(message) }, id64, nil},
		{"line's context over With's", func(l *zap.Logger) {
			l.With(zapctx.Context(request())).Info(message, zapctx.Context(other))
		}, id64, nil},
		{"last context", func(l *zap.Logger) { l.Info(message, zapctx.Context(request()), zapctx.Context(other)) }, id64, nil},
		{"context without a trace", func(l *zap.Logger) { l.Info(message, zapctx.Context(context.Background())) }, "", nil},
		{"nil context", func(l *zap.Logger) { l.Info(message, zapctx.Context(nilContext)) }, "", nil},
		{"context as a value", func(l *zap.Logger) {
			l.Info(message, zapcore.Field{Key: "ctx", Type: zapcore.SkipType, Interface: other})
		}, id64, nil},
		{"context in a namespace", func(l *zap.Logger) {
			l.With(zap.Namespace("ns"), zapctx.Context(other)).Info(message, zap.Int("n", 1))
		}, id64, fields{"ns": fields{"n": 1.0}}},
		{"With", func(l *zap.Logger) { l.With(zap.Int("a", 1)).With(zap.Int("b", 2)).Info(message, zap.Int("n", 3)) }, "", fields{"a": 1.0, "b": 2.0, "n": 3.0}},
		{"Named", func(l *zap.Logger) { l.Named("x").Named("y").Info(message) }, "", fields{"logger": "x.y"}},
		{"With, namespace", func(l *zap.Logger) {
			l.With(zap.Int("a", 1), zap.Namespace("ns"), zap.Int("b", 2)).With(zap.Int("c", 3)).Info(message, zap.Int("n", 4))
		}, "", fields{"a": 1.0, "ns": fields{"b": 2.0, "c": 3.0, "n": 4.0}}},
		{"namespace", func(l *zap.Logger) { l.Info(message, zap.Namespace("ns"), zap.String("trace_id", "x")) }, "", fields{"ns": fields{"trace_id": "x"}}},
		{"With, two namespaces", func(l *zap.Logger) {
			l.With(zap.Namespace("ns")).With(zap.Namespace("in"), zap.String("span_id", "x")).Info(message)
		}, "", fields{"ns": fields{"in": fields{"span_id": "x"}}}},
		{"sugar", func(l *zap.Logger) { l.Sugar().Infow(message, "n", 1, zapctx.Context(other)) }, id64, fields{"n": 1.0}},
		{"sugar, With", func(l *zap.Logger) { l.Sugar().With(zapctx.Context(other), "n", 1).Infof("%s", message) }, id64, fields{"n": 1.0}},
		{"package log", func(l *zap.Logger) { zap.NewStdLog(l).Print(message) }, "", nil},
		{"package log, redirected", func(l *zap.Logger) {
			defer zap.RedirectStdLog(l)()
			log.Print(message)
		}, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out output
			l := zap.New(zapctx.New(plain(&out, zap.DebugLevel), logctx.Config{}))
			want := merge(fields{"msg": message}, tt.rest)
			id := func(id string) fields { return merge(want, fields{"trace_id": id, "span_id": spanID}) }
			tt.log(l)
			if tt.explicit == "" {
				assert.Equal(t, want, out.one(t), "line outside of Do")
				trace.Do(request(), func(context.Context) { tt.log(l) })
				assert.Equal(t, id(id128), out.one(t), "line without a context, in a Do")
				return
			}
			assert.Equal(t, id(tt.explicit), out.one(t), "line outside of Do")
			trace.Do(request(), func(context.Context) { tt.log(l) })
			assert.Equal(t, id(tt.explicit), out.one(t), "line with a context, in a Do")
			trace.Do(context.Background(), func(context.Context) { tt.log(l) })
			assert.Equal(t, id(tt.explicit), out.one(t), "line with a context, in a Do without a trace")
		})
	}
}

// Any field that holds a context gives the line the context's trace. OpenTelemetry's bridge for
// zap does the same.
func TestContextOfTheBridge(t *testing.T) {
	var out output
	l := zap.New(zapctx.New(plain(&out, zap.DebugLevel), logctx.Config{}))
	ctx := request()
	l.Info(message, zap.Any("ctx", ctx))
	assert.Equal(t, id128, out.one(t)["trace_id"])

	seen, logs := observer.New(zap.DebugLevel)
	zap.New(zapctx.New(seen, logctx.Config{})).Info(message, zapctx.Context(ctx))
	passed := false
	for _, f := range logs.All()[0].Context {
		passed = passed || f.Interface == ctx
	}
	assert.True(t, passed, "the context is passed on")
}

// A logger without our core writes nothing for the field that zapctx.Context returns.
func TestContextAlone(t *testing.T) {
	var out output
	zap.New(plain(&out, zap.DebugLevel)).Info(message, zapctx.Context(request()))
	assert.Equal(t, fields{"msg": message}, out.one(t))
}

// task is a context, because it embeds one. The embedded context may be nil.
type task struct {
	context.Context `json:"-"`
	N               int `json:"n"`
}

// A value that is a context by accident, and whose methods would panic, is treated as any other
// value.
func TestBrokenContext(t *testing.T) {
	for _, tt := range []struct {
		name  string
		value any
		want  any
	}{
		{"nil pointer", (*task)(nil), nil},
		{"nil field", task{N: 7}, fields{"n": 7.0}},
		{"nil field of a pointer", &task{N: 7}, fields{"n": 7.0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out output
			l := zap.New(zapctx.New(plain(&out, zap.DebugLevel), logctx.Config{}))
			want := merge(fields{"msg": message, "task": tt.want}, ids)
			task := zap.Any("task", tt.value)
			trace.Do(in(id64+"-"+spanID), func(context.Context) {
				l.Info(message, zapctx.Context(request()), task)
				assert.Equal(t, want, out.one(t), "fields of the line")
				l.With(zapctx.Context(request()), task).Info(message)
				assert.Equal(t, want, out.one(t), "line of a logger from With")
			})
		})
	}
}

// inlined is an object for zap.Inline. If namespace is true, it opens a namespace in the line that
// contains it.
type inlined struct{ namespace bool }

func (i inlined) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddInt("a", 1)
	if i.namespace {
		enc.OpenNamespace("ns")
	}
	return enc.AddArray("b", zapcore.ArrayMarshalerFunc(func(enc zapcore.ArrayEncoder) error {
		return enc.AppendObject(zapcore.ObjectMarshalerFunc(func(enc zapcore.ObjectEncoder) error {
			enc.OpenNamespace("in") // ends with the object
			return nil
		}))
	}))
}

// The core notices a namespace that an inlined object opens.
func TestInline(t *testing.T) {
	b := []any{fields{"in": fields{}}}
	for _, tt := range []struct {
		name string
		with []zap.Field
		want fields
	}{
		{"without a namespace", []zap.Field{zap.Inline(inlined{})}, fields{"a": 1.0, "b": b, "n": 2.0, "trace_id_attr": "x"}},
		{"with a namespace", []zap.Field{zap.Inline(inlined{namespace: true})}, fields{"a": 1.0, "ns": fields{"b": b, "n": 2.0, "trace_id": "x"}}},
		{"after a namespace", []zap.Field{zap.Namespace("o"), zap.Inline(inlined{namespace: true})},
			fields{"o": fields{"a": 1.0, "ns": fields{"b": b, "n": 2.0, "trace_id": "x"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out output
			l := zap.New(zapctx.New(plain(&out, zap.DebugLevel), logctx.Config{}))
			l = l.With(tt.with...).With(zap.Int("n", 2), zap.String("trace_id", "x"))
			l.Info(message, zapctx.Context(request()))
			assert.Equal(t, merge(fields{"msg": message}, ids, tt.want), out.one(t), "line of a logger from With")
		})
	}
}

// A line has each key of ours once.
func TestClash(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  logctx.Config
		log  func(l *zap.Logger)
		want fields // with a trace; the IDs are not included
		bare fields // without a trace
	}{
		{"line", logctx.Config{}, func(l *zap.Logger) { l.Info(message, zap.String("trace_id", "x")) }, fields{"trace_id_attr": "x"}, fields{"trace_id": "x"}},
		{"case", logctx.Config{}, func(l *zap.Logger) { l.Info(message, zap.Int("Trace_ID", 1)) }, fields{"Trace_ID_attr": 1.0}, fields{"Trace_ID": 1.0}},
		{"the same value", logctx.Config{}, func(l *zap.Logger) { l.Info(message, zap.String("span_id", spanID)) }, nil, fields{"span_id": spanID}},
		{"With", logctx.Config{}, func(l *zap.Logger) { l.With(zap.String("trace_id", "x")).Info(message) }, fields{"trace_id_attr": "x"}, fields{"trace_id": "x"}},
		{"With, the same value", logctx.Config{}, func(l *zap.Logger) { l.With(zap.String("trace_id", id128)).Info(message) }, nil, fields{"trace_id": id128}},
		{"With, then a namespace", logctx.Config{}, func(l *zap.Logger) {
			l.With(zap.String("trace_id", "x"), zap.Namespace("ns"), zap.String("trace_id", "y")).Info(message)
		}, fields{"trace_id_attr": "x", "ns": fields{"trace_id": "y"}}, fields{"trace_id": "x", "ns": fields{"trace_id": "y"}}},
		{
			"namespace", logctx.Config{Service: "shop"}, func(l *zap.Logger) { l.Info(message, zap.Namespace("service"), zap.Int("n", 1)) },
			fields{"service": "shop", "service_attr": fields{"n": 1.0}}, fields{"service": "shop", "service_attr": fields{"n": 1.0}},
		},
		{
			"With, a namespace", logctx.Config{Service: "shop"}, func(l *zap.Logger) {
				l.With(zap.Namespace("service"), zap.Namespace("service")).Info(message, zap.Int("n", 1))
			},
			fields{"service": "shop", "service_attr": fields{"service": fields{"n": 1.0}}},
			fields{"service": "shop", "service_attr": fields{"service": fields{"n": 1.0}}},
		},
		{
			"service", logctx.Config{Service: "shop"}, func(l *zap.Logger) { l.Info(message, zap.String("service", "x")) },
			fields{"service": "shop", "service_attr": "x"}, fields{"service": "shop", "service_attr": "x"},
		},
		{
			"service, the same value", logctx.Config{Service: "shop"}, func(l *zap.Logger) { l.With(zap.String("service", "shop")).Info(message) },
			fields{"service": "shop"}, fields{"service": "shop"},
		},
		{"twice wrapped", logctx.Config{Service: "shop"}, func(l *zap.Logger) {
			l.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
				return zapctx.New(core, logctx.Config{Service: "shop"})
			})).Info(message)
		}, fields{"service": "shop"}, fields{"service": "shop"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out output
			l := zap.New(zapctx.New(plain(&out, zap.DebugLevel), tt.cfg))
			once := func() fields {
				text := out.text()
				for _, key := range []string{`"trace_id":`, `"span_id":`, `"service":`} {
					if !strings.Contains(text, `"ns"`) && !strings.Contains(text, `"service_attr":{"service"`) {
						assert.LessOrEqual(t, strings.Count(text, key), 1, "%s in %s", key, text)
					}
				}
				return out.one(t)
			}
			tt.log(l)
			assert.Equal(t, merge(fields{"msg": message}, tt.bare), once(), "without a trace")
			trace.Do(request(), func(context.Context) { tt.log(l) })
			assert.Equal(t, merge(fields{"msg": message}, ids, tt.want), once(), "with a trace")
		})
	}
}

func TestPresets(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  logctx.Config
		want fields
	}{
		{"keys", logctx.Config{TraceKey: "t", SpanKey: "s"}, fields{"t": id128, "s": spanID, "service": "shop"}},
		{"Datadog", logctx.Datadog(), fields{"dd.trace_id": "16266516598257821587", "dd.span_id": "11744061942159299346", "service": "shop"}},
		{"Google Cloud", logctx.GoogleCloud("p"), fields{
			"logging.googleapis.com/trace": "projects/p/traces/" + id128, "logging.googleapis.com/spanId": spanID,
			"logging.googleapis.com/trace_sampled": true, "serviceContext": fields{"service": "shop"},
		}},
		{"ECS", logctx.ECS(), fields{"trace.id": id128, "span.id": spanID, "service.name": "shop"}},
		{"Logback", logctx.Logback(), fields{"traceId": id128, "spanId": spanID, "service": "shop"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Service = "shop"
			var out output
			// A second core of ours changes nothing.
			l := zap.New(zapctx.New(zapctx.New(plain(&out, zap.DebugLevel), tt.cfg), tt.cfg))
			want := merge(fields{"msg": message}, tt.want)
			l.Info(message, zapctx.Context(request()))
			assert.Equal(t, want, out.one(t), "line with a context")
			trace.Do(request(), func(context.Context) { l.Info(message) })
			assert.Equal(t, want, out.one(t), "line without a context, in a Do")
		})
	}
}

// The cores of a Tee keep their levels, whether the Tee is inside or outside of our core.
func TestTee(t *testing.T) {
	for _, tt := range []struct {
		name string
		core func(all, errs zapcore.Core) zapcore.Core
		want fields // extra fields of the line in errs
	}{
		{"around the Tee", func(all, errs zapcore.Core) zapcore.Core {
			return zapctx.New(zapcore.NewTee(all, errs), logctx.Config{})
		}, ids},
		{"around each core", func(all, errs zapcore.Core) zapcore.Core {
			return zapcore.NewTee(zapctx.New(all, logctx.Config{}), zapctx.New(errs, logctx.ECS()))
		}, fields{"trace.id": id128, "span.id": spanID}},
		{"around one core", func(all, errs zapcore.Core) zapcore.Core {
			return zapcore.NewTee(zapctx.New(all, logctx.Config{}), errs)
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var all, errs output
			core := tt.core(plain(&all, zap.DebugLevel), plain(&errs, zap.ErrorLevel))
			assert.Equal(t, zap.DebugLevel, zapcore.LevelOf(core), "level")
			l := zap.New(core).With(zap.Int("n", 1))
			trace.Do(request(), func(context.Context) {
				l.Debug(message)
				assert.Equal(t, merge(fields{"msg": message, "n": 1.0}, ids), all.one(t))
				assert.Empty(t, errs.lines(t), "a debug line in the core for errors")
				l.Error(message)
				assert.Equal(t, merge(fields{"msg": message, "n": 1.0}, ids), all.one(t))
				assert.Equal(t, merge(fields{"msg": message, "n": 1.0}, tt.want), errs.one(t))
			})
		})
	}
}

// A sampler works inside and outside of our core. It counts each line once, and counts the lines
// of a logger together with those of its children from With.
func TestSampler(t *testing.T) {
	for _, outside := range []bool{false, true} {
		var out output
		var logged, dropped int
		sampled := func(core zapcore.Core) zapcore.Core {
			return zapcore.NewSamplerWithOptions(core, time.Hour, 3, 10, zapcore.SamplerHook(func(_ zapcore.Entry, d zapcore.SamplingDecision) {
				if d&zapcore.LogSampled != 0 {
					logged++
				} else {
					dropped++
				}
			}))
		}
		core := plain(&out, zap.DebugLevel)
		if outside {
			core = sampled(zapctx.New(core, logctx.Config{}))
		} else {
			core = zapctx.New(sampled(core), logctx.Config{})
		}
		l := zap.New(core)
		with := l.With(zap.Int("n", 1))
		trace.Do(request(), func(context.Context) {
			for i := range 103 {
				if i%2 == 0 {
					l.Info(message)
				} else {
					with.Info(message)
				}
			}
		})
		lines := out.lines(t)
		assert.Len(t, lines, 13, "lines, the sampler outside: %v", outside)
		assert.Equal(t, [2]int{13, 90}, [2]int{logged, dropped}, "decisions of the sampler: logged and dropped lines")
		for _, line := range lines {
			assert.Equal(t, id128, line["trace_id"])
		}
	}
}

// Two children of one logger do not share their fields, even if the parent's slice has spare
// capacity.
func TestSiblings(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first []zap.Field
		key   string
		want  func(n int) fields
	}{
		{"in a namespace", []zap.Field{zap.Namespace("ns")}, "n", func(n int) fields { return fields{"ns": fields{"n": float64(n)}} }},
		{"with a key of ours", nil, "trace_id", func(n int) fields { return fields{"trace_id_attr": float64(n)} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for before := range 8 {
				var out output
				l := zap.New(zapctx.New(plain(&out, zap.DebugLevel), logctx.Config{})).With(tt.first...)
				for range before {
					l = l.With(zap.Int(tt.key, 0))
				}
				first, second := l.With(zap.Int(tt.key, 1)), l.With(zap.Int(tt.key, 2))
				first.Info(message, zapctx.Context(request()))
				second.Info(message, zapctx.Context(request()))
				for i, line := range out.lines(t) {
					assert.Equal(t, merge(fields{"msg": message}, ids, tt.want(i+1)), line, "line of a child whose parent has %d fields", before)
				}
			}
		})
	}
}

// The level is the wrapped core's level, even after a change. A line below the level costs no
// allocation.
func TestLevel(t *testing.T) {
	var out output
	level := zap.NewAtomicLevelAt(zap.WarnLevel)
	missing := 0
	core := zapctx.New(plain(&out, level), logctx.Config{OnMissing: func(runtime.Frame) { missing++ }})
	l := zap.New(core)
	assert.Equal(t, zap.WarnLevel, l.Level())
	assert.Nil(t, l.Check(zap.InfoLevel, message))
	assert.Zero(t, testing.AllocsPerRun(100, func() { l.Info(message) }), "allocations of a disabled line")
	assert.Zero(t, missing, "calls of OnMissing for lines that are not logged")
	level.SetLevel(zap.DebugLevel)
	assert.Equal(t, zap.DebugLevel, l.Level())
	l.Debug(message)
	assert.Len(t, out.lines(t), 1)
	assert.Equal(t, 1, missing)
	raised := l.WithOptions(zap.IncreaseLevel(zap.ErrorLevel))
	raised.Info(message)
	assert.Empty(t, out.lines(t))
	raised.Error(message, zapctx.Context(request()))
	assert.Equal(t, id128, out.one(t)["trace_id"])
}

// The line has the caller and the stack, which the logger adds to an entry after Check.
func TestCallerAndStack(t *testing.T) {
	seen, logs := observer.New(zap.DebugLevel)
	l := zap.New(zapctx.New(seen, logctx.Config{}), zap.AddCaller(), zap.AddStacktrace(zap.ErrorLevel))
	l.Named("x").Error(message, zapctx.Context(request()))
	got := logs.All()[0]
	assert.Contains(t, got.Caller.File, "zapctx_test.go")
	assert.Contains(t, got.Stack, "TestCallerAndStack")
	assert.Equal(t, "x", got.LoggerName)
	assert.Equal(t, id128, got.ContextMap()["trace_id"])
}

// With our core, zap still runs its hooks, the functions before a write, and the action after a
// line, such as a panic.
func TestAround(t *testing.T) {
	var out output
	entries := 0
	core := zapcore.RegisterHooks(zapctx.New(plain(&out, zap.DebugLevel), logctx.Config{}), func(zapcore.Entry) error {
		entries++
		return nil
	})
	l := zap.New(core)
	trace.Do(request(), func(context.Context) {
		assert.PanicsWithValue(t, message, func() { l.Panic(message) })
		assert.Equal(t, merge(fields{"msg": message}, ids), out.one(t))
		ce := l.Check(zap.InfoLevel, message)
		ce = ce.Before(ce.Entry, func(e zapcore.Entry, f []zapcore.Field) (zapcore.Entry, []zapcore.Field) {
			e.Message = "changed"
			return e, append(f, zap.Int("n", 1))
		})
		ce.Write()
		assert.Equal(t, merge(fields{"msg": "changed", "n": 1.0}, ids), out.one(t))
	})
	assert.Equal(t, 2, entries)

	inner := 0
	core = zapctx.New(zapcore.RegisterHooks(plain(&out, zap.DebugLevel), func(zapcore.Entry) error { inner++; return nil }), logctx.Config{})
	zap.New(core).Info(message)
	assert.Equal(t, 1, inner, "calls of a hook inside of our core")
	assert.Len(t, out.lines(t), 1)
}

// Write without Check calls the inner core's Write.
func TestWriteAlone(t *testing.T) {
	var out output
	core := zapctx.New(plain(&out, zap.DebugLevel), logctx.Config{})
	trace.Do(request(), func(context.Context) {
		require.NoError(t, core.Write(zapcore.Entry{Message: message}, []zapcore.Field{zap.Int("n", 1)}))
	})
	assert.Equal(t, merge(fields{"msg": message, "n": 1.0}, ids), out.one(t))
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
func (f failing) Sync() error               { return f.err }

// A write error is reported once, to the same outputs as without our core.
func TestErrors(t *testing.T) {
	for _, ours := range []bool{false, true} {
		var errs bytes.Buffer
		core := zapcore.NewTee(plain(failing{errors.New("disk full")}, zap.DebugLevel), plain(failing{errors.New("no route")}, zap.DebugLevel))
		if ours {
			core = zapctx.New(core, logctx.Config{})
		}
		l := zap.New(core, zap.ErrorOutput(zapcore.AddSync(&errs)))
		l.Info(message, zapctx.Context(request()))
		l.Info(message)
		lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
		require.Len(t, lines, 2)
		for _, line := range lines {
			_, text, _ := strings.Cut(line, " write error: ")
			assert.Equal(t, "disk full; no route", text)
		}
		assert.EqualError(t, l.Sync(), "disk full; no route")
	}
}

// For a line without a trace, OnMissing gets the place where the program logs.
func TestOnMissing(t *testing.T) {
	var sites []runtime.Frame
	l := zap.New(zapctx.New(plain(zapcore.AddSync(io.Discard), zap.DebugLevel), logctx.Config{OnMissing: func(site runtime.Frame) { sites = append(sites, site) }}))
	here := func() int {
		_, _, line, _ := runtime.Caller(1)
		return line
	}
	for _, log := range []func() int{
		func() int { l.Info(message); return here() },
		func() int { l.With(zap.Int("n", 1)).Sugar().Infow(message, "k", "v"); return here() },
		func() int { zap.NewStdLog(l).Print(message); return here() },
		func() int { l.Info(message, zapctx.Context(context.Background())); return here() },
	} {
		sites = nil
		want := log()
		require.Len(t, sites, 1)
		assert.Equal(t, want, sites[0].Line)
		assert.Contains(t, sites[0].File, "zapctx_test.go")
	}
}

func TestNilCore(t *testing.T) {
	assert.PanicsWithValue(t, "zapctx: New: nil zapcore.Core", func() { zapctx.New(nil, logctx.Config{}) })
}

func TestAllocations(t *testing.T) {
	ctx, span := trace.Start(request(), "request")
	defer span.End()
	base := zap.New(plain(zapcore.AddSync(io.Discard), zap.DebugLevel))
	ours := zap.New(zapctx.New(plain(zapcore.AddSync(io.Discard), zap.DebugLevel), logctx.Config{}))
	field := zapctx.Context(ctx)
	line := func(l *zap.Logger, more ...zap.Field) float64 {
		return testing.AllocsPerRun(200, func() { l.Info(message, more...) })
	}
	assert.LessOrEqual(t, line(ours, zap.Int("n", 1)), line(base, zap.Int("n", 1))+raceAllocs, "allocations of a line without a trace")
	assert.LessOrEqual(t, line(ours, field), line(base, field)+1+raceAllocs, "allocations of a line with a context")
	trace.Do(ctx, func(context.Context) {
		assert.LessOrEqual(t, line(ours, zap.Int("n", 1)), line(base, zap.Int("n", 1))+1+raceAllocs, "allocations of a line in a Do")
	})
}
