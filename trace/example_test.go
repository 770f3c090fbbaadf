package trace_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"example.com/clew/trace"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

func ExampleParse() {
	b, err := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	fmt.Println(b, b.Sampling, err)

	_, err = trace.Parse("463ac35c9f6413ad!a2fb4a1d1a96d312")
	fmt.Println(err)
	// Output:
	// 463ac35c9f6413ad-a2fb4a1d1a96d312-1 accept <nil>
	// trace: malformed B3: trace ID is not 16 or 32 hexadecimal digits, or is zero
}

func ExampleB3_String() {
	b, _ := trace.Parse("463AC35C9F6413AD-A2FB4A1D1A96D312-d")
	fmt.Println(b.String())
	fmt.Println(trace.B3{Sampling: trace.Deny}.String())
	// Output:
	// 463ac35c9f6413ad-a2fb4a1d1a96d312-d
	// 0
}

// A trace ID of 16 digits keeps 16 digits. OpenTelemetry writes the same ID with 32 digits, which
// would match none of the caller's log lines.
func ExampleB3_ID() {
	h := http.Header{}
	h.Set("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312")
	b, _ := trace.FromHeader(h)
	fmt.Println(b.ID())
	fmt.Println(b.TraceID.String())
	// Output:
	// 463ac35c9f6413ad
	// 0000000000000000463ac35c9f6413ad
}

func ExampleB3_AppendTraceID() {
	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312")
	line := []byte("trace_id=")
	line = b.AppendTraceID(line)
	fmt.Println(string(line))
	// Output: trace_id=463ac35c9f6413ad
}

func ExampleSampling() {
	for _, value := range []string{"463ac35c9f6413ad-a2fb4a1d1a96d312", "0", "1", "d"} {
		b, _ := trace.Parse(value)
		fmt.Println(b.Sampling)
	}
	// Output:
	// defer
	// deny
	// accept
	// debug
}

func ExampleFromHeader() {
	h := http.Header{}
	h.Set("X-B3-TraceId", "463ac35c9f6413ad")
	h.Set("X-B3-SpanId", "a2fb4a1d1a96d312")
	h.Set("X-B3-Sampled", "0")

	b, err := trace.FromHeader(h)
	fmt.Println(b, b.Sampling, err)

	b, err = trace.FromHeader(http.Header{}) // no trace is no error
	fmt.Println(b == trace.B3{}, err)
	// Output:
	// 463ac35c9f6413ad-a2fb4a1d1a96d312-0 deny <nil>
	// true <nil>
}

func ExampleNewContext() {
	// b comes from a queue whose messages have no headers.
	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	ctx := trace.NewContext(context.Background(), b)

	ctx, span := trace.Start(ctx, "consume")
	defer span.End()
	fmt.Println(trace.ID(ctx))
	// Output: 463ac35c9f6413ad
}

func ExampleFromContext() {
	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	ctx, span := trace.Start(trace.NewContext(context.Background(), b), "consume")
	defer span.End()

	b, ok := trace.FromContext(ctx)
	fmt.Println(ok, b.ParentSpanID, b.Sampling)
	// Output: true a2fb4a1d1a96d312 accept
}

func ExampleID() {
	ctx := context.Background()
	fmt.Printf("%q\n", trace.ID(ctx))

	ctx, span := trace.Start(ctx, "job")
	defer span.End()
	fmt.Println(len(trace.ID(ctx)), "digits")
	// Output:
	// ""
	// 32 digits
}

func ExampleSpanID() {
	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	ctx := trace.NewContext(context.Background(), b)
	fmt.Println(trace.SpanID(ctx))
	// Output: a2fb4a1d1a96d312
}

func ExampleStart() {
	ctx, span := trace.Start(context.Background(), "resize")
	defer span.End()

	child, childSpan := trace.Start(ctx, "decode")
	defer childSpan.End()
	fmt.Println(trace.ID(child) == trace.ID(ctx), trace.SpanID(child) == trace.SpanID(ctx))
	// Output: true false
}

func ExampleRoot() {
	request, span := trace.Start(context.Background(), "request")
	defer span.End()

	// The request causes this work, but the work is no part of the request.
	job, jobSpan := trace.Root(request, "reindex")
	defer jobSpan.End()
	fmt.Println(trace.ID(job) == trace.ID(request))
	// Output: false
}

func ExampleDetach() {
	request, cancel := context.WithTimeout(context.Background(), time.Second)
	request, span := trace.Start(request, "request")
	defer span.End()

	background := trace.Detach(request)
	cancel() // the request is over
	fmt.Println(trace.ID(background) == trace.ID(request), background.Err())
	// Output: true <nil>
}

func ExampleOnly() {
	type body struct{}
	request := context.WithValue(context.Background(), body{}, "one megabyte")
	request, span := trace.Start(request, "request")
	defer span.End()

	queued := trace.Only(request) // work with this context may wait for hours
	fmt.Println(trace.ID(queued) == trace.ID(request), queued.Value(body{}))
	// Output: true <nil>
}

// Code that gets no context, such as the hook of a logger, can ask for its goroutine's trace.
func ExampleDo() {
	log := func(message string) { // deep in code that nobody wants to change
		fmt.Println(message, trace.ID(trace.Implicit(context.Background())))
	}
	message, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-1") // from a queue

	trace.Do(trace.NewContext(context.Background(), message), func(context.Context) {
		log("received")
	})
	log("waiting")
	// Output:
	// received 463ac35c9f6413ad
	// waiting
}

func ExampleImplicit() {
	message, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	received := trace.NewContext(context.Background(), message)
	own, span := trace.Start(context.Background(), "a trace of its own")
	defer span.End()

	trace.Do(received, func(context.Context) {
		fmt.Println(trace.ID(trace.Implicit(context.Background())))
		fmt.Println(trace.ID(trace.Implicit(own)) == trace.ID(own))
	})
	// Output:
	// 463ac35c9f6413ad
	// true
}

