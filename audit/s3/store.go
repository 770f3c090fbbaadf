package s3

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"

	"example.com/clew/audit/lake"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Store is a lake.Store in S3, which many services share. [Open] returns one; the zero value
// cannot be used. Several goroutines may call the methods at once.
//
// A Store has a goroutine only while [Store.Lock] is held. Idle connections close after half a
// minute, or with [Store.Close].
type Store struct {
	url    string
	bucket string
	prefix string // "", or it ends in a slash
	api    *s3.Client
	http   *client
	ends   ends
	known  known
	// conditional is true after a test has shown that the server obeys If-None-Match and If-Match.
	conditional atomic.Bool
}

var _ lake.Store = (*Store)(nil)

// String returns the URL, s3://BUCKET/PREFIX.
func (s *Store) String() string { return s.url }

// Shared returns true: a service never merges or deletes the files of a Store, because other
// services write to it too.
func (s *Store) Shared() bool { return true }

// Close closes the idle connections. A Store that is used again opens new ones. The error is
// always nil.
func (s *Store) Close() error {
	s.http.closeIdle()
	return nil
}

// Requests counts the requests of a Store since Open.
type Requests struct {
	Gets, Puts, Lists, Deletes, Heads int64 // Puts include the requests of multipart uploads

	// Retries counts requests that repeat a failed request. The fields above include them.
	Retries int64

	BytesRead, BytesWritten int64 // the sizes of bodies
}

// Requests returns the counts of all requests since Open.
func (s *Store) Requests() Requests { return s.http.counts.load() }

// Delete removes a file. It is no error if the file does not exist.
func (s *Store) Delete(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	s.known.forget(name)
	_, err := s.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: s.key(name)})
	if isCode(err, "NoSuchKey") {
		return nil
	}
	return s.failed("delete", name, err)
}

func (s *Store) key(name string) *string {
	key := s.prefix + name
	return &key
}

// checkName returns an error for each name that lake.Dir refuses, and for a name that is too long
// for a key.
func checkName(name string) error {
	if name == "." || !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") || hidden(name) {
		return fmt.Errorf("s3: %q is not a valid name for a file in a store", name)
	}
	if len(name) > maxName {
		return fmt.Errorf("s3: a name of %d bytes is too long", len(name))
	}
	return nil
}

// maxName leaves some of the 1,024 bytes of a key for the prefix.
const maxName = 900

// hidden reports whether query engines ignore a file of that name.
func hidden(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(element string) bool {
		return element == "" || element[0] == '_' || element[0] == '.'
	})
}
