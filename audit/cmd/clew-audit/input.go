package main

import (
	"context"
	"errors"
	"io"
)

// interruptible returns a reader of r that ends when ctx ends, even if r.Read is waiting. Its
// goroutine then waits until r.Read returns, because only data or a Close can end a Read.
func interruptible(ctx context.Context, r io.ReadCloser) io.ReadCloser {
	out, in := io.Pipe()
	stop := context.AfterFunc(ctx, func() { in.Close() })
	go func() {
		defer stop()
		_, err := io.CopyBuffer(struct{ io.Writer }{in}, struct{ io.Reader }{r}, make([]byte, 1<<20))
		if err == nil {
			err = io.EOF
		}
		in.CloseWithError(err)
	}()
	return struct {
		io.Reader
		io.Closer
	}{out, closers{out, r}}
}

// closers is a list of closers that one call of Close closes.
type closers []io.Closer

func (c closers) Close() error {
	var errs []error
	for _, closer := range c {
		errs = append(errs, closer.Close())
	}
	return errors.Join(errs...)
}
