// Package callsite finds the place in the user's code from which a line is logged or a request sent.
package callsite

import (
	"runtime"
	"strings"
)

// between are the packages that stand between that place and the code which asks.
var between = []string{
	"example.com/clew/internal/", "example.com/clew/logctx.", "example.com/clew/httpclient.", "example.com/clew/tracetest.",
	"github.com/rs/zerolog.", "github.com/rs/zerolog/", "log.", "log/slog.",
	"net/http.", "github.com/go-resty/resty/v2.",
}

// Of returns the place of a call; with 0, the nearest one on the stack that is in none of these
// packages. The zero Frame: there is none.
func Of(pc uintptr) runtime.Frame {
	if pc != 0 {
		frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		return frame
	}
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if !isBetween(frame.Function) {
			return frame
		}
		if !more {
			return runtime.Frame{}
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
