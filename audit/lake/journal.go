package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Journaled is a Store that also contains the journal of a Logger, as [Dir] does. The journal
// contains the events that are not in Parquet files yet. If a Store wraps a Journaled one but
// lacks these methods, [Find] misses the newest events. While a segment is packed, Find may then
// yield the segment's events twice, or not at all.
type Journaled interface {
	Store

	// ListJournal returns the names of the segments, also of the one that is being written.
	ListJournal(ctx context.Context) ([]string, error)

	// OpenJournal opens a segment. The error is fs.ErrNotExist if no segment has this name any
	// more, because the segment was sealed or packed.
	OpenJournal(ctx context.Context, name string) (Reader, error)
}

const (
	journalDir   = "_journal"
	activeSuffix = ".journal"
	sealedSuffix = ".sealed"
)

func isSegment(name string) bool {
	return strings.HasSuffix(name, activeSuffix) || strings.HasSuffix(name, sealedSuffix)
}

// ListJournal returns the names of the segments in the directory's journal.
func (d dir) ListJournal(ctx context.Context) (names []string, err error) {
	root, err := d.open(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(journalDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := f.ReadDir(-1)
	for _, entry := range all {
		if isSegment(entry.Name()) && entry.Type().IsRegular() { // opening a pipe would block
			names = append(names, entry.Name())
		}
	}
	return names, err
}

// OpenJournal opens a segment of the directory's journal.
func (d dir) OpenJournal(ctx context.Context, name string) (Reader, error) {
	if strings.ContainsAny(name, `/\`) || !isSegment(name) {
		return nil, fmt.Errorf("lake: %q is not the name of a segment", name)
	}
	root, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(path.Join(journalDir, name))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("lake: %s is not a file", name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return file{f, info.Size()}, nil
}
