package workerpool

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
)

// Config is the configuration of a [Pool]. The zero value is ready to use.
type Config struct {
	Workers int // how many tasks run at once; 0: GOMAXPROCS
	Queue   int // how many more may wait; 0: 1,024; NoQueue: none

	// OnPanic, if set, is called when a task panics. The panic then ends only that task. OnPanic
	// gets the task's context, the value given to panic and the stack. It runs in the worker's
	// goroutine and must be safe for concurrent use. Nil: a panic ends the program.
	OnPanic func(ctx context.Context, value any, stack []byte)
}

// NoQueue as Config.Queue makes a Pool in which no task waits. The pool accepts a task only if a
// worker is idle at that moment: [Pool.Go] waits for such a worker, and [Pool.TryGo] returns false
// if there is none. New panics if Queue is any other negative number.
const NoQueue = math.MinInt // not -1, which a mistake in arithmetic easily yields

const defaultQueue = 1024

// checked returns cfg with its defaults filled in, or an error that names all faults of cfg.
func (cfg Config) checked() (Config, error) {
	var faults []error
	if cfg.Workers < 0 {
		faults = append(faults, fmt.Errorf("workerpool: New: Config.Workers is %d", cfg.Workers))
	}
	if cfg.Queue < 0 && cfg.Queue != NoQueue {
		faults = append(faults, fmt.Errorf("workerpool: New: Config.Queue is %d", cfg.Queue))
	}
	if cfg.Workers == 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	switch cfg.Queue {
	case 0:
		cfg.Queue = defaultQueue
	case NoQueue:
		cfg.Queue = 0
	}
	return cfg, errors.Join(faults...)
}
