package logrusctx_test

import (
	"context"
	"os"

	"example.com/clew/logctx"
	"example.com/clew/logctx/logrusctx"
	"example.com/clew/trace"
	"github.com/sirupsen/logrus"
)

// In a service, httpmw's Config.Implicit calls trace.Do for each request.
func ExampleNew() {
	logger := logrus.New()
	logger.SetOutput(os.Stdout)
	logger.SetFormatter(&logrus.JSONFormatter{DisableTimestamp: true})
	logger.AddHook(logrusctx.New(logctx.Config{Service: "shop"}))

	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	ctx := trace.NewContext(context.Background(), b)
	logger.WithContext(ctx).Info("explicit")
	trace.Do(ctx, func(context.Context) {
		logger.WithField("n", 7).Info("implicit")
	})
	// Output:
	// {"level":"info","msg":"explicit","service":"shop","span_id":"a2fb4a1d1a96d312","trace_id":"463ac35c9f6413ad"}
	// {"level":"info","msg":"implicit","n":7,"service":"shop","span_id":"a2fb4a1d1a96d312","trace_id":"463ac35c9f6413ad"}
}
