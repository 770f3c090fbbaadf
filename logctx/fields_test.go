package logctx_test

import (
	"context"
	"log/slog"
	"runtime"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// values returns the values of attributes, by their keys.
func values(attrs []slog.Attr) map[string]any {
	all := make(map[string]any, len(attrs))
	for _, a := range attrs {
		if a.Value.Kind() == slog.KindGroup {
			all[a.Key] = values(a.Value.Group())
			continue
		}
		all[a.Key] = a.Value.Any()
	}
	return all
}

func TestAppendFields(t *testing.T) {
	service := func(c logctx.Config) logctx.Config { c.Service = "shop"; return c }
	for _, tt := range []struct {
		name string
		cfg  logctx.Config
		want map[string]any // on a line with a trace
		bare map[string]any // on a line without a trace
	}{
		{"zero", logctx.Config{}, map[string]any{"trace_id": id128, "span_id": spanID}, map[string]any{}},
		{
			"keys", logctx.Config{TraceKey: "t", SpanKey: "s", Service: "shop"},
			map[string]any{"t": id128, "s": spanID, "service": "shop"}, map[string]any{"service": "shop"},
		},
		{
			"Datadog", service(logctx.Datadog()),
			map[string]any{"dd.trace_id": low64, "dd.span_id": span64, "service": "shop"}, map[string]any{"service": "shop"},
		},
		{
			"Google Cloud", service(logctx.GoogleCloud("p")),
			map[string]any{
				"logging.googleapis.com/trace": "projects/p/traces/" + id128, "logging.googleapis.com/spanId": spanID,
				"logging.googleapis.com/trace_sampled": true, "serviceContext": map[string]any{"service": "shop"},
			}, map[string]any{"serviceContext": map[string]any{"service": "shop"}},
		},
		{
			"ECS", service(logctx.ECS()),
			map[string]any{"trace.id": id128, "span.id": spanID, "service.name": "shop"}, map[string]any{"service.name": "shop"},
		},
		{
			"Logback", service(logctx.Logback()),
			map[string]any{"traceId": id128, "spanId": spanID, "service": "shop"}, map[string]any{"service": "shop"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			missing := 0
			tt.cfg.OnMissing = func(runtime.Frame) { missing++ }
			fields := func(ctx context.Context) map[string]any { return values(tt.cfg.AppendFields(ctx, nil)) }
			assert.Equal(t, tt.want, fields(testkit.Request()), "fields of a context with a trace")
			trace.Do(testkit.Request(), func(context.Context) {
				assert.Equal(t, tt.want, fields(nilContext), "fields of a nil context, in a Do")
				assert.Equal(t, tt.want, fields(context.Background()), "fields of a context without a trace, in a Do")
				assert.NotEqual(t, tt.want, fields(testkit.Context(id64+"-"+spanID)), "fields of a context with another trace, in a Do")
			})
			assert.Zero(t, missing, "calls of OnMissing with a trace")
			assert.Equal(t, tt.bare, fields(context.Background()), "fields of a context without a trace")
			assert.Equal(t, tt.bare, fields(nilContext), "fields of a nil context")
			assert.Equal(t, 2, missing, "calls of OnMissing without a trace")

			// If the keys of a preset are cleared, it still uses the vendor's keys.
			tt.cfg.OnMissing = nil
			if tt.cfg.TraceKey != "t" {
				tt.cfg.TraceKey, tt.cfg.SpanKey = "", ""
				assert.Equal(t, tt.want, fields(testkit.Request()), "fields of a Config without keys")
			}
		})
	}
}

// AppendFields adds its fields after the attributes that dst already has.
func TestAppendFieldsAppends(t *testing.T) {
	dst := make([]slog.Attr, 1, 8)
	dst[0] = slog.Int("n", 1)
	got := logctx.Config{}.AppendFields(testkit.Request(), dst)
	require.Len(t, got, 3)
	assert.Equal(t, "n", got[0].Key)
	assert.Same(t, &dst[0], &got[0], "the result uses the array of dst")
}

func TestAppendFieldsMissingSite(t *testing.T) {
	var got runtime.Frame
	cfg := logctx.Config{OnMissing: func(site runtime.Frame) { got = site }}
	cfg.AppendFields(context.Background(), nil)
	assert.Equal(t, here().Line-1, got.Line)
}

func TestAppendFieldsAllocations(t *testing.T) {
	started, span := trace.Start(testkit.Request(), "request")
	defer span.End()
	var buf [4]slog.Attr
	for _, tt := range []struct {
		name string
		cfg  logctx.Config
		ctx  context.Context
		most float64
	}{
		{"Hex", logctx.Config{Service: "shop"}, started, 0},
		{"Hex, received", logctx.Config{}, testkit.Request(), 1},
		{"ECS", logctx.ECS(), started, 0},
		{"Datadog", logctx.Datadog(), started, 1},
		{"Google Cloud", logctx.GoogleCloud("p"), started, 1},
		{"none", logctx.Datadog(), context.Background(), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := testing.AllocsPerRun(200, func() { tt.cfg.AppendFields(tt.ctx, buf[:0]) })
			assert.LessOrEqual(t, got, tt.most, "allocations")
		})
	}
	trace.Do(started, func(context.Context) {
		got := testing.AllocsPerRun(200, func() { logctx.Config{}.AppendFields(context.Background(), buf[:0]) })
		assert.Zero(t, got, "allocations for a trace from Do")
	})
}
