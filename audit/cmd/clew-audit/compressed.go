package main

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the largest window of a zstd stream, in bytes. It is the window of zstd --long.
const maxWindow = 128 << 20

// foreign lists formats that clew-audit does not read: their first bytes, their names, and the
// commands that unpack them.
var foreign = []struct{ magic, name, command string }{
	{"\xfd7zXZ\x00", "xz", "xzcat"},
	{"BZh", "bzip2", "bzcat"},
	{"\x04\x22\x4d\x18", "lz4", "lz4cat"},
	{"PK\x03\x04", "zip", "unzip -p"},
}

// foreignError is the error of a file in a format that only another program can unpack.
type foreignError struct{ name, command, args string }

func (e *foreignError) Error() string {
	return "this is " + e.name + ", which clew-audit does not read: " + e.command + " FILE | clew-audit " + e.args
}

// decompressed returns a reader of the content of r. The first bytes of r show whether it is
// compressed by gzip, by zstd or not at all.
func decompressed(r io.Reader) (io.ReadCloser, error) {
	head := make([]byte, 6)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	head = head[:n]
	r = io.MultiReader(bytes.NewReader(head), r)
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return gzip.NewReader(r)
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return nil, &foreignError{f.name, f.command, "trace ID --logs -"}
		}
	}
	return io.NopCloser(r), nil
}
