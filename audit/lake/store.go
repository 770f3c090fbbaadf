package lake

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Store holds the files of a lake. [Dir] returns one, and so does example.com/clew/audit/s3.
//
// Names are paths with slashes relative to the store, such as
// year=2026/month=11/day=27/hour=04/minute=15/NAME.parquet. Several goroutines call the methods at
// once.
type Store interface {
	// Put writes a file of size bytes, whole or not at all: no reader sees a part of it, not even
	// after a crash. A file of that name is replaced. When Put has returned nil, the file is safe.
	Put(ctx context.Context, name string, from io.ReaderAt, size int64) error

	// List yields the files below prefix, which ends in a slash or is "", in the order of their
	// names. A prefix that is not there is no error. An error says what cannot be listed, and more
	// files may follow it.
	List(ctx context.Context, prefix string) iter.Seq2[File, error]

	// Open opens a file. An error that is fs.ErrNotExist says that the file is not there (any
	// more).
	Open(ctx context.Context, name string) (Reader, error)

	// Delete removes a file. It is no error if the file is not there.
	Delete(ctx context.Context, name string) error

	// Lock takes the store for [Compact] or [Expire], of which only one at a time may run. Lock
	// does not wait. While another holder has the lock, also in another process, the error is
	// [ErrLocked] and names the holder. The lock of a holder that dies becomes free.
	//
	// Held is a context derived from ctx, for the calls that change the store. It ends with
	// unlock, or when the lock is lost, such as a lease that could not be renewed. The caller
	// calls unlock once.
	Lock(ctx context.Context) (held context.Context, unlock func() error, err error)
}

// Shared is a Store that many writers have in common, such as a bucket. If Shared returns true, no
// Logger merges its files or deletes old ones, because each writer of a fleet would list
// everything every hour. One process merges with [Compact], and the store itself lets files
// expire.
type Shared interface {
	Store
	Shared() bool
}

// ErrLocked is the error of [Store.Lock] while another compaction has the store.
var ErrLocked = errors.New("another compaction is running")

// File is a file of a Store.
type File struct {
	Name     string
	Size     int64
	Modified time.Time
}

// Reader reads a file of a Store. Several goroutines use it at once.
type Reader interface {
	io.ReaderAt
	io.Closer
	Size() int64
}
