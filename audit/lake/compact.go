package lake

import (
	"context"
	"time"

	"example.com/clew/audit/internal/table"
)

// CompactOptions says which files [Compact] merges.
type CompactOptions struct {
	// After is the time that must have passed since the end of a partition before Compact merges
	// its files, so that late files are merged too. Zero means an hour. With a nanosecond, Compact
	// merges every partition that has ended. With a negative After, it also merges partitions that
	// will end within this time.
	After time.Duration
}

// Compacted is what [Compact] has done.
type Compacted struct {
	Merged  int    // files that were merged
	Into    int    // files that they became
	Events  int64  // in the new files
	Deleted int    // source files that were merged by this call, or that a crash has left after an earlier merge
	Left    []Left // files that could not be read
}

// Left is a file that was not touched.
type Left struct {
	Name string
	Err  error // the file is damaged, for example, or a newer version of clew wrote it
}

// Compact merges the small files of each partition that ended an hour ago or more: see
// CompactOptions.After. It locks the store. The error [ErrLocked] means that another process holds
// the lock.
//
// A merged file contains the names of its sources, and is written before they are deleted. Readers
// of clew skip a file that a merged file names, so they never miss an event and never see one
// twice. Until the sources are deleted, other engines see events twice. That takes a moment. After
// a crash, it takes until the next Compact. A file that cannot be read is left alone, and is no
// error.
//
// Compact ends when it loses the lock. After an error, the merges that are finished are still
// valid. If a part of the store cannot be listed, Compact skips the partitions next to this part,
// merges the others, and returns an error.
func Compact(ctx context.Context, store Store, options CompactOptions) (done Compacted, err error) {
	err = locked(ctx, store, func(held context.Context) error {
		c := &compaction{ctx: held, store: store, writer: table.NewWriter(), done: &done}
		return c.run(options)
	})
	return done, err
}
