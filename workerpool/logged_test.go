package workerpool_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/logbind"
	"example.com/clew/internal/seam"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// schedulers run fn twice: Every with ten seconds in between, Job at once.
var schedulers = []struct {
	name string
	run  func(ctx context.Context, fn task)
}{
	{"Every", func(ctx context.Context, fn task) {
		ctx, cancel := context.WithTimeout(ctx, 25*second)
		defer cancel()
		workerpool.Every(ctx, 10*second, fn)
	}},
	{"Job", func(ctx context.Context, fn task) {
		job := workerpool.Job(ctx, fn)
		job()
		job()
	}},
}

// timeless returns the lines in out, without their times, and empties out.
func timeless(t *testing.T, out *bytes.Buffer) (lines []testkit.Line) {
	t.Helper()
	lines = testkit.TakeLines(t, out)
	for _, line := range lines {
		delete(line, "time")
	}
	return lines
}

func TestLoggedWritesALineForEachRun(t *testing.T) {
	zerologged := func(l zerolog.Logger) func(ctx context.Context, t *testing.T) context.Context {
		return func(ctx context.Context, _ *testing.T) context.Context { return l.WithContext(ctx) }
	}
	var out bytes.Buffer
	handler := slog.NewJSONHandler(&out, nil)
	inSlog := func(h slog.Handler) func(ctx context.Context, t *testing.T) context.Context {
		return func(ctx context.Context, _ *testing.T) context.Context {
			return context.WithValue(ctx, seam.SlogKey{}, slog.New(h))
		}
	}
	datadog := logctx.Datadog()
	loggers := []struct {
		name string
		put  func(ctx context.Context, t *testing.T) context.Context
		dd   bool
	}{
		{name: "zerolog", put: zerologged(logctx.New(&out))},
		{name: "zerolog, bound by httpmw", put: func(ctx context.Context, _ *testing.T) context.Context {
			return logbind.Bind(ctx, logctx.New(&out))
		}},
		{name: "zerolog without our hook", put: zerologged(zerolog.New(&out))},
		{name: "zerolog, Datadog's names", put: zerologged(logctx.New(&out, datadog)), dd: true},
		{name: "slog", put: inSlog(logctx.Slog(handler, logctx.Config{}))},
		{name: "slog without our handler", put: inSlog(handler)},
		{name: "slog, Datadog's names", put: inSlog(logctx.Slog(handler, datadog)), dd: true},
		{name: "no logger in the context", put: func(ctx context.Context, t *testing.T) context.Context {
			before := zerolog.DefaultContextLogger
			l := logctx.New(&out)
			zerolog.DefaultContextLogger = &l
			t.Cleanup(func() { zerolog.DefaultContextLogger = before })
			return ctx
		}},
		{name: "zerolog and slog", put: func(ctx context.Context, t *testing.T) context.Context {
			return logctx.New(&out).WithContext(inSlog(slog.DiscardHandler)(ctx, t))
		}},
	}
	for _, s := range schedulers {
		for _, l := range loggers {
			t.Run(s.name+", "+l.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx := workerpool.Logged(l.put(request(), t), "refresh")
					var want []map[string]any
					s.run(ctx, func(ctx context.Context) {
						b, ok := trace.FromContext(ctx)
						require.True(t, ok, "a trace in the run")
						time.Sleep(4711 * time.Microsecond)
						line := map[string]any{"level": "info", "message": "job", "job": "refresh", "duration_ms": 4.711,
							"scheduled_by": id128, "trace_id": b.ID(), "span_id": b.SpanID.String()}
						if l.dd {
							line = map[string]any{"level": "info", "message": "job", "job": "refresh", "duration": 4711000.,
								"dd.scheduled_by": testkit.DecimalLow, "dd.trace_id": decimal(b.TraceID[8:]), "dd.span_id": decimal(b.SpanID[:])}
						}
						if b.Sampling == trace.Accept { // the default sampler accepts one run in a thousand
							line["sampled"] = true
						}
						want = append(want, line)
					})
					got := timeless(t, &out)
					for _, line := range got {
						if msg, is := line["msg"]; is { // slog's key for the message
							delete(line, "msg")
							line["message"], line["level"] = msg, strings.ToLower(line["level"].(string))
						}
					}
					require.Len(t, want, 2, "runs")
					assert.Equal(t, want, got, "lines")
				})
			})
		}
	}
}

