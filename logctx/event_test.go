package logctx_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errGone = errors.New("gone")

var events = []struct {
	name  string
	begin func(ctx context.Context) *zerolog.Event
	want  fields
}{
	{name: "Trace", begin: logctx.Trace, want: fields{"level": "trace"}},
	{name: "Debug", begin: logctx.Debug, want: fields{"level": "debug"}},
	{name: "Info", begin: logctx.Info, want: fields{"level": "info"}},
	{name: "Warn", begin: logctx.Warn, want: fields{"level": "warn"}},
	{name: "Error", begin: logctx.Error, want: fields{"level": "error"}},
	{name: "Err", begin: func(ctx context.Context) *zerolog.Event { return logctx.Err(ctx, errGone) }, want: fields{"level": "error", "error": "gone"}},
	{name: "Err of nil", begin: func(ctx context.Context) *zerolog.Event { return logctx.Err(ctx, nil) }, want: fields{"level": "info"}},
	{name: "WithLevel(Debug)", begin: withLevel(zerolog.DebugLevel), want: fields{"level": "debug"}},
	{name: "WithLevel(Info)", begin: withLevel(zerolog.InfoLevel), want: fields{"level": "info"}},
	{name: "WithLevel(Fatal)", begin: withLevel(zerolog.FatalLevel), want: fields{"level": "fatal"}},
	{name: "WithLevel(Panic)", begin: withLevel(zerolog.PanicLevel), want: fields{"level": "panic"}},
	{name: "WithLevel(No)", begin: withLevel(zerolog.NoLevel), want: fields{}},
	{name: "WithLevel(9)", begin: withLevel(9), want: fields{"level": "9"}},
}

func withLevel(level zerolog.Level) func(ctx context.Context) *zerolog.Event {
	return func(ctx context.Context) *zerolog.Event { return logctx.WithLevel(ctx, level) }
}

// globals sets zerolog's global loggers until the test ends.
func globals(t *testing.T, inContexts *zerolog.Logger, global zerolog.Logger) {
	t.Helper()
	oldContext, oldGlobal := zerolog.DefaultContextLogger, log.Logger
	t.Cleanup(func() { zerolog.DefaultContextLogger, log.Logger = oldContext, oldGlobal })
	zerolog.DefaultContextLogger, log.Logger = inContexts, global
}

func TestEvents(t *testing.T) {
	// The logger is bound to the context of the request. The lines are logged in an inner span.
	var out bytes.Buffer
	ctx := testkit.Hooked(&out).Level(zerolog.TraceLevel).WithContext(testkit.Request())
	ctx = logctx.From(ctx).WithContext(ctx)
	ctx, _ = trace.Start(ctx, "inner")
	for _, e := range events {
		t.Run(e.name, func(t *testing.T) {
			e.begin(ctx).Str("k", "v").Msg(message)
			want := fields{"trace_id": id128, "span_id": trace.SpanID(ctx), "k": "v", "message": message}
			for k, v := range e.want {
				want[k] = v
			}
			assert.NotEqual(t, spanID, trace.SpanID(ctx), "span ID of the inner span")
			assert.Equal(t, want, testkit.TakeLine(t, &out), "line of %s", e.name)
		})
	}
}

func TestEventsBelowTheLevel(t *testing.T) {
	var out bytes.Buffer
	ctx := testkit.Hooked(&out).Level(zerolog.WarnLevel).WithContext(testkit.Request())
	logctx.Trace(ctx).Msg(message)
	logctx.Debug(ctx).Msg(message)
	logctx.Info(ctx).Msg(message)
	logctx.Err(ctx, nil).Msg(message)
	logctx.WithLevel(ctx, zerolog.InfoLevel).Msg(message)
	logctx.WithLevel(ctx, zerolog.Disabled).Msg(message)
	assert.Empty(t, out.String(), "lines below the level")
	logctx.Warn(ctx).Msg(message)
	assert.Equal(t, "warn", testkit.TakeLine(t, &out)["level"], "level of a line at the logger's level")
}

// No line is lost: if the context has no logger, lines go to zerolog.DefaultContextLogger, or else
// to zerolog's global logger.
func TestFallbackChain(t *testing.T) {
	var stored, inContexts, global bytes.Buffer
	tests := []struct {
		name       string
		stored     bool
		inContexts bool
		want       *bytes.Buffer
	}{
		{name: "context's logger", stored: true, inContexts: true, want: &stored},
		{name: "context's logger, no default", stored: true, want: &stored},
		{name: "DefaultContextLogger", inContexts: true, want: &inContexts},
		{name: "global logger", want: &global},
	}
	for _, test := range tests {
		for _, e := range events {
			t.Run(test.name+", "+e.name, func(t *testing.T) {
				var l *zerolog.Logger
				if test.inContexts {
					logger := testkit.Hooked(&inContexts)
					l = &logger
				}
				globals(t, l, testkit.Hooked(&global))
				ctx := testkit.Request()
				if test.stored {
					ctx = testkit.Hooked(&stored).WithContext(ctx)
				}
				e.begin(ctx).Msg(message)
				logctx.From(ctx).Info().Msg("from")
				lines := testkit.TakeLines(t, test.want)
				require.Len(t, lines, 2, "lines")
				assert.Equal(t, id128, lines[0]["trace_id"], "trace_id of the event's line")
				assert.Equal(t, id128, lines[1]["trace_id"], "trace_id of From's line")
				assert.Equal(t, "from", lines[1]["message"], "message of From's line")
				assert.Empty(t, stored.String()+inContexts.String()+global.String(), "lines of the other loggers")
			})
		}
	}
}

