package main

import (
	"context"
	"errors"
	"io"
)

// interruptible is a reader that ends with ctx even while r waits. After that, its goroutine still
// waits until r has something or is closed, because nothing else ends a Read.
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

// closers are closed together.
type closers []io.Closer

func (c closers) Close() error {
	var errs []error
	for _, closer := range c {
		errs = append(errs, closer.Close())
	}
	return errors.Join(errs...)
}
