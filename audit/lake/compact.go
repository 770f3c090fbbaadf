package lake

import (
	"context"
	"time"

	"example.com/clew/audit/internal/table"
)

// CompactOptions says what [Compact] merges.
type CompactOptions struct {
	// After is how long ago a partition must have ended, so that late files are there too. Zero is
	// an hour; for no time at all, give a nanosecond. With a negative After, partitions that end so
	// much later are merged too.
	After time.Duration
}

// Compacted is what [Compact] has done.
type Compacted struct {
	Merged  int    // files that were merged
	Into    int    // files that they became
	Events  int64  // in them
	Deleted int    // files that a merged file stands for: those merged, and what a crash had left
	Left    []Left // what could not be read
}

// Left is a file that was left alone.
type Left struct {
	Name string
	Err  error // such as of a damaged file, or of one that a newer version of clew wrote
}

// Compact merges the small files of each partition that ended an hour ago or more. It takes the
// store's lock; [ErrLocked] says that another process does the same.
//
// A merged file is put before its sources are deleted, and names them, so that a reader never
// misses an event and never sees one twice: it skips the files that another names. Engines other
// than clew see the events twice for the moment in between, or until the next Compact where a
// crash came between. What cannot be read is left alone, and is no error.
//
// When Compact returns an error, what it has done is done; one that loses the lock ends. Where
// something cannot be listed, all partitions but those beside it are compacted first.
func Compact(ctx context.Context, store Store, options CompactOptions) (done Compacted, err error) {
	err = locked(ctx, store, func(held context.Context) error {
		c := &compaction{ctx: held, store: store, writer: table.NewWriter(), done: &done}
		return c.run(options)
	})
	return done, err
}