// The fallback is for contexts without a logger. A disabled logger stays silent.
func TestDisabledLoggerStaysSilent(t *testing.T) {
	var out bytes.Buffer
	logger := testkit.Hooked(&out)
	globals(t, &logger, logger)
	// zerolog stores a disabled logger only in a context that already holds another logger.
	ctx := testkit.Hooked(&out).WithContext(testkit.Request())
	ctx = zerolog.Nop().WithContext(ctx)
	for _, e := range events {
		e.begin(ctx).Msg(message)
	}
	logctx.From(ctx).Error().Msg(message)
	assert.Empty(t, out.String(), "lines of a disabled logger")
}

func TestFromBinds(t *testing.T) {
	var out bytes.Buffer
	ctx := testkit.Hooked(&out).With().Str("service", "image-store").Logger().WithContext(testkit.Request())
	before := zerolog.Ctx(ctx)
	inner, _ := trace.Start(ctx, "inner")

	logger := logctx.From(inner)
	logger.Info().Msg(message)
	want := fields{"level": "info", "service": "image-store", "trace_id": id128, "span_id": trace.SpanID(inner), "message": message}
	assert.Equal(t, want, testkit.TakeLine(t, &out), "line of From's logger, logged without a context")

	// The caller may change the logger. The change has no effect on the lines of other loggers.
	logger.UpdateContext(func(c zerolog.Context) zerolog.Context { return c.Str("mine", "yes") })
	*logger = logger.Level(zerolog.Disabled)
	assert.Same(t, before, zerolog.Ctx(inner), "the context's logger")
	logctx.Info(inner).Msg(message)
	assert.Equal(t, want, testkit.TakeLine(t, &out), "line of the context's logger, after a change to From's logger")
}

func TestNilContext(t *testing.T) {
	var none context.Context
	for _, e := range events {
		t.Run(e.name, func(t *testing.T) {
			var out bytes.Buffer
			globals(t, nil, testkit.Hooked(&out))
			e.begin(none).Msg(message)
			logctx.From(none).Info().Msg("from")
			lines := testkit.TakeLines(t, &out)
			require.Len(t, lines, 2, "lines of a nil context")
			assert.Equal(t, message, lines[0]["message"], "message of the event's line")
			assert.NotContains(t, lines[0], "trace_id", "line of a nil context")
			assert.Equal(t, fields{"level": "info", "message": "from"}, lines[1], "From's line of a nil context")
		})
	}
}

func TestPanic(t *testing.T) {
	var out bytes.Buffer
	ctx := testkit.Hooked(&out).WithContext(testkit.Request())
	assert.PanicsWithValue(t, message, func() { logctx.Panic(ctx).Msg(message) }, "Panic(ctx).Msg(…)")
	assert.Equal(t, fields{"level": "panic", "trace_id": id128, "span_id": spanID, "message": message}, testkit.TakeLine(t, &out), "line of Panic")

	globals(t, nil, testkit.Hooked(&out))
	assert.PanicsWithValue(t, message, func() { logctx.Panic(nilContext).Msg(message) }, "Panic(nil).Msg(…)")
	assert.Equal(t, fields{"level": "panic", "message": message}, testkit.TakeLine(t, &out), "line of Panic(nil)")
}

// fatalEnv is the environment variable that makes this test binary the child of TestFatal.
const fatalEnv = "CLEW_LOGCTX_FATAL"

func fatal() {
	ctx := testkit.Hooked(os.Stdout).WithContext(testkit.Request())
	if os.Getenv(fatalEnv) == "nil context" {
		log.Logger = testkit.Hooked(os.Stdout)
		ctx = nil
	}
	logctx.Fatal(ctx).Msg(message)
	logctx.Info(ctx).Msg("still here")
}

func TestFatal(t *testing.T) {
	tests := []struct {
		name string
		want fields
	}{
		{name: "context", want: fields{"level": "fatal", "trace_id": id128, "span_id": spanID, "message": message}},
		{name: "nil context", want: fields{"level": "fatal", "message": message}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), fatalEnv+"="+test.name, "GOCOVERDIR="+t.TempDir(), "GORACE=atexit_sleep_ms=0")
			cmd.Stdout = &out
			err := cmd.Run()
			var exit *exec.ExitError
			require.True(t, errors.As(err, &exit), "exit of the program: %v", err)
			assert.Equal(t, 1, exit.ExitCode(), "exit code of Fatal")
			assert.Equal(t, test.want, testkit.TakeLine(t, &out), "line of Fatal")
		})
	}
}
