package logctx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"time"

	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
)

// handlerContext returns a handler's context, in the trace 463ac35c9f6413ad and with a logger.
func handlerContext() context.Context {
	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312")
	ctx := trace.NewContext(context.Background(), b)
	logger := zerolog.New(os.Stdout).Level(zerolog.TraceLevel).Hook(logctx.Hook(logctx.Config{}))
	return logger.WithContext(ctx)
}

// stopClock gives all lines of the examples the same time.
func stopClock() (start func()) {
	old := zerolog.TimestampFunc
	zerolog.TimestampFunc = func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC) }
	return func() { zerolog.TimestampFunc = old }
}

func ExampleNew() {
	defer stopClock()()
	ctx := handlerContext()

	logger := logctx.New(os.Stdout)
	logger.Info().Ctx(ctx).Str("image", "cat.png").Msg("resized")
	// Output: {"level":"info","image":"cat.png","time":"2026-03-04T05:06:07.089000Z","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","message":"resized"}
}

func ExampleConsole() {
	defer stopClock()()
	zone := time.Local
	time.Local = time.UTC
	defer func() { time.Local = zone }()
	ctx := handlerContext()

	logger := logctx.Console(os.Stdout) // on a terminal, the ID has a colour of its own
	logger.Info().Ctx(ctx).Str("image", "cat.png").Msg("resized")
	logger.Warn().Ctx(ctx).Msg("not\nquite")
	// Output:
	// 05:06:07.089000 INF 463ac35c9f6413ad resized image=cat.png span_id=a2fb4a1d1a96d312
	// 05:06:07.089000 WRN 463ac35c9f6413ad "not\nquite" span_id=a2fb4a1d1a96d312
}

// A call of DynamoDB has its own span and its own line. The line contains the duration of the
// call.
func ExampleCall() {
	var out bytes.Buffer
	ctx := logctx.New(&out).WithContext(handlerContext())
	getItem := func(context.Context) error { return errors.New("throttled") }

	callCtx, done := logctx.Call(ctx, "dynamodb.eu-west-1.amazonaws.com", "GetItem")
	err := getItem(callCtx)
	done(err)

	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		fmt.Println(err)
	}
	delete(line, "time")
	delete(line, "duration_ms") // 4.711
	delete(line, "span_id")     // the ID of the call's own span
	for _, key := range slices.Sorted(maps.Keys(line)) {
		fmt.Println(key, line[key])
	}
	// Output:
	// error throttled
	// host dynamodb.eu-west-1.amazonaws.com
	// level debug
	// message call
	// method GetItem
	// parent_id a2fb4a1d1a96d312
	// trace_id 463ac35c9f6413ad
}

func ExampleHook() {
	ctx := handlerContext()

	logger := zerolog.New(os.Stdout).With().Str("service", "image-store").Logger() // the one you have
	logger = logger.Hook(logctx.Hook(logctx.Config{}))
	logger.Info().Ctx(ctx).Msg("resized")
	// Output: {"level":"info","service":"image-store","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","message":"resized"}
}

func ExampleInfo() {
	ctx := handlerContext()
	logctx.Info(ctx).Str("image", "cat.png").Msg("resized")
	// Output: {"level":"info","image":"cat.png","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","message":"resized"}
}

func ExampleTrace() {
	logctx.Trace(handlerContext()).Msg("cache asked")
	// Output: {"level":"trace","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","message":"cache asked"}
}

func ExampleDebug() {
	logctx.Debug(handlerContext()).Msg("cache miss")
	// Output: {"level":"debug","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","message":"cache miss"}
}

func ExampleWarn() {
	logctx.Warn(handlerContext()).Int("attempt", 2).Msg("slow disk")
	// Output: {"level":"warn","attempt":2,"trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","message":"slow disk"}
}

func ExampleError() {
	logctx.Error(handlerContext()).Msg("no disk")
	// Output: {"level":"error","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","message":"no disk"}
}

func ExampleErr() {
	ctx := handlerContext()
	logctx.Err(ctx, errors.New("disk is full")).Msg("saved")
	logctx.Err(ctx, nil).Msg("saved")
	// Output:
	// {"level":"error","error":"disk is full","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","message":"saved"}
	// {"level":"info","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","message":"saved"}
}

