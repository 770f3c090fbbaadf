package workerpool_test

import (
	"context"
	"io"
	"os"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/workerpool"
	"github.com/rs/zerolog"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(crashEnv); name != "" {
		crash(name) // this is the child of a test in panic_test.go
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

const (
	id64   = testkit.ID64
	id128  = testkit.ID128
	spanID = testkit.SpanID
	zeros  = "0000000000000000"
)

type key string

// request returns a context like a handler's: it has a trace, and a value of the request.
func request() context.Context {
	return context.WithValue(testkit.Request(), key("user"), "ann")
}

// recorded returns ctx in a span of an SDK, and the spans that the SDK records.
func recorded(ctx context.Context) (context.Context, *tracetest.SpanRecorder) {
	sdk, spans := testkit.SDK(sdktrace.AlwaysSample())
	ctx, span := sdk.Tracer("test").Start(ctx, "caller")
	span.End()
	return ctx, spans
}

// hop is a way to run a task.
type hop struct {
	name     string
	run      func(ctx context.Context, fn task) // returns when fn has returned
	detached bool                               // fn's context does not end with ctx
}

func hops() []hop {
	return []hop{
		{name: "Go", detached: true, run: func(ctx context.Context, fn func(ctx context.Context)) {
			done := make(chan struct{})
			workerpool.Go(ctx, func(ctx context.Context) { defer close(done); fn(ctx) })
			<-done
		}},
		{name: "Wrap", detached: true, run: func(ctx context.Context, fn func(ctx context.Context)) {
			workerpool.Wrap(ctx, fn)()
		}},
		{name: "WrapErr", run: func(ctx context.Context, fn func(ctx context.Context)) {
			_ = workerpool.WrapErr(ctx, func(ctx context.Context) error { fn(ctx); return nil })()
		}},
		{name: "Group", run: func(ctx context.Context, fn func(ctx context.Context)) {
			g := workerpool.NewGroup(ctx)
			g.Go(func(ctx context.Context) error { fn(ctx); return nil })
			_ = g.Wait()
		}},
		{name: "Pool.Go", detached: true, run: func(ctx context.Context, fn func(ctx context.Context)) {
			p := workerpool.New(workerpool.Config{Workers: 1})
			if err := p.Go(ctx, fn); err != nil {
				panic(err)
			}
			_ = p.Shutdown(context.Background())
		}},
		{name: "Pool.TryGo", detached: true, run: func(ctx context.Context, fn func(ctx context.Context)) {
			p := workerpool.New(workerpool.Config{Workers: 1})
			if !p.TryGo(ctx, fn) {
				panic("TryGo of an idle pool returned false")
			}
			_ = p.Shutdown(context.Background())
		}},
		{name: "Submit", run: func(ctx context.Context, fn func(ctx context.Context)) {
			p := workerpool.New(workerpool.Config{Workers: 1})
			f := workerpool.Submit(ctx, p, func(ctx context.Context) (int, error) { fn(ctx); return 0, nil })
			_, _ = f.Wait(context.Background())
			_ = p.Shutdown(context.Background())
		}},
	}
}

// ended returns a context that has ended, for calls that must not wait.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func logger(w io.Writer, level zerolog.Level) zerolog.Logger { return logctx.New(w).Level(level) }

func noMap() map[int]int { return nil }
