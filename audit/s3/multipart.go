package s3

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	// singlePut is the maximum size of a file that is sent in one request.
	singlePut = 16 << 20
	partSize  = 8 << 20
	maxParts  = 10_000
	partsOnce = 4 // the number of parts that are sent at once

	// abortTime is the time limit for the abort of an upload that failed. The caller's context
	// does not shorten this time.
	abortTime = 10 * time.Second
)

// writeParts sends the parts, if they were not sent yet, and completes the upload if the condition
// is true. If it is false, the parts stay, so that the upload can be completed with another
// condition.
func (u *upload) writeParts(ctx context.Context, when condition) error {
	if u.id == nil {
		if err := u.begin(ctx); err != nil {
			return err
		}
	}
	_, err := u.store.api.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.store.bucket, Key: u.key, UploadId: u.id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
		ChecksumType:    types.ChecksumTypeFullObject,
		MpuObjectSize:   &u.size,
		IfNoneMatch:     when.none, IfMatch: when.match,
	})
	if err == nil {
		u.id = nil
	}
	return err
}

// begin begins a multipart upload and sends its parts.
func (u *upload) begin(ctx context.Context) error {
	created, err := u.store.api.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &u.store.bucket, Key: u.key,
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme, ChecksumType: types.ChecksumTypeFullObject,
	})
	if err != nil {
		return err
	}
	u.id = created.UploadId
	each := max(partSize, (u.size+maxParts-1)/maxParts)
	u.parts = make([]types.CompletedPart, (u.size+each-1)/each)
	err = parallel(ctx, partsOnce, len(u.parts), func(ctx context.Context, i int) (err error) {
		u.parts[i], err = u.part(ctx, i, each)
		return err
	})
	if err != nil {
		u.abort(ctx)
	}
	return err
}

func (u *upload) part(ctx context.Context, i int, each int64) (types.CompletedPart, error) {
	begin := int64(i) * each
	size := min(each, u.size-begin)
	number := int32(i + 1)
	sent, err := u.store.api.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.store.bucket, Key: u.key, UploadId: u.id, PartNumber: &number,
		Body: io.NewSectionReader(u.from, begin, size), ContentLength: &size,
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme,
	})
	if err != nil {
		return types.CompletedPart{}, err
	}
	return types.CompletedPart{PartNumber: &number, ETag: sent.ETag, ChecksumCRC64NVME: sent.ChecksumCRC64NVME}, nil
}

// abort deletes the parts that were sent, if any. It does so even if the lock is lost, because no
// other process uses this upload. Parts that are not deleted cost money until a lifecycle rule
// deletes them.
func (u *upload) abort(ctx context.Context) {
	if u.id == nil {
		return
	}
	ctx = context.WithValue(context.WithoutCancel(ctx), leaseKey{}, nil)
	ctx, cancel := context.WithTimeout(ctx, abortTime)
	defer cancel()
	u.store.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.store.bucket, Key: u.key, UploadId: u.id})
	u.id, u.parts = nil, nil
}

// parallel calls the function do with each i from 0 to n-1, and returns when all calls have
// returned. The argument atOnce is how many calls run at a time. The first error ends the context
// of the other calls, and is the result.
func parallel(ctx context.Context, atOnce, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(atOnce, n) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				if err := do(ctx, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