func ExampleWithLevel() {
	level := zerolog.WarnLevel // from a configuration, say
	logctx.WithLevel(handlerContext(), level).Msg("slow disk")
	// Output: {"level":"warn","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","message":"slow disk"}
}

func ExampleFrom() {
	resize := func(logger *zerolog.Logger) { // knows no context
		logger.Info().Msg("resized")
	}
	resize(logctx.From(handlerContext()))
	// Output: {"level":"info","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","message":"resized"}
}

func ExampleSlog() {
	ctx := handlerContext()
	handler := slog.NewJSONHandler(os.Stdout, withoutTime)

	logger := slog.New(logctx.Slog(handler, logctx.Config{TraceKey: "trace", SpanKey: "span"}))
	logger.InfoContext(ctx, "resized")
	logger.Info("no context, no ID")
	// Output:
	// {"level":"INFO","msg":"resized","trace":"463ac35c9f6413ad","span":"a2fb4a1d1a96d312"}
	// {"level":"INFO","msg":"no context, no ID"}
}

func ExampleSlogFrom() {
	handler := slog.NewJSONHandler(os.Stdout, withoutTime)
	ctx := logctx.WithSlog(handlerContext(), slog.New(handler)) // as httpmw does with its Config's Slog

	resize := func(logger *slog.Logger) { // knows no context
		logger.Info("resized", "image", "cat.png")
	}
	resize(logctx.SlogFrom(ctx))
	// Output: {"level":"INFO","msg":"resized","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","image":"cat.png"}
}

// If a program logs only with slog, main passes the logger to background work in a context. The
// lines of calls and jobs then go to this logger too.
func ExampleWithSlog() {
	logger := slog.New(logctx.Slog(slog.NewJSONHandler(os.Stdout, withoutTime), logctx.Config{Service: "image-store"}))
	ctx := logctx.WithSlog(context.Background(), logger)

	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312") // the trace that came with a message
	logctx.SlogFrom(trace.NewContext(ctx, b)).Info("resized")
	// Output: {"level":"INFO","msg":"resized","service":"image-store","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312"}
}

// withoutTime leaves out the fields that change from run to run.
var withoutTime = &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}}

func ExampleDatadog() {
	logger := zerolog.New(os.Stdout).Hook(logctx.Hook(logctx.Datadog()))
	logger.Info().Ctx(handlerContext()).Msg("resized")
	// Output: {"level":"info","dd.trace_id":"5060571933882717101","dd.span_id":"11744061942159299346","message":"resized"}
}

func ExampleGoogleCloud() {
	logger := zerolog.New(os.Stdout).Hook(logctx.Hook(logctx.GoogleCloud("my-project")))
	logger.Info().Ctx(handlerContext()).Msg("resized")
	// Output: {"level":"info","logging.googleapis.com/trace":"projects/my-project/traces/0000000000000000463ac35c9f6413ad","logging.googleapis.com/spanId":"a2fb4a1d1a96d312","logging.googleapis.com/trace_sampled":false,"message":"resized"}
}

func ExampleECS() {
	logger := zerolog.New(os.Stdout).Hook(logctx.Hook(logctx.ECS()))
	logger.Info().Ctx(handlerContext()).Msg("resized")
	// Output: {"level":"info","trace.id":"463ac35c9f6413ad","span.id":"a2fb4a1d1a96d312","message":"resized"}
}

func ExampleLogback() {
	logger := zerolog.New(os.Stdout).Hook(logctx.Hook(logctx.Logback()))
	logger.Info().Ctx(handlerContext()).Msg("resized")
	// Output: {"level":"info","traceId":"463ac35c9f6413ad","spanId":"a2fb4a1d1a96d312","message":"resized"}
}

// OnMissing counts lines without an ID by the function that logs them. The counts in /debug/vars
// show where the trace is lost.
func ExampleConfig_onMissing() {
	missing := new(expvar.Map) // in a service: expvar.NewMap("lines_without_trace")
	cfg := logctx.Config{OnMissing: func(site runtime.Frame) { missing.Add(path.Base(site.Function), 1) }}
	logger := zerolog.New(io.Discard).Hook(logctx.Hook(cfg))

	ctx := handlerContext()
	logger.Info().Ctx(ctx).Msg("resized")
	for range 3 {
		logger.Info().Msg("stored")
	}
	fmt.Println(missing)
	// Output: {"logctx_test.ExampleConfig_onMissing": 3}
}
