package main

import (
	"fmt"
	"time"
)

// kind is the role of a variant in its job.
type kind string

const (
	baseline kind = "baseline" // the same job without tracing
	floor    kind = "floor"    // the least that hand-written code can do for the job
	ours     kind = "clew"
	peer     kind = "peer" // another library
)

// job is one task with several variants. All variants are compared with the first baseline and the
// first floor.
type job struct {
	name string
	// point is the job's point on a curve, or "" if the job is on no curve. The jobs on a curve
	// have the same name.
	point     string
	parallel  bool // uses more than one goroutine
	uncounted bool // measures waiting, so its instructions are not counted
	variants  []variant
}

func (j job) String() string {
	if j.point == "" {
		return j.name
	}
	return j.name + ": " + j.point
}

// variant is one way to do a job.
type variant struct {
	name  string
	kind  kind
	setup func() work
}

// work is a variant that is ready to run.
type work struct {
	op    func(n int)  // runs the job n times
	check func() error // calls op at least once, and checks the result
	close func()       // nil if there is nothing to close

	unit int // op's n is a multiple of this; 0 means 1
	// latency returns the durations of the operations in the last op. It is nil if they are not
	// measured.
	latency func() []time.Duration
}

func (w work) end() {
	if w.close != nil {
		w.close()
	}
}

// verify calls check. It turns a panic into an error, because a wrong variant may panic in its
// check.
func (w work) verify() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return w.check()
}
