package main

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the most that a zstd stream may want the reader to remember, in bytes: what
// zstd --long writes. Its reader needs about that much memory, gzip's needs 64 KB.
const maxWindow = 128 << 20

// foreign are the first bytes of what is not read, and what it is.
var foreign = []struct{ magic, name, command string }{
	{"\xfd7zXZ\x00", "xz", "xzcat"},
	{"BZh", "bzip2", "bzcat"},
	{"\x04\x22\x4d\x18", "lz4", "lz4cat"},
	{"PK\x03\x04", "zip", "unzip -p"},
}

// decompressed returns what r has in it, as its first bytes say: gzip, zstd, several of them one
// after another, or neither, and whether it was one of them. However much comes out, it is read as a stream and never kept.
func decompressed(r io.Reader) (_ io.ReadCloser, compressed bool, err error) {
	head := make([]byte, 6)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, false, err
	}
	head = head[:n]
	r = io.MultiReader(bytes.NewReader(head), r)
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(r)
		return z, true, err
	case isZstd(head):
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, true, err
		}
		return d.IOReadCloser(), true, nil
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return nil, true, errors.New("this is " + f.name + ", which clew does not read: " + f.command + " FILE | clew timeline …")
		}
	}
	return io.NopCloser(r), false, nil
}

// isZstd tells of a frame of zstd, or one that its readers skip (RFC 8878, sections 3.1.1, 3.1.2).
func isZstd(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	return bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")) || head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte("\x2a\x4d\x18"))
}
