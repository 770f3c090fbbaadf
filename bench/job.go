package main

import (
	"fmt"
	"time"
)

// kind is what a variant is in its job.
type kind string

const (
	baseline kind = "baseline" // the same without any tracing
	floor    kind = "floor"    // the least that hand-written code can do for the job
	ours     kind = "clew"
	peer     kind = "peer" // another library's
)

// job is one task with several ways to do it. The others are compared with the first baseline and
// the first floor.
type job struct {
	name      string
	point     string // on a curve, whose points are jobs of one name
	parallel  bool   // uses more than one goroutine
	uncounted bool   // it is about waiting, so its instructions say nothing
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

// work is a variant ready to run.
type work struct {
	op    func(n int)  // does the job n times
	check func() error // calls op at least once and checks the outcome
	close func()       // nil: nothing to close

	unit    int                    // op's n is a multiple of this; 0 means 1
	latency func() []time.Duration // of each operation in the last op; nil: not measured
}

func (w work) end() {
	if w.close != nil {
		w.close()
	}
}

// verify calls check. A panic becomes an error, since a wrong variant may panic early.
func (w work) verify() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return w.check()
}
