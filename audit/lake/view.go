package lake

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/clew/audit/internal/table"
)

// view holds the stores as one search sees them. While segments are packed and files are merged, a
// search sees no event twice, and misses none that was written before the search began:
//
//  1. The segments of the journals are opened before partitions are listed.
//  2. If a partition has a readable file of an opened segment, or a readable merged file that
//     replaces this file, the segment is skipped in this partition. The file has all events of the
//     segment. It may have more if the segment is a copy of a segment that is still being written
//     elsewhere. Of two copies of a segment, the search uses the one with the longer valid prefix.
//  3. A file that a merged file replaces is skipped.
//  4. A file that is gone when it is opened was merged. Its partition is listed and read again.
//
// If a part of a store cannot be listed, the search yields the events that it has found in all
// stores, and then the error.
type view struct {
	ctx      context.Context
	stores   []Store
	segments []*openSegment
	maxBytes int64

	mu       sync.Mutex // guards unlisted and report.Skipped
	unlisted []error
	report   *Report
	reads    atomic.Int64
	bytes    atomic.Int64
	skipped  map[string]bool
	sample   []*stored // files that an estimate has opened
}

// errGone is the error of a file that no longer exists, or was replaced.
var errGone = errors.New("the file is gone")

func newView(ctx context.Context, stores []Store, maxBytes int64, report *Report) (v *view, err error) {
	v = &view{ctx: ctx, stores: stores, maxBytes: maxBytes, report: report, skipped: map[string]bool{}}
	if err := v.openSegments(); err != nil {
		return nil, err
	}
	for _, s := range v.segments {
		if s.err != nil {
			v.skip(s.store, journalDir+"/"+s.name, s.err)
		}
	}
	return v, nil
}

func (v *view) close() {
	for _, s := range v.sample {
		s.close()
	}
	closeSegments(v.segments)
	v.report.Reads, v.report.Bytes = v.reads.Load(), v.bytes.Load()
}

// inStore returns a file's name, preceded by the store's name if the store has one.
func inStore(store Store, name string) string {
	s, ok := store.(fmt.Stringer)
	switch {
	case !ok:
		return name
	case strings.Contains(s.String(), "://"):
		return strings.TrimSuffix(s.String()+"/"+name, "/")
	}
	return filepath.Join(s.String(), name)
}

// skip adds a file that cannot be read to the report, once.
func (v *view) skip(store Store, name string, err error) {
	name = inStore(store, name)
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.skipped[name] {
		v.skipped[name] = true
		v.report.Skipped = append(v.report.Skipped, Skipped{name, err})
	}
}

// unlist keeps an error of a listing for the end of the search. If the context has ended, unlist
// returns the context's error.
func (v *view) unlist(store Store, what string, err error) error {
	if v.ctx.Err() != nil {
		return v.ctx.Err()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if of := inStore(store, ""); of != "" {
		what += " of " + of
	}
	err = fmt.Errorf("listing the %s: %w", what, err)
	same := func(other error) bool { return other.Error() == err.Error() }
	if !slices.ContainsFunc(v.unlisted, same) { // a directory is listed several times
		v.unlisted = append(v.unlisted, err)
	}
	return nil
}

// ErrIncomplete is the error of an answer if a part of a store could not be listed. The other
// parts have been searched.
var ErrIncomplete = errors.New("lake: a part of a store could not be listed")

// whole returns an ErrIncomplete if a part of a store could not be listed.
func (v *view) whole() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.unlisted) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrIncomplete, errors.Join(v.unlisted...))
}

// visit calls three functions: begin once, file for each file of p (several at once), and end
// once. It leaves out files that are damaged or replaced, and sets p.journals. If the
// function file returns more as true, visit keeps up to maxKept such files open, because end reads
// them again. If files have disappeared, visit starts again with begin, which must forget all
// results.
func (v *view) visit(p *partition, begin func(), file func(*stored) (more bool, err error), end func() error) error {
	defer p.close()
	for {
		begin()
		err := v.footers(p)
		if err == nil {
			err = v.files(p, file)
		}
		if err == nil {
			err = end()
		}
		if err == nil && v.instead(p) {
			continue
		}
		if !errors.Is(err, errGone) {
			return err
		}
		if p.again++; p.again > maxAgain {
			return fmt.Errorf("lake: the files of %s change all the time", Partition(time.UnixMicro(p.begin)))
		}
		if err := v.relist(p); err != nil {
			return err
		}
	}
}

// files calls the function file for each file of p, and closes the files from which nothing more
// is read.
func (v *view) files(p *partition, file func(*stored) (more bool, err error)) error {
	var kept atomic.Int64
	return v.each(p.files, func(s *stored) error {
		more, err := file(s)
		if !more || kept.Add(1) > maxKept {
			s.close()
		}
		return err
	})
}

// instead removes files that could not be read. It reports whether the partition must be read
// again, because copies or segments may have the events of these files.
func (v *view) instead(p *partition) bool {
	again := p.useCopies()
	have := len(p.files)
	p.drop(func(s *stored) bool { return s.bad })
	return again || len(p.files) < have && len(v.segments) > 0
}

// footers reads the footers of the files of p. It drops the files that are damaged or replaced,
// and sets p.journals.
func (v *view) footers(p *partition) error {
	for again := true; again; again = p.useCopies() {
		err := v.footersOf(p.files, func(s *stored) error {
			if len(p.files) > maxOpen {
				defer s.close()
			}
			s.bad = false // an earlier visit may have failed
			return s.footer()
		})
		if err != nil {
			return err
		}
	}
	p.drop(func(s *stored) bool { return s.bad })
	there, replaced := map[string]bool{}, map[string]bool{}
	for _, s := range p.files {
		there[s.base()] = true
		for name := range strings.FieldsSeq(s.file.Meta(table.MetaReplaces)) {
			replaced[name] = true
		}
	}
	p.drop(func(s *stored) bool { return replaced[s.base()] })
	p.journals = p.journals[:0]
	for _, s := range v.segments {
		if file := s.header.ID + Suffix; s.opened() && !there[file] && !replaced[file] {
			p.journals = append(p.journals, s)
		}
	}
	return nil
}

// each calls the function do for each of the files, several at once. It adds damaged files to the
// report, and returns errors that end the search.
func (v *view) each(files []*stored, do func(*stored) error) error {
	return parallel(v.ctx, working(), len(files), func(i int) error { return v.one(files[i], do) })
}

// footersOf works like each, but with more files at once: reading footers is mostly waiting for
// the store.
func (v *view) footersOf(files []*stored, do func(*stored) error) error {
	return parallel(v.ctx, waiting, len(files), func(i int) error { return v.one(files[i], do) })
}

func (v *view) one(s *stored, do func(*stored) error) error {
	err := s.guard(func() error { return do(s) })
	var tooMuch *TooMuchError
	switch {
	case err == nil:
	case v.ctx.Err() != nil:
		return v.ctx.Err()
	case errors.Is(err, errGone) || errors.As(err, &tooMuch):
		return err
	default:
		s.bad = true
		v.skip(s.store, s.name, err)
	}
	return nil
}

const (
	// maxOpen is the largest number of files that stay open after their footers were read.
	maxOpen = 128

	// maxKept is the largest number of files of a partition that stay open between the search and
	// the reading of the rows that were found. Other files are opened again, because the reader of
	// a file in a bucket keeps up to 7 MiB in memory.
	maxKept = 16

	// maxAgain is the largest number of times that a partition is listed again. Each time, another
	// process has just ended a merge.
	maxAgain = 100
)
