package audit

import "sync"

// shards is the number of buffers that goroutines log into.
const shards = 8

// shard is a buffer that few goroutines share at a time. Locks are taken in this order: the locks
// of the shards by their index, then the lock of the queue.
type shard struct {
	mu       sync.Mutex
	chunk    *chunk // nil: nothing has been logged since the last chunk was taken
	closed   bool
	accepted int64
	dropped  int64
	tooBig   int64
	_        [64]byte // the next shard is in another cache line
}

func (s *shard) append(record []byte) {
	s.accepted++
	s.chunk.events++
	s.chunk.b = append(s.chunk.b, record...)
}
