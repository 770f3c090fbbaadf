package zapctx_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/logctx/zapctx"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// This service logs with a zap logger that gets no context.
func Example_service() {
	core, written := observer.New(zap.InfoLevel)
	logger := zap.New(core)

	logger = logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapctx.New(core, logctx.Config{Service: "media-api"})
	}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /media/{id}", func(_ http.ResponseWriter, r *http.Request) {
		logger.Info("asked for")                              // in the goroutine of the request
		logger.Info("asked for", zapctx.Context(r.Context())) // in any goroutine
	})
	handler := httpmw.New(httpmw.Config{Implicit: true})(mux)

	r := httptest.NewRequest(http.MethodGet, "/media/7", nil)
	r.Header.Set("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312")
	handler.ServeHTTP(httptest.NewRecorder(), r)
	for _, line := range written.All() {
		fields := line.ContextMap()
		fmt.Println(line.Message, fields["service"], fields["trace_id"])
	}
	// Output:
	// asked for media-api 463ac35c9f6413ad
	// asked for media-api 463ac35c9f6413ad
}
