package goroutine

import (
	"runtime"
	"sync"
)

// Number returns the number of this goroutine. No other goroutine ever has the same number. The
// result is 0 if a later version of Go leaves the number out of tracebacks. A call takes
// microseconds.
func Number() (number uint64) {
	const prefix = len("goroutine ")
	buf := headers.Get().(*[64]byte)
	defer headers.Put(buf)
	for _, c := range buf[prefix:max(prefix, runtime.Stack(buf[:], false))] {
		if c < '0' || c > '9' {
			break
		}
		number = number*10 + uint64(c-'0')
	}
	return number
}

// headers holds buffers for the first line of a traceback, so that Number does not allocate.
var headers = sync.Pool{New: func() any { return new([64]byte) }}
