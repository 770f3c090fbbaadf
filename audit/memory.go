package audit

import (
	"sync"

	"example.com/clew/audit/internal/memory"
)

func init() {
	memory.New = func(app string, maxEvent int, keep func(record []byte)) any {
		l := newLogger(Config{App: app, MaxEvent: maxEvent})
		var mu sync.Mutex
		l.keep = func(record []byte) {
			mu.Lock()
			defer mu.Unlock()
			keep(record)
		}
		return l
	}
}
