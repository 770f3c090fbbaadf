// Package callsite finds the place in the user's code from which a line is logged or a request sent.
package callsite

import (
	"iter"
	"runtime"
	"strings"
)

// between are the packages that stand between that place and the code which asks.
var between = []string{
	"example.com/clew/internal/", "example.com/clew/trace.", "example.com/clew/httpmw.", "example.com/clew/httpclient.",
	"example.com/clew/logctx.", "example.com/clew/workerpool.", "example.com/clew/tracetest.", "example.com/clew/zipkin.",
	"example.com/clew/logctx/zapctx.", "example.com/clew/logctx/logrusctx.",
	"go.uber.org/zap.", "go.uber.org/zap/", "github.com/sirupsen/logrus.",
	"github.com/rs/zerolog.", "github.com/rs/zerolog/", "log.", "log/slog.", "fmt.",
	"net/http.", "github.com/go-resty/resty/v2.", "runtime.",
}

// OfLine returns the place of a log line: the call at pc, or with 0 the nearest one on the stack that is
// in none of these packages. The zero Frame: there is none, as with go log.Print("…").
func OfLine(pc uintptr) runtime.Frame {
	if pc != 0 {
		if frame, _ := runtime.CallersFrames([]uintptr{pc}).Next(); !isBetween(frame.Function) {
			return frame
		}
	}
	for frame := range users() {
		return frame
	}
	return runtime.Frame{}
}

// OfRequest returns the place of a request: whoever called the client, or else the nearest one. What
// stands between the client and us is other people's RoundTrippers.
func OfRequest() runtime.Frame {
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

// users returns the frames of the stack that are in none of these packages, and whether they are
// further out than an http.Client.
func users() iter.Seq2[runtime.Frame, bool] {
	return func(yield func(runtime.Frame, bool) bool) {
		var pcs [64]uintptr
		frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
		client := false
		for more := true; more; {
			var frame runtime.Frame
			frame, more = frames.Next()
			client = client || strings.HasPrefix(frame.Function, "net/http.(*Client).")
			if !isBetween(frame.Function) && !yield(frame, client) {
				return
			}
		}
	}
}

func isBetween(function string) bool {
	for _, prefix := range between {
		if strings.HasPrefix(function, prefix) {
			return true
		}
	}
	return false
}
