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
	// endSize is how much of a file's end Open gets: the footer, the indexes, and the Bloom filters
	// of most files; all of a small one.
	endSize = 128 << 10

	// maxEnd is how far an end grows, to what is asked for before it: the Bloom filters of a large
	// file. A longer read than smallRead is of data, and not of these.
	maxEnd    = 1 << 20
	smallRead = 4 << 10
	growBy    = 64 << 10
)

// Open opens a file with one request for its end, of 128 KiB, and with none where the end is in the
// cache and the file was listed in the last minute. Reads within the end cost nothing more. Small
// ones not far before it make it longer, up to 1 MiB. Others get blocks of 2 MiB, of which the
// reader keeps the latest three. A file that was replaced or deleted since is an error that is
// fs.ErrNotExist, of Open or of the first read that goes to the server.
//
// Reads end with ctx, and with Close.
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

// end returns what a file is now, or was in the last minute, and its end.
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

// checkEmpty returns nil for an empty file, which has no end to get. A server that has no ranges
// must not look like one that has empty files.
func (s *Store) checkEmpty(ctx context.Context, name string) error {
	there, err := s.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: s.key(name)})
	if err == nil && aws.ToInt64(there.ContentLength) != 0 {
		err = errRange
	}
	return err
}

var errRange error = &refusal{"the server does not send the range that it is asked for"}

// part is a piece of an object.
type part struct {
	body []byte
	at   int64
	size int64 // of the object
	etag string
}

// get gets a range of an object, which must have the ETag where one is given.
func (s *Store) get(ctx context.Context, name, of string, etag *string) (got part, err error) {
	out, err := s.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: s.key(name), Range: &of, IfMatch: etag})
	if err != nil {
		return got, err
	}
	defer out.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(out.Body); err != nil { // it is in memory already
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
	// A hit needs pages of all columns, which lie within a megabyte: a request costs as much as
	// that.
	blockSize = 2 << 20
	maxBlocks = 3

	// A read of longRead or more is one of all of a file, as when it is merged, which no other read
	// follows. It gets what it needs in pieces, and the blocks are not for it.
	longRead  = 1 << 20
	pieceSize = 8 << 20
	pieces    = 4 // at once
)
