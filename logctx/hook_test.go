package logctx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
)

// formats are the fields that backends read, according to their own documentation.
var formats = []struct {
	name string
	cfg  logctx.Config
	ctx  string // a b3 header
	want fields
}{
	{name: "zero Config", ctx: id128 + "-" + spanID,
		want: fields{"trace_id": id128, "span_id": spanID}},
	{name: "zero Config, 64 bit", ctx: id64 + "-" + spanID,
		want: fields{"trace_id": id64, "span_id": spanID}},
	{name: "zero Config, 64 bit in 32 digits", ctx: idWide + "-" + spanID,
		want: fields{"trace_id": idWide, "span_id": spanID}},
	{name: "custom keys", cfg: logctx.Config{TraceKey: "tid", SpanKey: "sid"}, ctx: id128 + "-" + spanID,
		want: fields{"tid": id128, "sid": spanID}},
	{name: "one custom key", cfg: logctx.Config{SpanKey: "sid"}, ctx: id128 + "-" + spanID,
		want: fields{"trace_id": id128, "sid": spanID}},
	{name: "unknown Format", cfg: logctx.Config{Format: 77}, ctx: id64 + "-" + spanID,
		want: fields{"trace_id": id64, "span_id": spanID}},
	{name: "Decimal with default keys", cfg: logctx.Config{Format: logctx.Decimal}, ctx: id64 + "-" + spanID,
		want: fields{"trace_id": "5060571933882717101", "span_id": span64}},
	{name: "Datadog", cfg: logctx.Datadog(), ctx: id128 + "-" + spanID,
		want: fields{"dd.trace_id": low64, "dd.span_id": span64}},
	{name: "Datadog, 64 bit in 32 digits", cfg: logctx.Datadog(), ctx: idWide + "-" + spanID,
		want: fields{"dd.trace_id": low64, "dd.span_id": span64}},
	{name: "GoogleCloud, defer", cfg: logctx.GoogleCloud("my-project"), ctx: id128 + "-" + spanID,
		want: google("projects/my-project/traces/"+id128, false)},
	{name: "GoogleCloud, deny", cfg: logctx.GoogleCloud("my-project"), ctx: id128 + "-" + spanID + "-0",
		want: google("projects/my-project/traces/"+id128, false)},
	{name: "GoogleCloud, accept", cfg: logctx.GoogleCloud("my-project"), ctx: id128 + "-" + spanID + "-1",
		want: google("projects/my-project/traces/"+id128, true)},
	{name: "GoogleCloud, debug", cfg: logctx.GoogleCloud("my-project"), ctx: id128 + "-" + spanID + "-d",
		want: google("projects/my-project/traces/"+id128, true)},
	{name: "GoogleCloud, 64 bit", cfg: logctx.GoogleCloud("my-project"), ctx: id64 + "-" + spanID,
		want: google("projects/my-project/traces/0000000000000000"+id64, false)},
	{name: "GoogleCloud, long project", cfg: logctx.GoogleCloud("example.com:" + strings.Repeat("p", 90)), ctx: id128 + "-" + spanID,
		want: google("projects/example.com:"+strings.Repeat("p", 90)+"/traces/"+id128, false)},
	{name: "GoogleCloud without a project", cfg: logctx.GoogleCloud(""), ctx: id128 + "-" + spanID,
		want: google(id128, false)},
	{name: "ECS", cfg: logctx.ECS(), ctx: id128 + "-" + spanID,
		want: fields{"trace.id": id128, "span.id": spanID}},
	{name: "Logback", cfg: logctx.Logback(), ctx: id64 + "-" + spanID,
		want: fields{"traceId": id64, "spanId": spanID}},
}

func google(resource string, sampled bool) fields {
	return fields{
		"logging.googleapis.com/trace":         resource,
		"logging.googleapis.com/spanId":        spanID,
		"logging.googleapis.com/trace_sampled": sampled,
	}
}

