package testkit

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// SDK returns an SDK with this sampler, and the recorder of its spans. A nil sampler is the SDK's
// default, which samples roots and obeys parents.
func SDK(sampler sdktrace.Sampler) (*sdktrace.TracerProvider, *tracetest.SpanRecorder) {
	recorder := tracetest.NewSpanRecorder()
	opts := []sdktrace.TracerProviderOption{sdktrace.WithSpanProcessor(recorder)}
	if sampler != nil {
		opts = append(opts, sdktrace.WithSampler(sampler))
	}
	return sdktrace.NewTracerProvider(opts...), recorder
}
