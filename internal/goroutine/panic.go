package goroutine

import "runtime"

// Panicking reports whether the calling deferred function runs because of a panic. The result is
// false during runtime.Goexit. Panicking stops neither a panic nor Goexit. Call it in the deferred
// function itself, and only if the surrounding function has not returned normally.
//
// Do not call recover and panic again instead: Go would print the panic as recovered, and a
// debugger or a core dump would show the wrong place.
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
