//go:build cgo

// Package cgocall calls a function from C, for the tests of package mark. Tests alone import it.
// It is a package of its own because Go allows no cgo in test files.
package cgocall

/*
extern void clewCallback(void);
static void clewCall(void) { clewCallback(); }
*/
import "C"

var callee func()

//export clewCallback
func clewCallback() { callee() }

// Call calls f from C, in the goroutine of the caller. It is not safe for concurrent use.
func Call(f func()) {
	callee = f
	C.clewCall()
	callee = nil
}
