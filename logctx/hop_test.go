package logctx_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"example.com/clew/internal/hoptest"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
)

// loggings are ways to log. Each line must have the ID.
var loggings = []struct {
	name string
	log  func(ctx context.Context, out *bytes.Buffer)
}{
	{name: "logctx.Info", log: func(ctx context.Context, out *bytes.Buffer) {
		ctx = logctx.New(out).WithContext(ctx)
		logctx.Info(ctx).Msg(message)
	}},
	{name: "logger.Info.Ctx", log: func(ctx context.Context, out *bytes.Buffer) {
		logger := logctx.New(out)
		logger.Info().Ctx(ctx).Msg(message)
	}},
	{name: "zerolog.Ctx of a bound logger", log: func(ctx context.Context, out *bytes.Buffer) {
		ctx = logctx.New(out).WithContext(ctx)
		ctx = logctx.From(ctx).WithContext(ctx)
		zerolog.Ctx(ctx).Info().Msg(message)
	}},
	{name: "slog InfoContext", log: func(ctx context.Context, out *bytes.Buffer) {
		slog.New(logctx.Slog(slog.NewJSONHandler(out, nil), logctx.Config{})).InfoContext(ctx, message)
	}},
	{name: "slog InfoContext over zerolog", log: func(ctx context.Context, out *bytes.Buffer) {
		slog.New(zerolog.NewSlogHandler(testkit.Hooked(out))).InfoContext(ctx, message)
	}},
}

func TestHop(t *testing.T) {
	for _, way := range loggings {
		t.Run(way.name, func(t *testing.T) {
			hoptest.Run(t, func(t *testing.T, r hoptest.Row) hoptest.Seen {
				var out bytes.Buffer
				way.log(r.Context(), &out)
				line := testkit.TakeLine(t, &out)
				assert.Equal(t, spanID, line["span_id"], "span_id of the line")
				id, _ := line["trace_id"].(string)
				return hoptest.Seen{TraceID: id}
			})
		})
	}
}

func TestNoTraceNoFields(t *testing.T) {
	for _, way := range loggings {
		t.Run(way.name, func(t *testing.T) {
			for _, ctx := range []context.Context{context.Background(), testkit.Context("0")} {
				var out bytes.Buffer
				way.log(ctx, &out)
				line := testkit.TakeLine(t, &out)
				assert.NotContains(t, line, "trace_id", "line without a trace")
				assert.NotContains(t, line, "span_id", "line without a trace")
			}
		})
	}
}
