package adapters_test

import (
	"fmt"
	"log/slog"
	"net/http"

	"example.com/clew/httpmw"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zaptest/observer"
)

// zap's own handler for slog sends the access line to zap. For zap's other lines, logctx/zapctx
// adds the ID.
func Example_zapAccessLog() {
	core, written := observer.New(zap.InfoLevel)
	logger := zap.New(core)

	access := httpmw.AccessLog(httpmw.AccessLogConfig{Slog: slog.New(zapslog.NewHandler(logger.Core()))})

	call(httpmw.New(httpmw.Config{})(access(http.NotFoundHandler())), "/media/7")
	for _, line := range written.All() {
		fields := line.ContextMap()
		fmt.Println(line.Level, line.Message, fields["status"], fields["trace_id"])
	}
	// Output: warn request 404 463ac35c9f6413ad
}
