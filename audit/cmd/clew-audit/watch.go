package main

import "time"

// watchEvery is how long people may wait for the reason why nothing goes on.
const watchEvery = 2 * time.Second

// watch looks at the errors of a log from time to time, and says each new one: a full disk keeps
// ingest waiting, without an end, and without a word of its own. Each is said once. The caller
// ends it by unwatch, which waits for its goroutine.
func watch(trouble func() (errors int64, last string), say func(format string, args ...any)) (unwatch func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		said := map[string]bool{}
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				return
			case <-ticker.C:
			}
			if n, last := trouble(); n > 0 && len(said) < named && !said[last] {
				said[last] = true
				say("trying again: %s", last)
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}
