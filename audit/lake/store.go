package lake

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Store holds the files of a lake. [Dir] is one.
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
	Lock(ctx context.Context) (unlock func() error, err error)
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
