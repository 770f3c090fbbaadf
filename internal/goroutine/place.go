package goroutine

import (
	"iter"
	"runtime"
	"strings"
)

// skipped lists the packages that a search for a place in the user's code passes over. They are on
// the stack between that place and the search.
var skipped = []string{
	"example.com/clew/internal/", "example.com/clew/trace.", "example.com/clew/httpmw.", "example.com/clew/httpclient.",
	"example.com/clew/logctx.", "example.com/clew/workerpool.", "example.com/clew/tracetest.", "example.com/clew/zipkin.",
	"example.com/clew/logctx/zapctx.", "example.com/clew/logctx/logrusctx.",
	"go.uber.org/zap.", "go.uber.org/zap/", "github.com/sirupsen/logrus.",
	"github.com/rs/zerolog.", "github.com/rs/zerolog/", "log.", "log/slog.", "fmt.",
	"net/http.", "github.com/go-resty/resty/v2.", "runtime.",
}

// PlaceOfLine returns the place in the user's code that logs a line. It is the call at pc. If pc
// is 0 or in a skipped package, it is the nearest call on the stack that is in no skipped package.
// The result is the zero Frame if there is no such call, as for go log.Print("…").
func PlaceOfLine(pc uintptr) runtime.Frame {
	if pc != 0 {
		if frame, _ := runtime.CallersFrames([]uintptr{pc}).Next(); !isSkipped(frame.Function) {
			return frame
		}
	}
	for frame := range users() {
		return frame
	}
	return runtime.Frame{}
}

// PlaceOfRequest returns the place in the user's code that sends a request: the call of the
// http.Client's method. Calls further in are RoundTrippers of other libraries. Without a client on
// the stack, the place is the nearest call in the user's code.
func PlaceOfRequest() runtime.Frame {
	var nearest runtime.Frame
	for frame, byClient := range users() {
		if byClient {
			return frame
		}
		if nearest.PC == 0 {
			nearest = frame
		}
	}
	return nearest
}

// users returns the frames of the stack that are in no skipped package. The bool reports
// whether the frame is further out than a method of http.Client.
func users() iter.Seq2[runtime.Frame, bool] {
	return func(yield func(runtime.Frame, bool) bool) {
		var pcs [64]uintptr
		frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
		client := false
		for more := true; more; {
			var frame runtime.Frame
			frame, more = frames.Next()
			client = client || strings.HasPrefix(frame.Function, "net/http.(*Client).")
			if !isSkipped(frame.Function) && !yield(frame, client) {
				return
			}
		}
	}
}

func isSkipped(function string) bool {
	for _, prefix := range skipped {
		if strings.HasPrefix(function, prefix) {
			return true
		}
	}
	return false
}
