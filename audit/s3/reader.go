package s3

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"sync"
)

// reader is an open file.
type reader struct {
	store *Store
	name  string
	version
	bodyEnd int64 // the offset at which the end begins before it grows

	mu  sync.Mutex
	end []byte // the last bytes of the file; they never change, but a longer end may replace them

	blocks blocks
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// Size returns the file's size in bytes.
func (r *reader) Size() int64 { return r.size }

// Close ends the reads that are under way. The error is always nil.
func (r *reader) Close() error {
	r.cancel(fs.ErrClosed)
	r.blocks.drop()
	return nil
}

// ReadAt reads as io.ReaderAt does.
func (r *reader) ReadAt(p []byte, at int64) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, r.store.notRead("read", r.name, err)
	}
	if at < 0 {
		return 0, fmt.Errorf("s3: read %s: the offset %d is negative", r.name, at)
	}
	if at >= r.size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), r.size-at)]
	end := r.theEnd()
	endAt := r.size - int64(len(end))
	body := want[:max(0, min(int64(len(want)), endAt-at))]
	if rest := want[len(body):]; len(rest) > 0 {
		copy(rest, end[at+int64(len(body))-endAt:])
	}
	if err := r.readBody(body, at); err != nil {
		if cause := context.Cause(r.ctx); cause != nil {
			err = cause
		}
		return 0, r.store.notRead("read", r.name, err)
	}
	if len(want) < len(p) {
		return len(want), io.EOF
	}
	return len(want), nil
}

// readBody fills p with bytes that are in front of the end.
func (r *reader) readBody(p []byte, at int64) error {
	if len(p) == 0 {
		return nil
	}
	if len(p) <= smallRead && at >= r.size-maxEnd {
		return r.grow(p, at)
	}
	if len(p) < longRead {
		return r.blocks.read(r, p, at)
	}
	n := (len(p) + pieceSize - 1) / pieceSize
	return parallel(r.ctx, pieces, n, func(ctx context.Context, i int) error {
		begin := i * pieceSize
		piece := p[begin:min(len(p), begin+pieceSize)]
		body, err := r.fetch(ctx, at+int64(begin), int64(len(piece)))
		copy(piece, body)
		return err
	})
}

func (r *reader) theEnd() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.end
}

// grow extends the end of the file that is in memory, so that it includes the offset at. It fills
// p with the bytes from this offset on, and puts the longer end into the cache.
func (r *reader) grow(p []byte, at int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if endAt := r.size - int64(len(r.end)); at < endAt {
		begin := at / growBy * growBy
		body, err := r.fetch(r.ctx, begin, endAt-begin)
		if err != nil {
			return err
		}
		r.end = append(slices.Clip(body), r.end...)
		r.store.ends.save(r.store.endKey(r.name, r.version), r.end)
	}
	copy(p, r.end[at-(r.size-int64(len(r.end))):])
	return nil
}

// fetch gets bytes of the file. It returns an error if the file is no longer the version that was
// opened.
func (r *reader) fetch(ctx context.Context, at, size int64) ([]byte, error) {
	got, err := r.store.get(ctx, r.name, fmt.Sprintf("bytes=%d-%d", at, at+size-1), &r.etag)
	if statusOf(err) == http.StatusRequestedRangeNotSatisfiable {
		err = errRange
	}
	if err != nil {
		if isGone(err) {
			r.store.known.forget(r.name)
		}
		return nil, err
	}
	if got.at != at || int64(len(got.body)) != size || got.size != r.size {
		return nil, errRange
	}
	return got.body, nil
}
