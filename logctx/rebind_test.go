package logctx_test

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"example.com/clew/internal/logbind"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
)

// When a new root begins, a logger that was bound to the request is bound to the new trace.
func TestRootRebindsTheLogger(t *testing.T) {
	var out bytes.Buffer
	ctx := logbind.Bind(testkit.Request(), testkit.Hooked(&out).With().Str("service", "image-store").Logger())
	root, _ := trace.Root(ctx, "root")
	line := func(ctx context.Context) fields {
		return fields{"level": "info", "service": "image-store", "trace_id": trace.ID(ctx), "span_id": trace.SpanID(ctx)}
	}
	assert.NotEqual(t, id128, trace.ID(root), "trace.ID after Root")

	zerolog.Ctx(root).Info().Send()
	assert.Equal(t, line(root), testkit.TakeLine(t, &out), "line in the new trace")
	zerolog.Ctx(ctx).Info().Send()
	assert.Equal(t, line(ctx), testkit.TakeLine(t, &out), "line in the old trace")
}

func TestRootWithoutALogger(t *testing.T) {
	var out bytes.Buffer
	logger := testkit.Hooked(&out)
	globals(t, &logger, logger)
	root, _ := trace.Root(testkit.Request(), "root")
	assert.Nil(t, logbind.Stored(root), "logger in a context that had none")
	logctx.Info(root).Send()
	assert.Equal(t, trace.ID(root), testkit.TakeLine(t, &out)["trace_id"], "trace_id of the line in the new trace")
}

// The level that a debug trace lowered is restored in the next root. A level that the program has
// set stays.
func TestRootGivesTheLevelBack(t *testing.T) {
	lowered := func(level zerolog.Level) func(ctx context.Context, l zerolog.Logger) context.Context {
		return func(ctx context.Context, l zerolog.Logger) context.Context {
			return logbind.BindDebug(ctx, l.Level(level))
		}
	}
	tests := []struct {
		name          string
		bind          func(ctx context.Context, l zerolog.Logger) context.Context
		before, after zerolog.Level
	}{
		{name: "lowered from info", bind: lowered(zerolog.InfoLevel), before: zerolog.DebugLevel, after: zerolog.InfoLevel},
		{name: "lowered from error", bind: lowered(zerolog.ErrorLevel), before: zerolog.DebugLevel, after: zerolog.ErrorLevel},
		{name: "already debug", bind: lowered(zerolog.DebugLevel), before: zerolog.DebugLevel, after: zerolog.DebugLevel},
		{name: "trace level is not raised", bind: lowered(zerolog.TraceLevel), before: zerolog.TraceLevel, after: zerolog.TraceLevel},
		{name: "not lowered", bind: func(ctx context.Context, l zerolog.Logger) context.Context {
			return logbind.Bind(ctx, l.Level(zerolog.WarnLevel))
		}, before: zerolog.WarnLevel, after: zerolog.WarnLevel},
		{name: "lowered, then given a field", bind: func(ctx context.Context, l zerolog.Logger) context.Context {
			ctx = lowered(zerolog.InfoLevel)(ctx, l)
			return zerolog.Ctx(ctx).With().Str("user", "ann").Logger().WithContext(ctx)
		}, before: zerolog.DebugLevel, after: zerolog.InfoLevel},
		{name: "lowered, then changed", bind: func(ctx context.Context, l zerolog.Logger) context.Context {
			ctx = lowered(zerolog.InfoLevel)(ctx, l)
			return zerolog.Ctx(ctx).Level(zerolog.ErrorLevel).WithContext(ctx)
		}, before: zerolog.ErrorLevel, after: zerolog.ErrorLevel},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			ctx := test.bind(testkit.Request(), testkit.Hooked(&out))
			assert.Equal(t, test.before, zerolog.Ctx(ctx).GetLevel(), "level before Root")
			root, _ := trace.Root(ctx, "root")
			assert.Equal(t, test.after, zerolog.Ctx(root).GetLevel(), "level after Root")
			again, _ := trace.Root(root, "again")
			assert.Equal(t, test.after, zerolog.Ctx(again).GetLevel(), "level after a second Root")
			assert.Equal(t, test.before, zerolog.Ctx(ctx).GetLevel(), "level of the old trace, after Root")
		})
	}
}

// UpdateContext changes a logger in place. So each new root has its own copy of the logger.
func TestRebindingCopiesTheFields(t *testing.T) {
	var mu sync.Mutex
	var out bytes.Buffer
	base := zerolog.New(zerolog.SyncWriter(&out)).With().Str("service", "image-store").Logger()
	ctx := base.WithContext(testkit.Request())
	var wg sync.WaitGroup
	want := map[string]bool{}
	for range 8 {
		wg.Go(func() {
			root, _ := trace.Root(ctx, "root")
			zerolog.Ctx(root).UpdateContext(func(c zerolog.Context) zerolog.Context { return c.Str("job", trace.ID(root)) })
			mu.Lock()
			want[trace.ID(root)] = true
			mu.Unlock()
			zerolog.Ctx(root).Info().Send()
		})
	}
	wg.Wait()
	got := map[string]bool{}
	for _, line := range testkit.TakeLines(t, &out) {
		assert.Equal(t, "image-store", line["service"], "service of the line")
		got[line["job"].(string)] = true
	}
	assert.Equal(t, want, got, "jobs in the lines")
}

// HasHook recognizes no hook but ours, and writes nothing.
func TestHasHook(t *testing.T) {
	var out bytes.Buffer
	ours := logctx.Hook(logctx.Config{})
	theirs := zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) { e.Str("k", "v") })
	tests := []struct {
		name   string
		logger zerolog.Logger
		want   bool
	}{
		{name: "New", logger: logctx.New(&out), want: true},
		{name: "Console", logger: logctx.Console(&out), want: true},
		{name: "our hook", logger: zerolog.New(&out).Hook(ours), want: true},
		{name: "with custom keys", logger: zerolog.New(&out).Hook(logctx.Hook(logctx.Datadog())), want: true},
		{name: "our hook among others", logger: zerolog.New(&out).Hook(theirs, ours, theirs), want: true},
		{name: "at a high level", logger: zerolog.New(&out).Hook(ours).Level(zerolog.PanicLevel), want: true},
		{name: "with a sampler that drops all lines", logger: zerolog.New(&out).Hook(ours).Sample(zerolog.RandomSampler(0)), want: true},
		{name: "no hook", logger: zerolog.New(&out)},
		{name: "another hook", logger: zerolog.New(&out).Hook(theirs)},
		{name: "disabled", logger: zerolog.New(&out).Hook(ours).Level(zerolog.Disabled), want: true},
		{name: "disabled, without a hook", logger: zerolog.New(&out).Level(zerolog.Disabled)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, logbind.HasHook(test.logger), "HasHook")
			assert.Empty(t, out.String(), "output of HasHook")
		})
	}
}
