package table

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
)

// SourceError is the error of one source. The other sources are not affected.
type SourceError struct {
	Source int
	Err    error
}

func (e *SourceError) Error() string { return fmt.Sprintf("source %d: %v", e.Source, e.Err) }

func (e *SourceError) Unwrap() error { return e.Err }

// Merge adds the rows of all sources to w, in order. It reads each row only when it needs the row.
// If a source cannot be read, the error is a [SourceError], and the caller must reset w.
func Merge(ctx context.Context, w *Writer, sources []*Source) error {
	h := merge{sources: sources}
	for i := range sources {
		ok, err := h.read(i)
		if err != nil {
			return err
		}
		if ok {
			h.next = append(h.next, i)
		}
	}
	heap.Init(&h)
	for len(h.next) > 0 {
		if w.Rows()%(1<<14) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		first := h.next[0]
		if err := w.Add(sources[first].Record(), nil); err != nil {
			return err
		}
		ok, err := h.read(first)
		if err != nil {
			return err
		}
		if ok {
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
	return nil
}

// merge is a heap of the sources that still have rows. Equal rows are in the order of the sources,
// so that the same files always make the same file.
type merge struct {
	sources []*Source
	next    []int
}

func (h *merge) read(i int) (ok bool, err error) {
	switch err := h.sources[i].Next(); {
	case err == nil:
		return true, nil
	case errors.Is(err, io.EOF):
		return false, nil
	default:
		return false, &SourceError{i, err}
	}
}

func (h *merge) Len() int { return len(h.next) }

func (h *merge) Less(i, j int) bool {
	a, b := h.sources[h.next[i]].Record(), h.sources[h.next[j]].Record()
	if c := compare(a.TraceID, a.Time, b.TraceID, b.Time); c != 0 {
		return c < 0
	}
	return h.next[i] < h.next[j]
}

func (h *merge) Swap(i, j int) { h.next[i], h.next[j] = h.next[j], h.next[i] }

// Push is never called, because sources are only removed from the heap.
func (h *merge) Push(any) {}

func (h *merge) Pop() any {
	last := len(h.next) - 1
	h.next = h.next[:last]
	return nil
}
