package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// condition says which object a write may replace. If the field none is "*", the write may replace
// no object. Otherwise it may replace only the object whose ETag is the field match.
type condition struct{ none, match *string }

func ifAbsent() condition {
	any := "*"
	return condition{none: &any}
}

// upload is a file that is being written.
type upload struct {
	store *Store
	key   *string
	from  io.ReaderAt
	size  int64
	id    *string // the ID of the multipart upload; nil: none has begun
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
		case status == http.StatusNotFound: // the file is gone, or the upload may be complete
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
		err = errors.New("others write the same file again and again")
	}
	return err
}

// write writes the bytes of the field from, if the condition is true.
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

// look returns the condition for replacing the file in the store. It also returns whether that
// file has the same content already, because the answer to an earlier attempt may have been lost.
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
