package s3

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"example.com/clew/audit/lake"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	// endSize is how many bytes Open gets from the end of a file: the footer, the indexes, and the
	// Bloom filters of most files. The end of a small file is the whole file.
	endSize = 128 << 10

	// maxEnd is the maximum size of an end. An end grows when bytes in front of it are read, such
	// as the Bloom filters of a large file. A read of more than smallRead bytes reads data, and
	// does not make the end grow.
	maxEnd    = 1 << 20
	smallRead = 4 << 10
	growBy    = 64 << 10
)

// Open sends one request, for the end of the file: the last 128 KiB. It sends no request if the
// end is in the cache and the file was listed in the last minute. Reads within the end need no
// further request. A small read of bytes shortly in front of the end makes the end longer, up to
// 1 MiB. Other reads get blocks of 2 MiB, and the reader keeps the last three blocks. If the file
// was replaced or deleted meanwhile, Open or the first read that needs a request returns an error
// that is fs.ErrNotExist.
//
// Reads end when ctx ends, and with Close.
func (s *Store) Open(ctx context.Context, name string) (lake.Reader, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, s.notRead("open", name, err)
	}
	is, end, err := s.end(ctx, name)
	if err != nil {
		return nil, s.notRead("open", name, err)
	}
	r := &reader{store: s, name: name, version: is, end: end, bodyEnd: is.size - min(is.size, endSize)}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	return r, nil
}

// end returns the end of a file, and the file's version. The version was the current one at some
// time in the last minute.
func (s *Store) end(ctx context.Context, name string) (is version, end []byte, err error) {
	if is, ok := s.known.version(name); ok {
		if end := s.ends.load(s.endKey(name, is)); int64(len(end)) >= min(is.size, endSize) && int64(len(end)) <= is.size {
			return is, end, nil
		}
	}
	is, end, err = s.getEnd(ctx, name)
	if err == nil && len(end) > 0 {
		s.known.remember(name, is)
		s.ends.save(s.endKey(name, is), end)
	}
	return is, end, err
}

func (s *Store) endKey(name string, is version) string {
	return fmt.Sprintf("%s/%s %s %d", s.url, name, is.etag, is.size)
}

func (s *Store) getEnd(ctx context.Context, name string) (is version, end []byte, err error) {
	got, err := s.get(ctx, name, fmt.Sprintf("bytes=-%d", endSize), nil)
	if statusOf(err) == http.StatusRequestedRangeNotSatisfiable || err == errRange && len(got.body) == 0 {
		return is, nil, s.checkEmpty(ctx, name)
	}
	if err != nil {
		return is, nil, err
	}
	if got.etag == "" {
		return is, nil, errNoETags
	}
	if want := min(got.size, endSize); int64(len(got.body)) != want || got.at != got.size-want {
		return is, nil, errRange
	}
	return version{etag: got.etag, size: got.size}, got.body, nil
}

// checkEmpty returns nil if the file is empty. The end of an empty file cannot be requested.
// Without this check, any file would look empty on a server that does not support ranges.
func (s *Store) checkEmpty(ctx context.Context, name string) error {
	there, err := s.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: s.key(name)})
	if err == nil && aws.ToInt64(there.ContentLength) != 0 {
		err = errRange
	}
	return err
}

var errRange error = &refusal{"the server does not send the range that it is asked for"}

// part is a range of an object.
type part struct {
	body []byte
	at   int64
	size int64 // the size of the object
	etag string
}

// get gets a range of an object. If an ETag is given, the object must have it.
func (s *Store) get(ctx context.Context, name, of string, etag *string) (got part, err error) {
	out, err := s.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: s.key(name), Range: &of, IfMatch: etag})
	if err != nil {
		return got, err
	}
	defer out.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(out.Body); err != nil { // the body is in memory already
		return got, err
	}
	got = part{body: body.Bytes(), etag: aws.ToString(out.ETag)}
	var end int64
	n, err := fmt.Sscanf(aws.ToString(out.ContentRange), "bytes %d-%d/%d", &got.at, &end, &got.size)
	if n != 3 || err != nil || end-got.at+1 != int64(body.Len()) || end >= got.size {
		return got, errRange
	}
	return got, nil
}

const (
	// For a hit, a search reads pages of all columns. The first and the last of these pages are at
	// most a megabyte apart. A request takes as long as the transfer of a megabyte.
	blockSize = 2 << 20
	maxBlocks = 3

	// A read of longRead bytes or more reads a whole file for a merge, and no other read follows.
	// It is split into pieces, and does not use the blocks.
	longRead  = 1 << 20
	pieceSize = 8 << 20
	pieces    = 4 // the number of pieces that are requested at once
)
