package main

import (
	"sync"
	"sync/atomic"
	"time"
)

const keptAlive = 16 // number of clients at once

// inClients calls ask n times in total, from up to keptAlive clients at once, and returns the
// duration of each call. A client pauses after each call.
func inClients(n int, pause time.Duration, ask func() error) []time.Duration {
	took := make([]time.Duration, n)
	var asked atomic.Int64
	var wg sync.WaitGroup
	for range min(keptAlive, n) {
		wg.Go(func() {
			for i := asked.Add(1) - 1; i < int64(n); i = asked.Add(1) - 1 {
				start := time.Now()
				if err := ask(); err != nil {
					panic(err)
				}
				took[i] = time.Since(start)
				time.Sleep(pause)
			}
		})
	}
	wg.Wait()
	return took
}
