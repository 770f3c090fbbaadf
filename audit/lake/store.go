package lake

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Store holds the files of a lake. [Dir] is one, and the Store of example.com/clew/audit/s3.
//
// Names are paths with slashes, such as
// year=2026/month=11/day=27/hour=04/minute=15/NAME.parquet, relative to the store. Methods are
// called from several goroutines at once.
type Store interface {
	// Put writes a file of size bytes, whole or not at all: nobody sees a part of it, also after
	// a crash. A file of that name is replaced. When it has returned nil, the file is safe.
	Put(ctx context.Context, name string, from io.ReaderAt, size int64) error

	// List yields the files below prefix, which ends in a slash or is "", in the order of their
	// names. A prefix that is not there is no error. What cannot be listed is an error, which what
	// can be listed may follow.
	List(ctx context.Context, prefix string) iter.Seq2[File, error]

	// Open opens a file. An error that is fs.ErrNotExist says that it is not there (any more).
	Open(ctx context.Context, name string) (Reader, error)

	// Delete removes a file. One that is not there is no error.
	Delete(ctx context.Context, name string) error

	// Lock takes the store for [Compact] or [Expire], of which one at a time may run. It does not
	// wait: while another has the lock, also in another process, the error is [ErrLocked] and
	// names the holder. A holder that dies lets go.
	//
	// Held is a context below ctx in which the store may be changed. It ends with unlock, and when
	// the lock is lost: a lease that could not be renewed. Unlock is called once.
	Lock(ctx context.Context) (held context.Context, unlock func() error, err error)
}

// Shared is a Store that many writers have in common, such as a bucket. Where Shared is true, no
// Logger merges its files or deletes the old ones: a fleet would list everything each hour, once a
// writer. One process does, with [Compact], and the store itself lets files expire.
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

// Reader reads a file of a Store. It is used by several goroutines at once.
type Reader interface {
	io.ReaderAt
	io.Closer
	Size() int64
}
