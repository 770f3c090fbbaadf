package logrusctx_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/logctx/logrusctx"
	"github.com/sirupsen/logrus"
)

// This service logs with logrus, and need not pass a context.
func Example_service() {
	logrus.SetOutput(os.Stdout)
	logrus.SetFormatter(shortLines{})
	defer logrus.SetFormatter(&logrus.TextFormatter{})
	defer logrus.SetOutput(os.Stderr)
	defer logrus.StandardLogger().ReplaceHooks(logrus.LevelHooks{})

	logrus.AddHook(logrusctx.New(logctx.Config{Service: "media-api"}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /media/{id}", func(_ http.ResponseWriter, r *http.Request) {
		logrus.Info("asked for")                          // in the goroutine of the request
		logrus.WithContext(r.Context()).Info("asked for") // in any goroutine
	})
	handler := httpmw.New(httpmw.Config{Implicit: true})(mux)

	r := httptest.NewRequest(http.MethodGet, "/media/7", nil)
	r.Header.Set("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312")
	handler.ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// asked for service=media-api trace_id=463ac35c9f6413ad
	// asked for service=media-api trace_id=463ac35c9f6413ad
}

// shortLines is a formatter that leaves out the time and the span ID, which differ from run to
// run.
type shortLines struct{}

func (shortLines) Format(e *logrus.Entry) ([]byte, error) {
	return fmt.Appendf(nil, "%s service=%v trace_id=%v\n", e.Message, e.Data["service"], e.Data["trace_id"]), nil
}
