//go:build go1.26

package proflabel

import (
	"bytes"
	"runtime"
	"strings"
)

// Mine returns the labels of this goroutine as "key: value, …", without the quotes that some
// versions of Go write; "" for none. Only the first line of its traceback tells them, and only
// under GODEBUG=tracebacklabels=1.
func Mine() string {
	for size := 1024; ; size *= 4 {
		buf := make([]byte, size)
		buf = buf[:runtime.Stack(buf, false)]
		if header, _, whole := bytes.Cut(buf, []byte("\n")); whole || len(buf) < size {
			_, labels, _ := strings.Cut(string(header), "{")
			return strings.ReplaceAll(labels[:max(0, strings.LastIndexByte(labels, '}'))], `"`, "")
		}
	}
}
