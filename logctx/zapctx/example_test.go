package zapctx_test

import (
	"context"
	"os"

	"example.com/clew/logctx"
	"example.com/clew/logctx/zapctx"
	"example.com/clew/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// This logger gets no context. In a service, httpmw's Config.Implicit calls trace.Do for each
// request.
func Example() {
	encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "msg"})
	core := zapcore.NewCore(encoder, zapcore.AddSync(os.Stdout), zap.InfoLevel)
	logger := zap.New(zapctx.New(core, logctx.Config{}))

	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	trace.Do(trace.NewContext(context.Background(), b), func(context.Context) {
		logger.Info("sold", zap.Int("n", 7))
	})
	// Output: {"msg":"sold","trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","n":7}
}

// The field Context gives a line the ID on any goroutine.
func ExampleContext() {
	encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "msg"})
	core := zapcore.NewCore(encoder, zapcore.AddSync(os.Stdout), zap.InfoLevel)
	logger := zap.New(zapctx.New(core, logctx.Datadog()))

	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	ctx := trace.NewContext(context.Background(), b)
	logger.Info("sold", zapctx.Context(ctx), zap.Int("n", 7))
	logger.With(zapctx.Context(ctx)).Info("sent")
	// Output:
	// {"msg":"sold","dd.trace_id":"5060571933882717101","dd.span_id":"11744061942159299346","n":7}
	// {"msg":"sent","dd.trace_id":"5060571933882717101","dd.span_id":"11744061942159299346"}
}

// This is how you add the core to a logger that you already have.
func ExampleNew() {
	logger := zap.NewExample()
	logger = logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapctx.New(core, logctx.Config{Service: "shop"})
	}))
	logger.Info("started")
	// Output: {"level":"info","msg":"started","service":"shop"}
}
