package workerpool

import (
	"reflect"
	"runtime"
	"strings"

	"example.com/clew/internal/goroutine"
)

// here returns the worker that this goroutine is; nil: it is none.
func here() *worker {
	if !startedByPool() {
		return nil
	}
	number := goroutine.Number()
	workers.RLock()
	defer workers.RUnlock()
	return workers.of[number]
}

// startedByPool reports whether a Pool's method is where this goroutine began. That is quick to
// tell, so that those who only submit, from deep inside a server, do not pay for their numbers.
func startedByPool() bool {
	var pcs [64]uintptr
	const last = 4 // the function that the go statement names, and some room
	skip, n := 0, len(pcs)
	for n == len(pcs) {
		n = runtime.Callers(skip, pcs[:])
		skip += n - last
	}
	for _, pc := range pcs[max(0, n-last):n] {
		if f := runtime.FuncForPC(pc - 1); f != nil && strings.HasPrefix(f.Name(), poolMethods) {
			return true
		}
	}
	return false
}

var poolMethods = reflect.TypeFor[Pool]().PkgPath() + ".(*Pool)."
