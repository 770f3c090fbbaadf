package audit

import (
	"time"

	"example.com/clew/audit/internal/segment"
)

// chunk is the records of what becomes a block.
type chunk struct {
	b      []byte // begins with room for the block's head
	events int64
	since  time.Time // when its first event was logged
}

func (c *chunk) size() int64 { return int64(len(c.b) - segment.BlockHead) }

// fits reports whether there is room for record. There is none in nil.
func (c *chunk) fits(record []byte) bool { return c != nil && len(c.b)+len(record) <= chunkSize }