func decimal(id []byte) string { return strconv.FormatUint(binary.BigEndian.Uint64(id), 10) }

func TestLoggedFields(t *testing.T) {
	always := trace.NewProvider(trace.ProviderConfig{Sampler: trace.Always()})
	sampled, span := trace.Starter{TracerProvider: always}.Start(context.Background(), trace.B3{}, "caller")
	defer span.End()
	for _, test := range []struct {
		name string
		ctx  context.Context
		fn   task
		want map[string]any // without IDs and duration
	}{
		{"scheduled without a trace", context.Background(), nothing, map[string]any{"level": "info"}},
		{"scheduled in a trace whose ID has 16 digits", testkit.Context(id64 + "-" + spanID), nothing,
			map[string]any{"level": "info", "scheduled_by": id64}},
		{"scheduled in a trace whose ID has 32 digits, half of them zero", testkit.Context(zeros + id64 + "-" + spanID), nothing,
			map[string]any{"level": "info", "scheduled_by": zeros + id64}},
		{"a run that is sampled", sampled, nothing,
			map[string]any{"level": "info", "scheduled_by": trace.ID(sampled), "sampled": true}},
		{"Goexit", request(), func(context.Context) { runtime.Goexit() },
			map[string]any{"level": "info", "scheduled_by": id128}},
		{"a panic", request(), func(context.Context) { panic("in a test") },
			map[string]any{"level": "error", "scheduled_by": id128, "panicked": true}},
		{"a panic that the run has recovered", request(), func(context.Context) {
			defer func() { _ = recover() }()
			panic("in a test")
		}, map[string]any{"level": "info", "scheduled_by": id128}},
		{"Goexit in a panic", request(), func(context.Context) {
			defer runtime.Goexit()
			panic("in a test")
		}, map[string]any{"level": "info", "scheduled_by": id128}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			logged := workerpool.Logged(logctx.New(&out).WithContext(test.ctx), "refresh")
			job := workerpool.Job(logged, func(ctx context.Context) {
				// The default sampler accepts one run in a thousand.
				if b, _ := trace.FromContext(ctx); b.Sampling == trace.Accept {
					test.want["sampled"] = true
				}
				test.fn(ctx)
			})
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer func() {
					if v := recover(); v != nil {
						assert.Equal(t, "in a test", v, "value of the panic")
					}
				}()
				job()
			}()
			<-done
			lines := timeless(t, &out)
			require.Len(t, lines, 1, "lines")
			line := lines[0]
			assert.Len(t, line["trace_id"], 32, "trace_id")
			assert.Len(t, line["span_id"], 16, "span_id")
			assert.Contains(t, line, "duration_ms")
			for _, key := range []string{"trace_id", "span_id", "duration_ms"} {
				delete(line, key)
			}
			test.want["message"], test.want["job"] = "job", "refresh"
			assert.Equal(t, test.want, line, "the line, except IDs and duration")
		})
	}
}

// If a job runs in a deferred call during a panic, its line does not have the field panicked.
func TestLoggedInAPanic(t *testing.T) {
	var out bytes.Buffer
	func() {
		defer func() { _ = recover() }()
		defer workerpool.Job(workerpool.Logged(logctx.New(&out).WithContext(request()), "clean up"), nothing)()
		panic("in a test")
	}()
	lines := timeless(t, &out)
	require.Len(t, lines, 1, "lines")
	assert.Equal(t, "info", lines[0]["level"], "level")
	assert.NotContains(t, lines[0], "panicked")
}

