package logctx_test

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"path"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/logbind"
	"example.com/clew/internal/seam"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// These are the fields of one line, that of the call GetItem, under the names of each Config. The
// ID of the call's own span is left out.
var (
	oursCall = fields{"method": "GetItem", "host": "dynamodb.eu-west-1", "duration_ms": 4.711,
		"trace_id": id128, "parent_id": spanID, "sampled": true}
	datadogCall = fields{"method": "GetItem", "http.url_details.host": "dynamodb.eu-west-1", "duration": 4711000.,
		"dd.trace_id": low64, "dd.parent_id": span64, "sampled": true}
	googleCall = fields{"method": "GetItem", "host": "dynamodb.eu-west-1", "duration_ms": 4.711,
		"logging.googleapis.com/trace": "projects/p/traces/" + id128, "parent_id": spanID, "logging.googleapis.com/trace_sampled": true}
	ecsCall = fields{"method": "GetItem", "server.address": "dynamodb.eu-west-1", "event.duration": 4711000.,
		"trace.id": id128, "parent.id": spanID, "sampled": true}
	logbackCall = fields{"method": "GetItem", "host": "dynamodb.eu-west-1", "duration_ms": 4.711,
		"traceId": id128, "parentId": spanID, "sampled": true}
)

// callLogger is a logger that the line of a call goes to.
type callLogger struct {
	name     string
	put      func(ctx context.Context) context.Context // puts the logger into ctx
	inCtx    *zerolog.Logger                           // zerolog.DefaultContextLogger
	global   io.Writer
	want     fields
	errorKey string
}

// callLoggers returns loggers that write to out.
func callLoggers(out io.Writer) []callLogger {
	debug := &slog.HandlerOptions{Level: slog.LevelDebug}
	inZerolog := func(l zerolog.Logger) func(ctx context.Context) context.Context { return l.WithContext }
	inSlog := func(h slog.Handler) func(ctx context.Context) context.Context {
		return func(ctx context.Context) context.Context { return context.WithValue(ctx, seam.SlogKey{}, slog.New(h)) }
	}
	nothing := func(ctx context.Context) context.Context { return ctx }
	bare := zerolog.New(out)
	return []callLogger{
		{name: "zerolog", put: inZerolog(testkit.Hooked(out)), want: oursCall},
		{name: "zerolog, bound", put: func(ctx context.Context) context.Context { return logbind.Bind(ctx, testkit.Hooked(out)) }, want: oursCall},
		{name: "zerolog without our hook", put: inZerolog(bare), want: oursCall},
		{name: "zerolog, Datadog", put: inZerolog(zerolog.New(out).Hook(logctx.Hook(logctx.Datadog()))), want: datadogCall, errorKey: "error.message"},
		{name: "zerolog, Google Cloud", put: inZerolog(zerolog.New(out).Hook(logctx.Hook(logctx.GoogleCloud("p")))), want: googleCall},
		{name: "zerolog, ECS", put: inZerolog(zerolog.New(out).Hook(logctx.Hook(logctx.ECS()))), want: ecsCall, errorKey: "error.message"},
		{name: "zerolog, Logback", put: inZerolog(zerolog.New(out).Hook(logctx.Hook(logctx.Logback()))), want: logbackCall},
		{name: "slog", put: inSlog(logctx.Slog(slog.NewJSONHandler(out, debug), logctx.Config{})), want: oursCall},
		{name: "slog without our handler", put: inSlog(slog.NewJSONHandler(out, debug)), want: oursCall},
		{name: "slog, Datadog", put: inSlog(logctx.Slog(slog.NewJSONHandler(out, debug), logctx.Datadog())), want: datadogCall, errorKey: "error.message"},
		{name: "slog, Google Cloud", put: inSlog(logctx.Slog(slog.NewJSONHandler(out, debug), logctx.GoogleCloud("p"))), want: googleCall},
		{name: "slog, ECS", put: inSlog(logctx.Slog(slog.NewJSONHandler(out, debug), logctx.ECS())), want: ecsCall, errorKey: "error.message"},
		{name: "slog, Logback", put: inSlog(logctx.Slog(slog.NewJSONHandler(out, debug), logctx.Logback())), want: logbackCall},
		{name: "zerolog's default for contexts", put: nothing, inCtx: &bare, want: oursCall},
		{name: "zerolog's global logger", put: nothing, global: out, want: oursCall},
		{name: "both zerolog and slog", put: func(ctx context.Context) context.Context {
			return inZerolog(testkit.Hooked(out))(inSlog(slog.DiscardHandler)(ctx))
		}, want: oursCall},
	}
}

