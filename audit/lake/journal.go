package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Journaled is a Store beside whose files lies the journal of a logger, as in [Dir]: the events
// that are not in Parquet files yet. A Store that wraps another one and has not these methods
// hides the newest events from [Find], and may answer with an event twice or not at all while
// it is packed.
type Journaled interface {
	Store

	// ListJournal returns the names of the segments, those that are being written too.
	ListJournal(ctx context.Context) ([]string, error)

	// OpenJournal opens a segment. An error that is fs.ErrNotExist says that it is not there any
	// more under this name: it was sealed, or packed.
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
		if isSegment(entry.Name()) && entry.Type().IsRegular() { // a pipe would keep its reader waiting
			names = append(names, entry.Name())
		}
	}
	return names, err
}

// OpenJournal opens a segment of the directory's journal.
func (d dir) OpenJournal(ctx context.Context, name string) (Reader, error) {
	if strings.ContainsAny(name, `/\`) || !isSegment(name) {
		return nil, fmt.Errorf("lake: %q is no name of a segment", name)
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
		err = fmt.Errorf("lake: %s is no file", name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return file{f, info.Size()}, nil
}
