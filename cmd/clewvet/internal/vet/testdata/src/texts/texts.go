package texts

import (
	"context"
	"fmt"
	"log/slog"

	"example.com/clew/trace"
	"github.com/rs/zerolog/log"
	oteltrace "go.opentelemetry.io/otel/trace"
)

func lines(ctx context.Context) {
	b, _ := trace.FromContext(ctx)
	slog.InfoContext(ctx, "", "trace", b.TraceID.String())              // want `b.TraceID.String\(\) always has 32 digits, even for an ID that came with 16: use b.ID\(\)`
	slog.InfoContext(ctx, "", "trace", b.TraceID)                       // want `b.TraceID always has 32 digits, even for an ID that came with 16: use b.ID\(\)`
	slog.InfoContext(ctx, "", slog.String("trace", b.TraceID.String())) // want `use b.ID\(\)`
	slog.InfoContext(ctx, fmt.Sprintf("in %s", b.TraceID))              // want `use b.ID\(\)`
	log.Info().Ctx(ctx).Str("trace", b.TraceID.String()).Msg("")        // want `use b.ID\(\)`
	log.Info().Ctx(ctx).Stringer("trace", b.TraceID).Msg("")            // want `b.TraceID always has 32 digits, even for an ID that came with 16: use b.ID\(\)`
	id := b.TraceID.String()                                            // want `use b.ID\(\)`
	slog.InfoContext(ctx, "", "trace", id)

	slog.InfoContext(ctx, "", "trace", b.ID(), "span", b.SpanID.String())
	slog.InfoContext(ctx, "", "valid", b.TraceID.IsValid())
	_ = b.TraceID.String() == "0"
	fmt.Println(b.TraceID.String())
	elsewhere := b.TraceID.String()
	_ = elsewhere
	var other other
	slog.InfoContext(ctx, "", "trace", other.TraceID.String())
}

type other struct{ TraceID oteltrace.TraceID }
