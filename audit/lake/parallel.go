package lake

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// working is how many files are worked on at once.
func working() int { return 2 * runtime.GOMAXPROCS(0) }

// parallel calls do for 0 to n-1, width of them at a time, and returns when all have returned.
// After an error it begins no more calls.
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
