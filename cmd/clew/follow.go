package main

import (
	"context"
	"io"
	"os"
	"time"
)

// followEvery is the pause between two looks at a file that is followed.
const followEvery = 250 * time.Millisecond

// tail reads a file, and then everything that is written to it, until its context ends.
//
// When another file takes the path (logrotate's create), the old one is read until the next look,
// because its writer may not have noticed the rotation yet. A file that has become shorter
// (copytruncate) is read from its beginning. tail misses a truncation if, before the next
// look, the file grows beyond the bytes already read.
type tail struct {
	ctx  context.Context
	path string
	file *os.File
	next *os.File // the file that has taken the path; nil: none
	tick *time.Ticker
	read int64 // how many bytes of file were read
	last byte  // the last byte that was read
}

func newTail(ctx context.Context, path string, f *os.File) *tail {
	return &tail{ctx: ctx, path: path, file: f, last: '\n', tick: time.NewTicker(followEvery)}
}

func (t *tail) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, err := t.file.Read(p)
		if n > 0 {
			t.read += int64(n)
			t.last = p[n-1]
			return n, nil
		}
		if err != nil && err != io.EOF {
			return 0, err
		}
		again, err := t.again()
		switch {
		case err != nil:
			return 0, err
		case again && t.last != '\n': // the unfinished line ends here
			t.last, p[0] = '\n', '\n'
			return 1, nil
		case !again && !t.wait():
			return 0, io.EOF
		}
	}
}

// again is called at the end of a file. It reports whether the next read is from the beginning of
// a file: the file that has taken the path, or the same file if it has become shorter.
func (t *tail) again() (bool, error) {
	if t.next != nil {
		t.file.Close()
		t.file, t.next, t.read = t.next, nil, 0
		return true, nil
	}
	now, err := os.Stat(t.path)
	if err != nil {
		return false, nil // the next file is not there yet
	}
	old, err := t.file.Stat()
	if err != nil {
		return false, err
	}
	if !os.SameFile(old, now) {
		if next, err := os.Open(t.path); err == nil {
			t.next = next
		}
		return false, nil
	}
	if now.Size() >= t.read {
		return false, nil
	}
	t.read = 0
	_, err = t.file.Seek(0, io.SeekStart)
	return true, err
}

// wait waits for the next look. It returns false if the context has ended.
func (t *tail) wait() bool {
	select {
	case <-t.tick.C:
		return true
	case <-t.ctx.Done():
		return false
	}
}

func (t *tail) Close() error {
	t.tick.Stop()
	if t.next != nil {
		t.next.Close()
	}
	return t.file.Close()
}