// With each logger, the line of a call has the same fields, under the names of that logger's
// Config.
func TestCallLine(t *testing.T) {
	var out bytes.Buffer
	for _, test := range callLoggers(&out) {
		for _, failure := range []string{"", "the table is locked"} {
			t.Run(strings.TrimSuffix(test.name+", "+failure, ", "), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					if test.global == nil {
						test.global = io.Discard
					}
					globals(t, test.inCtx, zerolog.New(test.global))
					ctx, done := logctx.Call(test.put(testkit.Request()), "dynamodb.eu-west-1", "GetItem")
					time.Sleep(4711 * time.Microsecond)
					var err error
					want := maps.Clone(test.want)
					if failure != "" {
						err = errors.New(failure)
						want[cmp.Or(test.errorKey, "error")] = failure
					}
					done(err)
					assertCallLine(t, ctx, want, testkit.TakeLine(t, &out))
				})
			})
		}
	}
}

// assertCallLine checks the line of a call whose context is ctx. want has all fields of the line
// except the time, the level, the message and the ID of the call's own span.
func assertCallLine(t *testing.T, ctx context.Context, want, got fields) {
	t.Helper()
	spanKeys := []string{"span_id", "dd.span_id", "span.id", "spanId", "logging.googleapis.com/spanId"}
	assert.Equal(t, "call", first(got, "message", "msg"), "message")
	assert.Equal(t, "debug", strings.ToLower(fmt.Sprint(got["level"])), "level")
	b, _ := trace.FromContext(ctx)
	assert.Equal(t, id128, b.ID(), "trace of the call's context")
	assert.Equal(t, spanID, b.ParentSpanID.String(), "parent of the call's span")
	assert.Contains(t, []any{b.SpanID.String(), decimal(b.SpanID[:])}, first(got, spanKeys...), "span ID")
	for _, k := range append(spanKeys, "time", "level", "message", "msg") {
		delete(got, k)
	}
	assert.Equal(t, want, got, "the line")
}

func decimal(id []byte) string { return strconv.FormatUint(binary.BigEndian.Uint64(id), 10) }

func first(line fields, keys ...string) any {
	for _, k := range keys {
		if v, ok := line[k]; ok {
			return v
		}
	}
	return nil
}

type broken struct{ text string }

func (b *broken) Error() string { return b.text } // panics if b is nil

