// Package proflabel tells the workers whether anybody looks at profiler labels. Package runtime/pprof
// keeps labels in a context and on a goroutine; a task that runs in another goroutine must bring the
// one's to the other, and that costs every task a walk through its context.
package proflabel

import "sync/atomic"

var wanted atomic.Int32

// Want makes Wanted true until the function that it returns has been called.
func Want() (unwant func()) {
	wanted.Add(1)
	return func() { wanted.Add(-1) }
}

// Wanted reports whether tasks are to run under the labels of their contexts.
func Wanted() bool { return wanted.Load() > 0 }