// Logged changes neither the values nor the lifetime that a run's context has.
func TestLoggedKeepsTheContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(request())
	named := named(ctx, "refresh")
	assert.Equal(t, "ann", named.Value(key("user")), "value in the named context")
	assert.Equal(t, id128, trace.ID(named), "trace of the named context")
	assert.Equal(t, ctx.Done(), named.Done(), "Done of the named context")
	workerpool.Every(named, 1, func(ctx context.Context) {
		assert.NoError(t, ctx.Err())
		assert.Equal(t, "ann", ctx.Value(key("user")), "a value in a run")
		cancel(workerpool.ErrClosed)
		assert.Equal(t, workerpool.ErrClosed, context.Cause(ctx), "cause in a run of Every")
	})
	assert.Equal(t, workerpool.ErrClosed, context.Cause(named), "cause of the named context")
	workerpool.Job(named, func(ctx context.Context) {
		assert.NoError(t, ctx.Err(), "Err in a run of Job")
		assert.NoError(t, context.Cause(ctx), "cause in a run of Job")
	})()
	detached := trace.Detach(named)
	assert.NoError(t, detached.Err(), "Err of a detached context")
	assert.True(t, trace.Detach(detached) == detached, "Detach returns a detached context unchanged")
	root, span := trace.Root(named, "root")
	span.End()
	assert.Equal(t, workerpool.ErrClosed, context.Cause(root), "cause in a root")
	assert.Equal(t, "ann", root.Value(key("user")), "a value in a root")
}

// A timeout that is derived from a context with a name costs no goroutine.
func TestTimeoutUnderLoggedStartsNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(request())
		defer cancel()
		_, end := context.WithTimeout(workerpool.Logged(ctx, "refresh"), time.Hour)
		defer end()
		assert.Zero(t, cancelGoroutines(), "goroutines of package context")
	})
}

// A debug trace lowers the logger's level only for its own lines. The runs that it schedules are
// other traces, so they have the old level.
func TestLoggedInADebugTrace(t *testing.T) {
	for _, level := range []zerolog.Level{zerolog.InfoLevel, zerolog.WarnLevel} {
		var out bytes.Buffer
		ctx := logbind.BindDebug(testkit.Context(id128+"-"+spanID+"-d"), logger(&out, level))
		workerpool.Job(workerpool.Logged(ctx, "refresh"), func(ctx context.Context) { logctx.Debug(ctx).Msg("too much") })()
		lines := timeless(t, &out)
		if level > zerolog.InfoLevel {
			assert.Empty(t, lines, "lines of a logger at warn level")
			continue
		}
		require.Len(t, lines, 1, "lines of a logger at info level")
		assert.Equal(t, "job", lines[0]["message"])
		assert.Equal(t, id128, lines[0]["scheduled_by"])
		assert.NotEqual(t, id128, lines[0]["trace_id"])
	}
}

func TestLoggedAllocations(t *testing.T) {
	ctx := logbind.Bind(request(), logger(io.Discard, zerolog.InfoLevel))
	quiet := logbind.Bind(request(), logger(io.Discard, zerolog.ErrorLevel))
	plain, named, hidden := workerpool.Job(ctx, nothing), workerpool.Job(workerpool.Logged(ctx, "refresh"), nothing), workerpool.Job(workerpool.Logged(quiet, "refresh"), nothing)
	beyond := testing.AllocsPerRun(1000, plain)
	for _, test := range []struct {
		name string
		call func()
		most float64
	}{
		{"Job", func() { sink = workerpool.Job(ctx, nothing) }, 2}, // no more than without names
		{"a run of Job", plain, beyond},
		{"Logged", func() { sinkCtx = workerpool.Logged(ctx, "refresh") }, 1},
		// Three allocations are the record, its carrier and the text of the IDs. The fourth is for
		// the race detector, which makes sync.Pool drop some values on purpose.
		{"a run that writes its line", named, beyond + 4},
		{"a run whose line is hidden", hidden, beyond + 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := testing.AllocsPerRun(1000, test.call)
			assert.LessOrEqual(t, got, test.most, "allocations")
			t.Logf("%s: %v allocations", test.name, got)
		})
	}
}

var sinkCtx context.Context