// The host, the name and the error of a call may be hostile, or contain secrets. The call still
// has exactly one line, without the secrets.
func TestCallTells(t *testing.T) {
	long := strings.Repeat("ü", clip.Max)
	var nilBroken *broken
	for _, test := range []struct {
		name                            string
		host, call                      string
		err                             error
		wantHost, wantMethod, wantError any
	}{
		{"no host and no name", "", "", nil, "", "call", nil},
		{"a host with a port", "media-db:5432", "SELECT", nil, "media-db:5432", "SELECT", nil},
		{"a user in the host", "ann:secret@media-db:5432", "SELECT", nil, "media-db:5432", "SELECT", nil},
		{"a URL for a host", "postgres://ann:secret@media-db:5432/media?password=secret", "SELECT", nil, "postgres://media-db:5432/media", "SELECT", nil},
		{"a URL in the error", "h", "m", &url.Error{Op: "Get", URL: "http://ann:secret@h/p?key=secret", Err: io.EOF}, "h", "m", `Get "http://h/p": EOF`},
		{"a malformed URL in the error", "h", "m", errors.New(`parse "http://ann:sec ret@h/": invalid character " " in host name`), "h", "m", "malformed URL"},
		{"line breaks", "h\n{\"level\":\"error\"}", "m\r\n\x1b[31m\"", errors.New("e\n\x00\\"), "h\n{\"level\":\"error\"}", "m\r\n\x1b[31m\"", "e\n\x00\\"},
		{"not UTF-8", "h\xff", "m\xff", errors.New("e\xff"), "h\ufffd", "m\ufffd", "e\ufffd"},
		{"longer than the limit", long, long, errors.New(long), clip.UTF8(long), clip.UTF8(long), clip.UTF8(long)},
		{"an error without a text", "h", "m", errors.New(""), "h", "m", "error without a text"},
		{"a nil pointer for an error", "h", "m", nilBroken, "h", "m", "error without a text"},
		{"a wrapped error", "h", "m", fmt.Errorf("scan: %w", sql.ErrNoRows), "h", "m", "scan: sql: no rows in result set"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sdk, spans := testkit.SDK(nil)
			ctx, root := sdk.Tracer("test").Start(context.Background(), "request")
			for _, slogged := range []bool{false, true} {
				var out bytes.Buffer
				with := testkit.Hooked(&out).WithContext(ctx)
				if slogged {
					with = context.WithValue(ctx, seam.SlogKey{}, slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
				}
				_, done := logctx.Call(with, test.host, test.call)
				done(test.err)
				assert.Equal(t, 1, strings.Count(out.String(), "\n"), "lines")
				for _, c := range out.String()[:out.Len()-1] {
					assert.GreaterOrEqual(t, c, ' ', "a control character is on the line")
				}
				assert.NotContains(t, out.String(), "secret", "the line")
				line := testkit.TakeLine(t, &out)
				assert.Equal(t, []any{test.wantHost, test.wantMethod, test.wantError}, []any{line["host"], line["method"], line["error"]}, "host, method and error of the line")
			}
			root.End()
			span := spans.Ended()[0]
			assert.Equal(t, test.wantMethod, span.Name(), "name of the span")
			assert.Equal(t, oteltrace.SpanKindClient, span.SpanKind(), "kind of the span")
			assert.NotContains(t, fmt.Sprint(span.Attributes(), span.Events(), span.Status()), "secret", "the span")
			if test.wantError == nil {
				assert.Equal(t, sdktrace.Status{}, span.Status(), "status of the span")
				assert.Empty(t, span.Events(), "events of the span")
			} else {
				assert.Equal(t, sdktrace.Status{Code: codes.Error, Description: test.wantError.(string)}, span.Status(), "status of the span")
				require.Len(t, span.Events(), 1, "events of the span")
				assert.Contains(t, span.Events()[0].Attributes, attribute.String("exception.message", test.wantError.(string)), "attributes of the event")
			}
		})
	}
}

func TestCallServerOfTheSpan(t *testing.T) {
	address := func(s string) attribute.KeyValue { return attribute.String("server.address", s) }
	for _, test := range []struct {
		host string
		want []attribute.KeyValue
	}{
		{"", nil},
		{"media-db.internal", []attribute.KeyValue{address("media-db.internal")}},
		{"media-db.internal:5432", []attribute.KeyValue{address("media-db.internal"), attribute.Int("server.port", 5432)}},
		{"[::1]:6379", []attribute.KeyValue{address("::1"), attribute.Int("server.port", 6379)}},
		{"::1", []attribute.KeyValue{address("::1")}},
		{":6379", []attribute.KeyValue{address(":6379")}},
		{"media-db:postgres", []attribute.KeyValue{address("media-db:postgres")}},
		{"media-db:65536", []attribute.KeyValue{address("media-db:65536")}},
		{"unix:/run/redis.sock", []attribute.KeyValue{address("unix:/run/redis.sock")}},
	} {
		t.Run(test.host, func(t *testing.T) {
			sdk, spans := testkit.SDK(nil)
			ctx, root := sdk.Tracer("test").Start(context.Background(), "request")
			globals(t, nil, zerolog.Nop())
			_, done := logctx.Call(ctx, test.host, "m")
			done(nil)
			root.End()
			assert.Equal(t, test.want, spans.Ended()[0].Attributes(), "attributes of the span")
		})
	}
}

