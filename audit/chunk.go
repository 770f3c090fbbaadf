package audit

import (
	"time"

	"example.com/clew/audit/internal/segment"
)

// chunk is a buffer of records that becomes a block of the journal.
type chunk struct {
	b      []byte // the first segment.BlockHead bytes are for the block's head
	events int64
	since  time.Time // when its first event was logged
}

func (c *chunk) size() int64 { return int64(len(c.b) - segment.BlockHead) }

// fits reports whether c has room for record. A nil chunk has no room.
func (c *chunk) fits(record []byte) bool { return c != nil && len(c.b)+len(record) <= chunkSize }
