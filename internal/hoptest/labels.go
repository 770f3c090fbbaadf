package hoptest

import (
	"strings"

	"example.com/clew/internal/proflabel"
)

// GoroutineLabels returns the profiler labels of this goroutine, under
// GODEBUG=tracebacklabels=1: "key: value, …".
func GoroutineLabels() string { return strings.ReplaceAll(proflabel.Mine(), `"`, "") }
