// Package unwind tells a panic from runtime.Goexit without stopping either.
package unwind

import "runtime"

// Panicking reports whether the calling deferred function runs because of a panic. Call it
// in the deferred function itself, and only when the function that deferred it has not
// returned: it is false for runtime.Goexit.
//
// It is tempting to call recover and panic again. That would print the panic as recovered,
// and a debugger or a core dump would show the wrong place.
func Panicking() bool {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		switch frame.Function {
		case "runtime.gopanic":
			return true
		case "runtime.Goexit":
			return false
		}
		if !more {
			return false
		}
	}
}
