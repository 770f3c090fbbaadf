package workerpool

import (
	"reflect"
	"runtime"
	"strings"

	"example.com/clew/internal/goroutine"
)

// here returns the worker of this goroutine, or nil if the goroutine is no worker.
func here() *worker {
	if !startedByPool() {
		return nil
	}
	number := goroutine.Number()
	workers.RLock()
	defer workers.RUnlock()
	return workers.of[number]
}

// startedByPool reports whether this goroutine began in a method of Pool. The check is quick.
// Without it, a goroutine that only submits, deep inside a server, would pay for the slower lookup
// of its number.
func startedByPool() bool {
	var pcs [64]uintptr
	const last = 4 // frames: the function that the go statement names, and some to spare
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
