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
	memory.Candidates = func(app string, events any) (any, error) {
		var records []byte
		var e encoder
		for _, ev := range events.([]Event) {
			if err := e.event(app, MaxEvent, &ev); err != nil {
				return nil, err
			}
			if e.big {
				return nil, errTooBig
			}
			records = append(records, e.b...)
		}
		var b batch
		b.read(app, string(records))
		return b.candidates, nil
	}
}
