package s3

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
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

// condition is of the object that a write replaces: none ("*" in none), or one with this ETag.
type condition struct{ none, match *string }

func ifAbsent() condition {
	any := "*"
	return condition{none: &any}
}

// upload is one file on its way.
type upload struct {
	store *Store
	key   *string
	from  io.ReaderAt
	size  int64
	id    *string // of the multipart upload, once its parts are there
	parts []types.CompletedPart
}

func (u *upload) put(ctx context.Context) (err error) {
	when := ifAbsent()
	for round := range maxRounds {
		if round > 1 {
			if err := sleep(ctx, time.Duration(round)*firstPause); err != nil {
				return err
			}
		}
		if err = u.write(ctx, when); err == nil {
			return nil
		}
		switch status := statusOf(err); {
		case isCode(err, "NoSuchBucket"):
			return err
		case status == http.StatusConflict:
			u.abort(ctx)
		case status == http.StatusNotFound: // what was to be replaced, or the upload: is it done?
			u.abort(ctx)
			fallthrough
		case status == http.StatusPreconditionFailed:
			var same bool
			if when, same, err = u.look(ctx); err != nil || same {
				return err
			}
		default:
			return err
		}
	}
	if err == nil {
		err = errors.New("others write the same file all the time")
	}
	return err
}

// write makes the file of what is in from, when the condition holds.
func (u *upload) write(ctx context.Context, when condition) error {
	if u.size > singlePut {
		return u.writeParts(ctx, when)
	}
	_, err := u.store.api.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &u.store.bucket, Key: u.key, Body: io.NewSectionReader(u.from, 0, u.size), ContentLength: &u.size,
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme,
		IfNoneMatch:       when.none, IfMatch: when.match,
	})
	return err
}

// look returns the condition to replace what is there, and whether that is the same already: an
// answer of an earlier attempt may have been lost.
func (u *upload) look(ctx context.Context) (when condition, same bool, err error) {
	there, err := u.store.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &u.store.bucket, Key: u.key, ChecksumMode: types.ChecksumModeEnabled})
	if isGone(err) {
		return ifAbsent(), false, nil
	}
	if err != nil {
		return when, false, err
	}
	if there.ETag == nil {
		return when, false, errNoETags
	}
	if there.ChecksumCRC64NVME != nil && there.ContentLength != nil && *there.ContentLength == u.size && there.ChecksumType == types.ChecksumTypeFullObject {
		sum, err := checksum(io.NewSectionReader(u.from, 0, u.size))
		if err != nil {
			return when, false, err
		}
		same = sum == *there.ChecksumCRC64NVME
	}
	return condition{match: there.ETag}, same, nil
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
