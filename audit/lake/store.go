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
	// names. If no file has the prefix, List yields nothing. An error names a part that cannot be
	// listed, and more files may follow the error.
	List(ctx context.Context, prefix string) iter.Seq2[File, error]

	// Open opens a file. The error is fs.ErrNotExist if the file does not exist, or no longer
	// exists.
	Open(ctx context.Context, name string) (Reader, error)

	// Delete removes a file. It is no error if the file does not exist.
	Delete(ctx context.Context, name string) error

	// Lock locks the store for [Compact] or [Expire]. Only one of these calls may run at a time.
	// Lock does not wait. While another caller holds the lock, in this process or in another one,
	// the error is [ErrLocked] and names the holder. If the holder dies, the lock becomes free.
	//
	// The result held is a context derived from ctx, for the calls that change the store. It ends
	// when unlock is called, or when the lock is lost, for example because a lease could not be
	// renewed. The caller must call unlock once.
	Lock(ctx context.Context) (held context.Context, unlock func() error, err error)
}

// Shared is a Store that many writers use, such as a bucket. If its method Shared returns true, no
// Logger merges its files or deletes old ones: otherwise each writer of a fleet would list all
// files every hour. Instead, one process calls [Compact], and the store itself deletes old files.
type Shared interface {
	Store
	Shared() bool
}

// ErrLocked is the error of [Store.Lock] while another compaction holds the lock.
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
