package lake

import (
	"context"
	"io"
	"iter"
	"time"
)

// Store holds the files of a lake. [Dir] is one.
//
// Names are paths with slashes, such as
// year=2026/month=11/day=27/hour=04/minute=15/NAME.parquet, relative to the store. Methods are called
// from several goroutines at once.
type Store interface {
	// Put writes a file of size bytes, whole or not at all: nobody sees a part of it, also after
	// a crash. A file of that name is replaced. When it has returned nil, the file is safe.
	Put(ctx context.Context, name string, from io.ReaderAt, size int64) error

	// List yields the files below prefix, which ends in a slash or is "", in the order of their
	// names. A prefix that is not there is no error.
	List(ctx context.Context, prefix string) iter.Seq2[File, error]

	// Open opens a file. An error that is fs.ErrNotExist says that it is not there (any more).
	Open(ctx context.Context, name string) (Reader, error)

	// Delete removes a file. One that is not there is no error.
	Delete(ctx context.Context, name string) error
}

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
