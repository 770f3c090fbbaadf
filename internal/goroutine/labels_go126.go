//go:build go1.26

package goroutine

import (
	"bytes"
	"runtime"
	"strings"
)

// Labels returns the profiler labels of this goroutine as "key: value, …", or "". It leaves out
// the quotes that some versions of Go write. The labels are in the first line of the goroutine's
// traceback, but only under GODEBUG=tracebacklabels=1.
func Labels() string {
	for size := 1024; ; size *= 4 {
		buf := make([]byte, size)
		buf = buf[:runtime.Stack(buf, false)]
		if header, _, whole := bytes.Cut(buf, []byte("\n")); whole || len(buf) < size {
			_, labels, _ := strings.Cut(string(header), "{")
			return strings.ReplaceAll(labels[:max(0, strings.LastIndexByte(labels, '}'))], `"`, "")
		}
	}
}