// The level of the logger can hide the line of a call. In a debug trace, only a disabled logger
// hides it.
func TestCallLevel(t *testing.T) {
	for _, test := range []struct {
		level zerolog.Level
		b3    string
		want  int
	}{
		{zerolog.TraceLevel, "-1", 1},
		{zerolog.DebugLevel, "-1", 1},
		{zerolog.InfoLevel, "-1", 0},
		{zerolog.InfoLevel, "-0", 0},
		{zerolog.InfoLevel, "", 0},
		{zerolog.InfoLevel, "-d", 1},
		{zerolog.ErrorLevel, "-d", 1},
		{zerolog.Disabled, "-d", 0},
	} {
		hook := logctx.Hook(logctx.Config{})
		atLevel := func(w io.Writer) zerolog.Logger {
			return zerolog.New(w).Level(test.level).Sample(&zerolog.BasicSampler{N: 1})
		}
		var out bytes.Buffer
		stored := func(l zerolog.Logger) func(ctx context.Context, t *testing.T) context.Context {
			return func(ctx context.Context, _ *testing.T) context.Context { return l.WithContext(ctx) }
		}
		puts := map[string]func(ctx context.Context, t *testing.T) context.Context{
			"bound": func(ctx context.Context, _ *testing.T) context.Context {
				return logbind.Bind(ctx, atLevel(&out).Hook(hook))
			},
			"fallback": func(ctx context.Context, t *testing.T) context.Context {
				globals(t, nil, atLevel(&out).Hook(hook))
				return ctx
			},
			"fallback without our hook": func(ctx context.Context, t *testing.T) context.Context {
				globals(t, nil, atLevel(&out))
				return ctx
			},
		}
		// zerolog does not store a disabled logger, and slog has no level that disables a logger.
		if test.level != zerolog.Disabled {
			handler := slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.Level(test.level-zerolog.InfoLevel) * 4})
			inSlog := func(h slog.Handler) func(ctx context.Context, t *testing.T) context.Context {
				return func(ctx context.Context, _ *testing.T) context.Context {
					return context.WithValue(ctx, seam.SlogKey{}, slog.New(h))
				}
			}
			puts["stored"], puts["stored without our hook"] = stored(atLevel(&out).Hook(hook)), stored(atLevel(&out))
			puts["slog"], puts["slog, ours"] = inSlog(handler), inSlog(logctx.Slog(handler, logctx.Config{}))
		}
		for name, put := range puts {
			t.Run(fmt.Sprintf("%v, %q, %s", test.level, test.b3, name), func(t *testing.T) {
				globals(t, nil, zerolog.Nop())
				_, done := logctx.Call(put(testkit.Context(id128+"-"+spanID+test.b3), t), "h", "m")
				done(errors.New("locked"))
				assert.Len(t, testkit.TakeLines(t, &out), test.want, "lines")
			})
		}
	}
}

func TestCallEndsOnce(t *testing.T) {
	var out bytes.Buffer
	sdk, spans := testkit.SDK(nil)
	ctx, root := sdk.Tracer("test").Start(testkit.Hooked(zerolog.SyncWriter(&out)).WithContext(context.Background()), "request")
	defer root.End()
	_, done := logctx.Call(ctx, "h", "m")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { done(nil) })
	}
	all.Wait()
	done(errors.New("too late"))
	line := testkit.TakeLine(t, &out)
	assert.NotContains(t, line, "error", "the line")
	assert.Len(t, spans.Ended(), 1, "spans")
}