func TestFormats(t *testing.T) {
	for _, test := range formats {
		t.Run(test.name, func(t *testing.T) {
			ctx := testkit.Context(test.ctx)
			var out bytes.Buffer

			logger := zerolog.New(&out).Hook(logctx.Hook(test.cfg))
			logger.Log().Ctx(ctx).Send()
			assert.Equal(t, test.want, testkit.TakeLine(t, &out), "line with Hook(%+v)", test.cfg)

			h := logctx.Slog(slog.NewJSONHandler(&out, bare), test.cfg)
			slog.New(h).InfoContext(ctx, "")
			assert.Equal(t, test.want, testkit.TakeLine(t, &out), "line with Slog(…, %+v)", test.cfg)
		})
	}
}

// bare leaves out the attributes that slog adds.
var bare = &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	return a
}}

func TestHookWritesTheLinesOwnSpan(t *testing.T) {
	var out bytes.Buffer
	ctx := testkit.Request()
	bound := testkit.Hooked(&out).With().Ctx(ctx).Logger() // as a middleware binds it
	inner, _ := trace.Start(ctx, "inner")
	other, _ := trace.Root(ctx, "other")

	tests := []struct {
		name string
		log  func()
		ctx  context.Context // the line must have the IDs of this context
	}{
		{name: "bound", log: func() { bound.Info().Send() }, ctx: ctx},
		{name: "inner span", log: func() { bound.Info().Ctx(inner).Send() }, ctx: inner},
		{name: "other trace", log: func() { bound.Info().Ctx(other).Send() }, ctx: other},
		{name: "bound, again", log: func() { bound.Info().Send() }, ctx: ctx},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.log()
			assert.Equal(t, fields{"level": "info", "trace_id": trace.ID(test.ctx), "span_id": trace.SpanID(test.ctx)}, testkit.TakeLine(t, &out), "line")
		})
	}
}

// Lines have the ID even if their trace is not sampled. Most traces are not.
func TestHookWritesWhenUnsampled(t *testing.T) {
	never := trace.Starter{TracerProvider: trace.NewProvider(trace.ProviderConfig{Sampler: trace.Never()})}
	root, _ := never.Start(context.Background(), trace.B3{}, "root")
	for _, ctx := range []context.Context{root, testkit.Context(id128 + "-" + spanID + "-0"), testkit.Context(id128 + "-" + spanID)} {
		var out bytes.Buffer
		logger := testkit.Hooked(&out)
		logger.Info().Ctx(ctx).Send()
		assert.Equal(t, fields{"level": "info", "trace_id": trace.ID(ctx), "span_id": trace.SpanID(ctx)}, testkit.TakeLine(t, &out), "line of an unsampled trace")
	}
}

// No line has a field twice. The test counts JSON tokens, because a parsed map would hide the
// second field.
func TestHookWritesOnce(t *testing.T) {
	for _, way := range loggings {
		t.Run(way.name, func(t *testing.T) {
			var out bytes.Buffer
			way.log(testkit.Request(), &out)
			seen := map[string]int{}
			dec := json.NewDecoder(&out)
			for {
				token, err := dec.Token()
				if err != nil {
					break
				}
				if s, ok := token.(string); ok {
					seen[s]++
				}
			}
			for _, name := range []string{"trace_id", "span_id", "time", "level", id128, spanID} {
				want := 1
				if name == "time" && seen[name] == 0 {
					continue // not every logger of this test writes the time
				}
				assert.Equal(t, want, seen[name], "times that %q is in the line", name)
			}
		})
	}
}

func TestHookWithoutContext(t *testing.T) {
	var out bytes.Buffer
	logger := testkit.Hooked(&out)
	logger.Info().Msg(message)
	logger.Info().Ctx(nilContext).Msg(message)
	for _, line := range testkit.TakeLines(t, &out) {
		assert.Equal(t, fields{"level": "info", "message": message}, line, "line without a context")
	}
}

// One hook serves all goroutines.
func TestHookIsSafeForConcurrentUse(t *testing.T) {
	hook := logctx.Hook(logctx.GoogleCloud("my-project"))
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			var out bytes.Buffer
			logger := zerolog.New(&out).Hook(hook)
			for range 100 {
				ctx, _ := trace.Start(context.Background(), "root")
				logger.Log().Ctx(ctx).Send()
				assert.Equal(t, "projects/my-project/traces/"+trace.ID(ctx), testkit.TakeLine(t, &out)["logging.googleapis.com/trace"], "trace of the line")
			}
		}()
	}
	for range 4 {
		<-done
	}
}
