package lake

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// working returns the number of files that are searched at the same time.
func working() int { return 2 * runtime.GOMAXPROCS(0) }

// parallel calls the function do for each i from 0 to n-1. At most width calls run at a time. When
// all calls have returned, parallel returns the first error. After an error it begins no more
// calls.
func parallel(ctx context.Context, width, n int, do func(i int) error) error {
	var (
		next   atomic.Int64
		once   sync.Once
		failed atomic.Bool
		first  error
		wg     sync.WaitGroup
	)
	work := func() {
		for !failed.Load() {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			err := ctx.Err()
			if err == nil {
				err = do(i)
			}
			if err != nil {
				once.Do(func() { first = err })
				failed.Store(true)
			}
		}
	}
	for range min(n, width) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return first
}
