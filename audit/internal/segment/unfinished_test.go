package segment_test

import (
	"testing"

	"example.com/clew/audit/internal/segment"
	"github.com/stretchr/testify/assert"
)

func TestIsUnfinished(t *testing.T) {
	header := segment.AppendHeader(nil, segment.Header{ID: segment.NewID(1, 2), App: "media-api"})
	for n := range len(header) {
		assert.True(t, segment.IsUnfinished(header[:n]), "%d bytes", n)
	}
	assert.False(t, segment.IsUnfinished(header))
	assert.False(t, segment.IsUnfinished(append(header, 0)))
	assert.False(t, segment.IsUnfinished([]byte("PAR1")))
	assert.False(t, segment.IsUnfinished([]byte("clewaud2")), "the file of a newer version is not unfinished")
	assert.False(t, segment.IsUnfinished(append([]byte("clewaud1"), make([]byte, segment.MaxHeader)...)))
}