// In a context without a trace, Call begins a new trace, and reports the missing trace to a Guard.
func TestCallWithoutATrace(t *testing.T) {
	var lost []string
	g := &goroutine.Guard{Lost: func(what string, place func() runtime.Frame) {
		lost = append(lost, what+" in "+path.Base(place().File))
	}}
	require.True(t, goroutine.SetGuard(g, nil))
	defer goroutine.SetGuard(nil, g)
	for _, none := range []context.Context{nilContext, context.Background()} {
		var out bytes.Buffer
		globals(t, nil, testkit.Hooked(&out))
		ctx, done := logctx.Call(none, "h", "m")
		done(nil)
		line := testkit.TakeLine(t, &out)
		assert.Equal(t, trace.ID(ctx), line["trace_id"], "trace_id")
		assert.Equal(t, trace.SpanID(ctx), line["span_id"], "span_id")
		assert.Len(t, line["trace_id"], 32, "trace_id")
		assert.NotContains(t, line, "parent_id")
	}
	assert.Equal(t, []string{"call in call_test.go", "call in call_test.go"}, lost, "reports to the Guard")
	_, done := logctx.Call(testkit.Hooked(io.Discard).WithContext(testkit.Request()), "h", "m")
	done(nil)
	assert.Len(t, lost, 2, "reports to the Guard, after a call in a trace")
}

// A call that is made in the context of another call is the child of that call.
func TestCallInACall(t *testing.T) {
	var out bytes.Buffer
	ctx := testkit.Hooked(&out).WithContext(testkit.Request())
	outer, outerDone := logctx.Call(ctx, "cache", "get")
	_, done := logctx.Call(outer, "media-db", "SELECT")
	done(nil)
	logctx.Info(outer).Msg("missed")
	outerDone(nil)
	lines := testkit.TakeLines(t, &out)
	require.Len(t, lines, 3, "lines")
	inner, between, last := lines[0], lines[1], lines[2]
	assert.Equal(t, last["span_id"], inner["parent_id"], "parent of the inner call")
	assert.Equal(t, last["span_id"], between["span_id"], "span of a line in the outer call")
	assert.Equal(t, spanID, last["parent_id"], "parent of the outer call")
	for _, line := range lines {
		assert.Equal(t, id128, line["trace_id"], "trace_id")
	}
}

func TestCallAllocations(t *testing.T) {
	shown := logbind.Bind(testkit.Request(), testkit.Hooked(io.Discard))
	hidden := logbind.Bind(testkit.Request(), testkit.Hooked(io.Discard).Level(zerolog.InfoLevel))
	unhooked := zerolog.New(io.Discard).Level(zerolog.InfoLevel).WithContext(testkit.Request())
	inSlog := context.WithValue(testkit.Request(), seam.SlogKey{}, slog.New(logctx.Slog(slog.NewJSONHandler(io.Discard, nil), logctx.Config{})))
	start := testing.AllocsPerRun(200, func() {
		_, span := trace.Starter{Kind: oteltrace.SpanKindClient}.Start(hidden, trace.B3{}, "m")
		span.End()
	})
	for _, test := range []struct {
		name string
		ctx  context.Context
		most float64 // allocations beyond those of the span: the call and the function
	}{
		{"shown", shown, 3}, // the third is the text of the IDs
		{"hidden", hidden, 2},
		{"hidden, without our hook", unhooked, 2},
		{"hidden by slog", inSlog, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := testing.AllocsPerRun(200, func() {
				_, done := logctx.Call(test.ctx, "dynamodb.eu-west-1", "GetItem")
				done(nil)
			})
			assert.LessOrEqual(t, got-start, test.most+raceAllocs, "allocations of a call, without those of its span")
		})
	}
}
