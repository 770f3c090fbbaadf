package s3

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc64"
	"io"
	"time"
)

// maxRounds is how often Put begins again when others write the same file.
const maxRounds = 5

// Put writes a file of size bytes, whole or not at all. A file of that name is replaced, unless it
// has the same content. Up to 16 MiB go in one request, and more in parts, four at once, which are
// given up when one of them fails. Where that fails too, or the process dies, they wait for the
// bucket's lifecycle rule AbortIncompleteMultipartUpload: no reader sees them.
//
// Of two that write the same file at the same time, both are told that they succeeded only if the
// file is that of the last one.
func (s *Store) Put(ctx context.Context, name string, from io.ReaderAt, size int64) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := checkSource(from, size); err != nil {
		return fmt.Errorf("s3: put %s: %w", name, err)
	}
	defer s.known.forget(name)
	u := &upload{store: s, key: s.key(name), from: from, size: size}
	defer u.abort(ctx)
	return s.failed("put", name, u.put(ctx))
}

// checkSource finds a source that ends early before anything is sent.
func checkSource(from io.ReaderAt, size int64) error {
	if size < 0 {
		return fmt.Errorf("a size of %d", size)
	}
	if size == 0 {
		return nil
	}
	var last [1]byte
	n, err := from.ReadAt(last[:], size-1)
	if n == 1 {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// crc64NVME is the polynomial of the checksum that S3 keeps of every object.
const crc64NVME = 0x9a6c_9329_ac4b_c9b5

// checksum returns what S3 says of a file with these bytes.
func checksum(r io.Reader) (string, error) {
	sum := crc64.New(crc64.MakeTable(crc64NVME))
	if _, err := io.Copy(sum, r); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sum.Sum64())), nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
