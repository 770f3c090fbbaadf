package goroutine

import "sync/atomic"

// Package runtime/pprof keeps labels in a context and on a goroutine. A task that runs in another
// goroutine gets the labels of its context only if somebody looks at them, because every task pays
// for the walk through its context.
var labelsWanted atomic.Int32

// WantLabels makes LabelsWanted true until the function that it returns has been called.
func WantLabels() (unwant func()) {
	labelsWanted.Add(1)
	return func() { labelsWanted.Add(-1) }
}

// LabelsWanted reports whether tasks are to run under the profiler labels of their contexts.
func LabelsWanted() bool { return labelsWanted.Load() > 0 }