func ExampleStarter() {
	// A middleware does the following.
	starter := trace.Starter{Kind: oteltrace.SpanKindServer}
	handler := func(_ http.ResponseWriter, r *http.Request) {
		caller, _ := trace.FromHeader(r.Header) // a malformed header counts as no header
		ctx, span := starter.Start(r.Context(), caller, r.Method)
		defer span.End()
		fmt.Println(trace.ID(ctx))
	}

	r, _ := http.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	handler(nil, r)
	// Output: 463ac35c9f6413ad
}

// This consumer never samples heartbeats, unless the producer has decided.
func ExampleStarter_sample() {
	consume := func(topic string) {
		starter := trace.Starter{Kind: oteltrace.SpanKindConsumer, Sample: func() trace.Sampling {
			if topic == "heartbeats" {
				return trace.Deny
			}
			return trace.Defer // the sampler decides
		}}
		_, span := starter.Start(context.Background(), trace.B3{}, topic)
		defer span.End()
		fmt.Println(topic, span.SpanContext().IsSampled())
	}

	consume("heartbeats")
	// Output: heartbeats false
}

func ExamplePropagator() {
	h := http.Header{"B3": {"463ac35c9f6413ad-a2fb4a1d1a96d312-1"}}
	ctx := trace.Propagator{}.Extract(context.Background(), propagation.HeaderCarrier(h))

	out := http.Header{}
	trace.Propagator{}.Inject(ctx, propagation.HeaderCarrier(out))
	fmt.Println(out.Get("X-B3-TraceId"), out.Get("X-B3-SpanId"), out.Get("X-B3-Sampled"))
	// Output: 463ac35c9f6413ad a2fb4a1d1a96d312 1
}

// Choose the single header for queues, maps and the environment.
func ExamplePropagator_queue() {
	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-d")
	ctx := trace.NewContext(context.Background(), b)

	message := map[string]string{}
	trace.Propagator{Encoding: b3.B3SingleHeader}.Inject(ctx, propagation.MapCarrier(message))
	fmt.Println(message)
	// Output: map[b3:463ac35c9f6413ad-a2fb4a1d1a96d312-d]
}

func ExampleNewProvider() {
	provider := trace.NewProvider(trace.ProviderConfig{Sampler: trace.Always()})
	ctx, span := provider.Tracer("example").Start(context.Background(), "job")
	defer span.End()
	fmt.Println(len(trace.ID(ctx)), span.SpanContext().IsSampled(), span.IsRecording())
	// Output: 32 true false
}

func ExampleAlways() {
	fmt.Println(trace.Always().Sample(oteltrace.TraceID{1}))
	// Output: true
}

func ExampleNever() {
	fmt.Println(trace.Never().Sample(oteltrace.TraceID{1}))
	// Output: false
}

func ExampleNewLimit() {
	limit := trace.NewLimit(1.0 / 3600) // one trace an hour; 10 would be ten a second
	provider := trace.NewProvider(trace.ProviderConfig{Sampler: limit})

	sampled := 0
	for range 1000 {
		_, span := provider.Tracer("example").Start(context.Background(), "job")
		if span.SpanContext().IsSampled() {
			sampled++
		}
		span.End()
	}
	fmt.Println(sampled, "of 1,000 at once")
	// Output: 1 of 1,000 at once
}

func ExampleNewRatio() {
	ratio := trace.NewRatio(0.001) // one trace in a thousand
	fmt.Println(ratio.Sample(oteltrace.TraceID{8: 0x00, 9: 0x01}), ratio.Sample(oteltrace.TraceID{8: 0xff}))
	// Output: true false
}

func ExampleRatio_SetRate() {
	ratio := trace.NewRatio(0)
	provider := trace.NewProvider(trace.ProviderConfig{Sampler: ratio})
	sampled := func() bool {
		_, span := provider.Tracer("example").Start(context.Background(), "job")
		defer span.End()
		return span.SpanContext().IsSampled()
	}

	fmt.Println(sampled())
	ratio.SetRate(1) // while the program runs, for example from a feature flag
	fmt.Println(sampled())
	// Output:
	// false
	// true
}

func ExampleInstall() {
	// Do this in main, in a service without an SDK.
	if err := trace.Install(nil); err != nil {
		fmt.Println(err)
	}

	// A library that knows only OpenTelemetry does this.
	ctx, span := otel.Tracer("library").Start(context.Background(), "query")
	defer span.End()
	fmt.Println(len(trace.ID(ctx)), "digits")
	// Output: 32 digits
}

// OTEL_PROPAGATORS chooses the headers that are read and sent. With the value b3,tracecontext, a
// service reads and sends W3C's traceparent beside B3.
func ExamplePropagatorFromEnv() {
	os.Setenv("OTEL_PROPAGATORS", "b3,tracecontext") // normally set by the shell or the deployment
	defer os.Unsetenv("OTEL_PROPAGATORS")

	propagator, err := trace.PropagatorFromEnv()
	if err != nil {
		panic(err)
	}
	caller := propagation.MapCarrier{"b3": "5759e988bd862e3fe1be46a994272793-a2fb4a1d1a96d312-1"}
	ctx := propagator.Extract(context.Background(), caller)
	header := http.Header{}
	propagator.Inject(ctx, propagation.HeaderCarrier(header))
	fmt.Println(header.Get("b3"))
	fmt.Println(header.Get("traceparent"))

	// Output:
	// 5759e988bd862e3fe1be46a994272793-a2fb4a1d1a96d312-1
	// 00-5759e988bd862e3fe1be46a994272793-a2fb4a1d1a96d312-01
}
