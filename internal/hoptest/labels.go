package hoptest

import (
	"runtime"
	"strings"
)

// GoroutineLabels returns the profiler labels of this goroutine as its traceback shows them under
// GODEBUG=tracebacklabels=1: "key: value, …".
func GoroutineLabels() string {
	var buf [1024]byte
	header, _, _ := strings.Cut(string(buf[:runtime.Stack(buf[:], false)]), "\n")
	_, labels, _ := strings.Cut(header, "{")
	if end := strings.LastIndexByte(labels, '}'); end >= 0 {
		labels = labels[:end]
	}
	return strings.ReplaceAll(labels, `"`, "") // which not all versions of Go write
}
