package read

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// decoder is shared by all goroutines. Its DecodeAll starts no goroutine.
var decoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxPage))
	if err != nil {
		panic("read: " + err.Error()) // the options are constants
	}
	return d
})

// unpack decompresses packed, and appends the result to dst. The result must have size bytes.
func unpack(dst, packed []byte, size int64) ([]byte, error) {
	// If the size in the frame differs from the size in the page's header, the page is refused
	// before memory is allocated.
	var head zstd.Header
	if err := head.Decode(packed); err != nil {
		return nil, fmt.Errorf("%w: %w", errPage, err)
	}
	if head.HasFCS && head.FrameContentSize != uint64(size) {
		return nil, errPage
	}
	before := len(dst)
	if cap(dst)-before < int(size) && size <= int64(len(packed))*1000+1024 {
		dst = append(make([]byte, 0, before+int(size)), dst...)
	}
	dst, err := decoder().DecodeAll(packed, dst)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPage, err)
	}
	if int64(len(dst)-before) != size {
		return nil, errPage
	}
	return dst, nil
}
