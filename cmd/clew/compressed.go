package main

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// maxWindow is the largest window that a zstd stream may have, in bytes. It is the window of
	// zstd --long. A decoder needs about as much memory. A decoder of gzip needs 64 KB.
	maxWindow = 128 << 20

	// manyWindow is the largest window of the streams that may be read at the same time. The
	// window of zstd -19 has 8 MB.
	manyWindow = 16 << 20
)

// largeWindow is held while a stream with a larger window than manyWindow is read.
var largeWindow sync.Mutex

// foreign has the compression formats that clew does not read, their first bytes, and the commands
// that decompress them.
var foreign = []struct{ magic, name, command string }{
	{"\xfd7zXZ\x00", "xz", "xzcat"},
	{"BZh", "bzip2", "bzcat"},
	{"\x04\x22\x4d\x18", "lz4", "lz4cat"},
	{"PK\x03\x04", "zip", "unzip -p"},
}

// decompressed returns the content of r, which may be one or several streams of gzip or of zstd.
// If r is not compressed, the content is r itself. The content is streamed and never kept, however
// large it is.
func decompressed(r io.Reader) (io.ReadCloser, error) {
	head := make([]byte, zstd.HeaderMaxSize)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	head = head[:n]
	r = io.MultiReader(bytes.NewReader(head), r)
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return gzip.NewReader(r)
	case isZstd(head):
		return newZstd(r, head)
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return nil, errors.New("this is " + f.name + ", which clew does not read: " + f.command + " FILE | clew timeline …")
		}
	}
	return io.NopCloser(r), nil
}

// newZstd returns the content of the zstd frames in r. The parameter head is the beginning of the
// first frame. The reader must be closed.
func newZstd(r io.Reader, head []byte) (io.ReadCloser, error) {
	var first zstd.Header
	window, unlock := uint64(manyWindow), func() {}
	if first.Decode(head) != nil || first.Skippable || first.WindowSize > manyWindow {
		largeWindow.Lock()
		window, unlock = maxWindow, largeWindow.Unlock
	}
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		unlock()
		return nil, err
	}
	return &zstdReader{d, unlock}, nil
}

type zstdReader struct {
	*zstd.Decoder
	unlock func()
}

func (z *zstdReader) Close() error {
	z.Decoder.Close()
	z.unlock()
	return nil
}

// isZstd reports whether head is the beginning of a zstd frame, or of a frame that readers of zstd
// skip (RFC 8878, sections 3.1.1 and 3.1.2).
func isZstd(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	return bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")) || head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte("\x2a\x4d\x18"))
}
