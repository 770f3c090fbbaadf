package s3

import (
	"container/list"
	"sync"
)

// maxMemory is the maximum size of the ends in memory, in bytes.
const maxMemory = 64 << 20

// memory keeps the ends that were used most recently.
type memory struct {
	mu     sync.Mutex
	recent *list.List // the elements are *kept; the one that was used last is at the front
	byKey  map[string]*list.Element
	size   int
}

type kept struct {
	key string
	end []byte
}

func newMemory() *memory { return &memory{recent: list.New(), byKey: map[string]*list.Element{}} }

func (m *memory) load(key string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byKey[key]
	if e == nil {
		return nil
	}
	m.recent.MoveToFront(e)
	return e.Value.(*kept).end
}

func (m *memory) save(key string, end []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.byKey[key]; e != nil {
		m.size -= len(m.recent.Remove(e).(*kept).end)
	}
	m.byKey[key] = m.recent.PushFront(&kept{key, end})
	m.size += len(end)
	for m.size > maxMemory {
		oldest := m.recent.Remove(m.recent.Back()).(*kept)
		delete(m.byKey, oldest.key)
		m.size -= len(oldest.end)
	}
}
