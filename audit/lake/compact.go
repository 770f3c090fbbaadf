package lake

import (
	"context"
	"time"

	"example.com/clew/audit/internal/table"
)

// CompactOptions says which files [Compact] merges.
type CompactOptions struct {
	// After is how long ago a partition must have ended, so that late files are there too. Zero
	// is an hour; for no time at all, give a nanosecond. A negative After also merges partitions
	// that end within that time.
	After time.Duration
}

// Compacted is what [Compact] has done.
type Compacted struct {
	Merged  int    // files that were merged
	Into    int    // files that they became
	Events  int64  // in the new files
	Deleted int    // source files: merged by this call, or left by an earlier crash
	Left    []Left // files that could not be read
}

// Left is a file that was left alone.
type Left struct {
	Name string
	Err  error // the file is damaged, for example, or a newer version of clew wrote it
}

// Compact merges the small files of each partition that ended an hour ago or more. It takes the
// store's lock. [ErrLocked] says that another process has it.
//
// A merged file names its sources, and is put before they are deleted. Readers of clew skip a
// file that another one names, so they never miss an event and never see one twice. Until the
// sources are deleted, other engines see events twice: for a moment, or after a crash until the
// next Compact. A file that cannot be read is left alone, and is no error.
//
// Compact ends when it loses the lock. After an error, all merges that it has finished stay. If a
// part cannot be listed, Compact skips the partitions beside it, merges the rest, and fails.
func Compact(ctx context.Context, store Store, options CompactOptions) (done Compacted, err error) {
	err = locked(ctx, store, func(held context.Context) error {
		c := &compaction{ctx: held, store: store, writer: table.NewWriter(), done: &done}
		return c.run(options)
	})
	return done, err
}
