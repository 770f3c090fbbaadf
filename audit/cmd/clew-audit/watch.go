package main

import "time"

// watchEvery is the longest time until watch reports why ingest waits.
const watchEvery = 2 * time.Second

// sayEvery is the shortest pause between two reports.
const sayEvery = time.Minute

// watch reports the last error of a log when there are new errors. Ingest itself waits silently
// and without end while the disk is full. The caller calls unwatch to end watch, and to wait for
// its goroutine.
func watch(trouble func() (errors int64, last string), say func(format string, args ...any)) (unwatch func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var seen int64
		var said time.Time
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				return
			case <-ticker.C:
			}
			n, last := trouble()
			if n > seen && time.Since(said) >= sayEvery {
				said = time.Now()
				say("trying again: %s", last)
			}
			seen = n
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}
