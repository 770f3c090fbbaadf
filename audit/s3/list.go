package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"example.com/clew/audit/lake"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// List yields the files below prefix, which ends in a slash or is "", in the order of their names,
// with a request for each thousand. Names of which an element begins with "_" or "." are left out.
// An error is the last that is yielded. A bucket that is not there is one.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[lake.File, error] {
	return func(yield func(lake.File, error) bool) {
		name, slash := strings.CutSuffix(prefix, "/")
		if prefix != "" && (!slash || checkName(name) != nil) {
			yield(lake.File{}, fmt.Errorf("s3: %q is no prefix of a store", prefix))
			return
		}
		err := s.list(ctx, prefix, func(file lake.File) bool { return yield(file, nil) })
		if err != nil && err != errEnough {
			yield(lake.File{}, s.failed("list", prefix, err))
		}
	}
}

// errEnough ends a listing whose reader has had enough.
var errEnough = errors.New("enough")

func (s *Store) list(ctx context.Context, prefix string, yield func(lake.File) bool) error {
	input := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: s.key(prefix), EncodingType: types.EncodingTypeUrl}
	last := ""
	for {
		page, err := s.api.ListObjectsV2(ctx, input)
		if err != nil {
			return err
		}
		for i := range page.Contents {
			file, err := s.listed(page, &page.Contents[i])
			if err != nil {
				return err
			}
			// Directory buckets have no order, and Compact would take a part of a partition for all.
			if file.Name <= last && last != "" {
				return errors.New("the server does not list in the order of names")
			}
			last = file.Name
			if !hidden(file.Name) && checkName(file.Name) == nil && !yield(file) {
				return errEnough
			}
		}
		if page.IsTruncated == nil || !*page.IsTruncated {
			return nil
		}
		if next := page.NextContinuationToken; next == nil || *next == "" || input.ContinuationToken != nil && *next == *input.ContinuationToken {
			return errors.New("the server lists a part, and does not say how to go on")
		}
		input.ContinuationToken = page.NextContinuationToken
	}
}

// listed returns a file of a page, and remembers its ETag.
func (s *Store) listed(page *s3.ListObjectsV2Output, object *types.Object) (file lake.File, err error) {
	if object.Key == nil || object.Size == nil || *object.Size < 0 {
		return file, errors.New("the server lists an object without name or size")
	}
	key := *object.Key
	if page.EncodingType == types.EncodingTypeUrl {
		if key, err = url.QueryUnescape(key); err != nil {
			return file, errors.New("the server lists a name that it has not encoded")
		}
	}
	name, ok := strings.CutPrefix(key, s.prefix)
	if !ok {
		return file, errors.New("the server lists an object that is not below the prefix")
	}
	file = lake.File{Name: name, Size: *object.Size}
	if object.LastModified != nil {
		file.Modified = *object.LastModified
	}
	if object.ETag != nil {
		s.known.remember(name, version{etag: *object.ETag, size: file.Size})
	}
	return file, nil
}
