package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"sync"

	"example.com/clew/audit/internal/table/read"
)

// stored is a Parquet file in a store.
type stored struct {
	view  *view
	store Store
	name  string
	size  int64   // the size in the listing
	other *stored // a copy in another store
	bad   bool    // it cannot be read

	mu     sync.Mutex
	reader Reader
	opened int64 // the size when the file was first opened
	file   *read.File
}

// ReadAt opens the file if it is not open. A remote store may notice only in ReadAt that the file
// is gone: Open may have used a cache, or the file may have been deleted since Open.
func (s *stored) ReadAt(p []byte, at int64) (int, error) {
	r, err := s.open()
	if err != nil {
		return 0, err
	}
	s.view.reads.Add(1)
	if n := s.view.bytes.Add(int64(len(p))); n > s.view.maxBytes {
		return 0, &TooMuchError{Estimate: n, Limit: s.view.maxBytes, Narrow: narrow}
	}
	n, err := r.ReadAt(p, at)
	if errors.Is(err, fs.ErrNotExist) {
		return n, errGone
	}
	return n, err
}

func (s *stored) open() (Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader != nil {
		return s.reader, nil
	}
	r, err := s.store.Open(s.view.ctx, s.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errGone
	}
	if err != nil {
		return nil, err
	}
	if s.file != nil && r.Size() != s.opened {
		r.Close()
		return nil, errGone
	}
	s.reader, s.opened = r, r.Size()
	return r, nil
}

func (s *stored) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader != nil {
		s.reader.Close()
		s.reader = nil
	}
}

// footer opens the file and reads its footer.
func (s *stored) footer() error {
	if s.file != nil {
		return nil
	}
	if _, err := s.open(); err != nil {
		return err
	}
	return s.guard(func() (err error) {
		file, err := read.Open(s, s.opened)
		if err == nil {
			s.file = file
		}
		return err
	})
}

// guard calls the function do, and turns a panic into an error. A fault in reading one damaged
// file must not end the search of good files, or even the process.
func (s *stored) guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("reading the file panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}

// base returns the file's name without its directory.
func (s *stored) base() string { return s.name[len(partitionLayout):] }
