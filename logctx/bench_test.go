package logctx_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"example.com/clew/internal/logbind"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// way is a way to write a line.
type way struct {
	name string
	line func()
}

func benchmark(b *testing.B, ways []way) {
	for _, w := range ways {
		b.Run(w.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.line()
			}
		})
	}
}

// Each benchmark is next to its twin, which writes the same line without this package.

func BenchmarkLine(b *testing.B) {
	ctx := testkit.Request()
	plain := zerolog.New(io.Discard)
	ours := testkit.Hooked(io.Discard)
	stored := ours.WithContext(ctx)
	bound := logctx.From(stored)
	plainStored := plain.WithContext(ctx)
	google := plain.Hook(logctx.Hook(logctx.GoogleCloud("my-project")))
	datadog := plain.Hook(logctx.Hook(logctx.Datadog()))
	benchmark(b, []way{
		{name: "plain", line: func() { plain.Info().Str("k", "v").Msg(message) }},
		{name: "plain, IDs by hand", line: func() {
			plain.Info().Str("k", "v").Str("trace_id", id128).Str("span_id", spanID).Msg(message)
		}},
		{name: "hook", line: func() { ours.Info().Ctx(ctx).Str("k", "v").Msg(message) }},
		{name: "hook, without a trace", line: func() { ours.Info().Str("k", "v").Msg(message) }},
		{name: "hook, Datadog", line: func() { datadog.Info().Ctx(ctx).Str("k", "v").Msg(message) }},
		{name: "hook, GoogleCloud", line: func() { google.Info().Ctx(ctx).Str("k", "v").Msg(message) }},
		{name: "bound", line: func() { bound.Info().Str("k", "v").Msg(message) }},
		{name: "zerolog.Ctx", line: func() { zerolog.Ctx(plainStored).Info().Str("k", "v").Msg(message) }},
		{name: "logctx.Info", line: func() { logctx.Info(stored).Str("k", "v").Msg(message) }},
	})
}

func BenchmarkDisabledLine(b *testing.B) {
	ctx := testkit.Request()
	plain := zerolog.New(io.Discard).Level(zerolog.ErrorLevel)
	ours := testkit.Hooked(io.Discard).Level(zerolog.ErrorLevel)
	stored, plainStored := ours.WithContext(ctx), plain.WithContext(ctx)
	benchmark(b, []way{
		{name: "plain", line: func() { plain.Info().Str("k", "v").Msg(message) }},
		{name: "hook", line: func() { ours.Info().Ctx(ctx).Str("k", "v").Msg(message) }},
		{name: "zerolog.Ctx", line: func() { zerolog.Ctx(plainStored).Info().Str("k", "v").Msg(message) }},
		{name: "logctx.Info", line: func() { logctx.Info(stored).Str("k", "v").Msg(message) }},
	})
}

func BenchmarkTime(b *testing.B) {
	stamped := zerolog.New(io.Discard).With().Timestamp().Logger()
	ours := logctx.New(io.Discard)
	b.Run("zerolog", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			stamped.Info().Msg(message)
		}
	})
	b.Run("New", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ours.Info().Msg(message)
		}
	})
}

func BenchmarkSlog(b *testing.B) {
	ctx := testkit.Request()
	for _, h := range []struct {
		name string
		slog.Handler
	}{
		{"plain", slog.NewJSONHandler(io.Discard, nil)},
		{"Slog", logctx.Slog(slog.NewJSONHandler(io.Discard, nil), logctx.Config{})},
	} {
		logger := slog.New(h.Handler)
		b.Run(h.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				logger.InfoContext(ctx, message, "k", "v")
			}
		})
		grouped := logger.With("a", 1).WithGroup("g").With("b", 2)
		b.Run(h.name+" in a group", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				grouped.InfoContext(ctx, message, "k", "v")
			}
		})
	}
}

func BenchmarkCall(b *testing.B) {
	stored := testkit.Hooked(io.Discard).WithContext(testkit.Request())
	shown := logbind.Bind(testkit.Request(), testkit.Hooked(io.Discard)) // as httpmw does
	hidden := testkit.Hooked(io.Discard).Level(zerolog.InfoLevel).WithContext(testkit.Request())
	start := func(ctx context.Context) (context.Context, oteltrace.Span) {
		return trace.Starter{Kind: oteltrace.SpanKindClient}.Start(ctx, trace.B3{}, "GetItem")
	}
	benchmark(b, []way{
		{name: "a span", line: func() { _, span := start(hidden); span.End() }},
		{name: "a span, and a line by hand", line: func() {
			begun := time.Now()
			ctx, span := start(shown)
			span.End()
			logctx.Debug(ctx).Str("method", "GetItem").Str("host", "dynamodb.eu-west-1").Dur("duration_ms", time.Since(begun)).
				Str("parent_id", spanID).Bool("sampled", true).Msg("call")
		}},
		{name: "shown, by a logger that is not bound", line: func() { _, done := logctx.Call(stored, "dynamodb.eu-west-1", "GetItem"); done(nil) }},
		{name: "shown", line: func() { _, done := logctx.Call(shown, "dynamodb.eu-west-1", "GetItem"); done(nil) }},
		{name: "hidden", line: func() { _, done := logctx.Call(hidden, "dynamodb.eu-west-1", "GetItem"); done(nil) }},
	})
}
