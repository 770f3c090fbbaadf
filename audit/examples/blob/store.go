// Package blob is a recipe for a lake.Store in Google Cloud Storage, in Azure Blob Storage, or in
// any other storage that the Go Cloud Development Kit supports. Copy this file, and import the
// driver of your bucket.
//
//	bucket, err := blob.OpenBucket(ctx, "gs://audit")    // import _ "gocloud.dev/blob/gcsblob"
//	bucket, err := blob.OpenBucket(ctx, "azblob://audit") // import _ "gocloud.dev/blob/azureblob"
//	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api", Store: Store{bucket}})
//
// For S3, and for servers that speak the protocol of S3, use example.com/clew/audit/s3. The Store
// of that package reads fewer and larger pieces, caches them, and has a lock that becomes free
// after a crash.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"
	"time"

	"example.com/clew/audit/lake"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Store is a bucket. Use blob.PrefixedBucket for a part of a bucket. Several goroutines may call
// its methods at once.
type Store struct{ Bucket *blob.Bucket }

var _ lake.Shared = Store{}

// Shared returns true, so no Logger merges or deletes files. Write a job that calls lake.Compact,
// because clew-audit cannot open such a store. Let a lifecycle rule of the bucket delete old
// files.
func (Store) Shared() bool { return true }

// Put writes an object. The object becomes visible only when it is complete.
func (s Store) Put(ctx context.Context, name string, from io.ReaderAt, size int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // if its context has ended, w.Close writes nothing
	w, err := s.Bucket.NewWriter(ctx, name, &blob.WriterOptions{ContentType: "application/vnd.apache.parquet"})
	if err != nil {
		return err
	}
	n, err := io.Copy(w, io.NewSectionReader(from, 0, size))
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		cancel()
		return errors.Join(err, w.Close())
	}
	return w.Close()
}

// List yields the objects below prefix. It leaves out names that begin with "_" or ".", because
// these are not files of the lake.
func (s Store) List(ctx context.Context, prefix string) iter.Seq2[lake.File, error] {
	return func(yield func(lake.File, error) bool) {
		objects := s.Bucket.List(&blob.ListOptions{Prefix: prefix})
		for {
			o, err := objects.Next(ctx)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(lake.File{}, err)
				return
			}
			if base := path.Base(o.Key); strings.HasPrefix(base, "_") || strings.HasPrefix(base, ".") {
				continue
			}
			if !yield(lake.File{Name: o.Key, Size: o.Size, Modified: o.ModTime}, nil) {
				return
			}
		}
	}
}

// reader reads ranges of an object.
type reader struct {
	bucket *blob.Bucket
	ctx    context.Context
	name   string
	size   int64
}

// Open opens an object. It only requests the size.
func (s Store) Open(ctx context.Context, name string) (lake.Reader, error) {
	a, err := s.Bucket.Attributes(ctx, name)
	if err != nil {
		return nil, notExist(err)
	}
	return &reader{s.Bucket, ctx, name, a.Size}, nil
}

func (r *reader) Size() int64  { return r.size }
func (r *reader) Close() error { return nil }

func (r *reader) ReadAt(p []byte, at int64) (int, error) {
	if at >= r.size {
		return 0, io.EOF
	}
	part, err := r.bucket.NewRangeReader(r.ctx, r.name, at, min(int64(len(p)), r.size-at), nil)
	if err != nil {
		return 0, notExist(err)
	}
	defer part.Close()
	n, err := io.ReadFull(part, p[:min(int64(len(p)), r.size-at)])
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

func notExist(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}

// Delete deletes an object.
func (s Store) Delete(ctx context.Context, name string) error {
	err := s.Bucket.Delete(ctx, name)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	return err
}

const lockName = "_compact.lock"

// Lock makes an object, and fails if the object exists already. After a crash, delete the object
// by hand. Lock cannot take over an old lock, because the Go Cloud Development Kit has no call
// that replaces an object only if no other process has replaced it meanwhile.
func (s Store) Lock(ctx context.Context) (held context.Context, unlock func() error, err error) {
	host, _ := os.Hostname()
	holder := fmt.Sprintf("process %d on %s since %s", os.Getpid(), host, time.Now().UTC().Format(time.RFC3339))
	err = s.Bucket.WriteAll(ctx, lockName, []byte(holder), &blob.WriterOptions{IfNotExist: true})
	if gcerrors.Code(err) == gcerrors.FailedPrecondition {
		other, _ := s.Bucket.ReadAll(ctx, lockName)
		return nil, nil, fmt.Errorf("%w: %.200q; if that process has crashed, delete %s", lake.ErrLocked, other, lockName)
	}
	if err != nil {
		return nil, nil, err
	}
	held, release := context.WithCancel(ctx)
	return held, func() error {
		release()
		return s.Bucket.Delete(context.WithoutCancel(ctx), lockName)
	}, nil
}
