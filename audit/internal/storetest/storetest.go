// Package storetest has stores for tests. Only tests import it.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"example.com/clew/audit/lake"
)

// ErrFail is the error that a Memory returns for the call number FailAt and for all later calls.
var ErrFail = errors.New("no space left on device")

// ErrLost is the cause of a context whose lock was lost.
var ErrLost = errors.New("the lease was not renewed")

// Memory is a store in memory that can be made to fail. The zero value is an empty store that does
// not fail. Several goroutines may call its methods. Set the fields before the first call.
type Memory struct {
	// FailAt is the number of the first Put, Delete, Open, List or Lock that fails, from 1 on. All
	// later calls fail too, as if the process had ended at this call. 0: no call fails.
	FailAt int

	// Half means that the first failing call does its work, although it returns an error.
	Half bool

	// LoseAt is the number of the call before which the lock is lost with ErrLost. 0: never.
	LoseAt int

	mu     sync.Mutex
	files  map[string][]byte
	locked bool
	lose   context.CancelCauseFunc
	calls  int
}

// call counts a call, and returns the error of the call. The result do is false if the call must
// not do its work.
func (m *Memory) call() (do bool, err error) {
	m.calls++
	if m.calls == m.LoseAt && m.locked {
		m.lose(ErrLost)
	}
	if m.FailAt > 0 && m.calls >= m.FailAt {
		return m.Half && m.calls == m.FailAt, ErrFail
	}
	return true, nil
}

// Calls returns the number of calls so far.
func (m *Memory) Calls() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

// Copy returns a store that has the same files and does not fail.
func (m *Memory) Copy() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Memory{files: maps.Clone(m.files)}
}

// Files returns the files by name.
func (m *Memory) Files() map[string][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.files)
}

func (m *Memory) Put(ctx context.Context, name string, from io.ReaderAt, size int64) error {
	data := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(from, 0, size), data); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	do, err := m.call()
	if do && ctx.Err() == nil {
		if m.files == nil {
			m.files = map[string][]byte{}
		}
		m.files[name] = data
	}
	return orDone(ctx, err)
}

func orDone(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	return ctx.Err()
}

func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[lake.File, error] {
	return func(yield func(lake.File, error) bool) {
		m.mu.Lock()
		_, err := m.call()
		files := maps.Clone(m.files)
		m.mu.Unlock()
		if err := orDone(ctx, err); err != nil {
			yield(lake.File{}, err)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if strings.HasPrefix(name, prefix) && !yield(lake.File{Name: name, Size: int64(len(files[name]))}, nil) {
				return
			}
		}
	}
}

type reader struct{ *bytes.Reader }

func (reader) Close() error { return nil }

func (m *Memory) Open(ctx context.Context, name string) (lake.Reader, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.call()
	if err := orDone(ctx, err); err != nil {
		return nil, err
	}
	data, ok := m.files[name]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return reader{bytes.NewReader(data)}, nil
}

func (m *Memory) Delete(ctx context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	do, err := m.call()
	if do && ctx.Err() == nil {
		delete(m.files, name)
	}
	return orDone(ctx, err)
}

func (m *Memory) Lock(ctx context.Context) (held context.Context, unlock func() error, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err = m.call()
	if err := orDone(ctx, err); err != nil {
		return nil, nil, err
	}
	if m.locked {
		return nil, nil, fmt.Errorf("%w: a test", lake.ErrLocked)
	}
	m.locked = true
	held, release := context.WithCancelCause(ctx)
	m.lose = release
	return held, func() error {
		release(nil)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.locked = false
		return nil
	}, nil
}
