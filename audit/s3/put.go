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

// maxRounds is how often Put and Lock try to write while others write the same file.
const maxRounds = 5

// Put writes a file of size bytes, completely or not at all. It replaces an earlier file of that
// name, unless the content is the same. A file of up to 16 MiB is sent in one request, and a
// larger file in parts, four at once. If a part fails, the upload is aborted. If the abort fails
// too, or the process dies, the parts stay until the bucket's lifecycle rule
// AbortIncompleteMultipartUpload deletes them. No reader sees them.
//
// If two processes write the same file at the same time, and both Puts return nil, the last one
// has replaced the file of the other.
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

// checkSource returns an error, before anything is sent, if the source is shorter than size.
func checkSource(from io.ReaderAt, size int64) error {
	if size < 0 {
		return fmt.Errorf("the size %d is negative", size)
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

// crc64NVME is the polynomial of the checksum that S3 stores for every object.
const crc64NVME = 0x9a6c_9329_ac4b_c9b5

// checksum returns the checksum that S3 stores for a file with the bytes of r.
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
