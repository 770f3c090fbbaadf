package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"

	"example.com/clew/audit/internal/batch"
)

// writeBytes is how many bytes of records Write has in memory before it makes files of them. It is
// above the 128 MB of text that Firehose puts into an object: such an object is written whole or
// not at all. Another number would give the files of larger objects other events under the same
// names, so that an interrupted Write could not be repeated by another version.
const writeBytes = 128 << 20

// Package batch has its own name for the span of a partition, which must be the same.
var _ [0]struct{} = [batch.Span - PartitionSpan]struct{}{}

// Written is what [Write] has written.
type Written struct {
	Events int
	Files  int
	Bytes  int64 // of the files

	// ManyMessages is the apps with more than 10,000 distinct messages in what was written.
	ManyMessages []string
}

// Write writes events to the store, without a journal: a file for each partition that they lie in.
// Write is for events that are safe elsewhere until Write has returned, such as those of an object
// that can be read again.
//
// The id has the form of a segment's ID ([IsSegmentID]) and becomes the name of the files, so that
// the same events with the same id give the same files, byte for byte by the same version of clew.
// Write can therefore be repeated after an error or a crash: files are replaced by themselves.
// Where [Compact] has merged some of them meanwhile, readers skip the new ones, and the next
// Compact deletes them. Other events under the same id replace the first ones or are skipped with
// them: never use an id twice.
//
// Events may come in any order. Times are cut to microseconds, letters of trace IDs become small,
// and bytes that are no UTF-8 become U+FFFD. An event before the year 1 or after 9999, of more
// than 16 MB, or whose trace ID is not 16 or 32 hexadecimal digits, is an error.
//
// Nothing is written before events has ended, or 128 MiB of them are in memory as records, of some
// 150 bytes each. Of more events than that the first 128 MiB are written, and so on, under names
// that derive from id. An error of events ends Write and is returned as it is, as is one of ctx.
// Events of an Event's maps and slices are not kept.
func Write(ctx context.Context, store Store, id string, events iter.Seq2[Event, error]) (done Written, err error) {
	if !IsSegmentID(id) {
		return done, fmt.Errorf("lake: %q is no segment's ID", id)
	}
	w := writings.Get().(*writing)
	defer writings.Put(w)
	w.reset()
	apps := map[string]bool{}
	parts := 0
	flush := func() error {
		err := w.flush(ctx, store, partID(id, parts), &done, apps)
		parts++
		w.reset()
		return err
	}
	for event, err := range events {
		if err == nil {
			err = w.add(&event)
		}
		if err != nil {
			return done, err
		}
		if len(w.data) >= writeBytes {
			if err := flush(); err != nil {
				return done, err
			}
		}
		if w.batch.Len()%(1<<10) == 0 && ctx.Err() != nil {
			return done, ctx.Err()
		}
	}
	err = flush()
	done.ManyMessages = slices.Sorted(maps.Keys(apps))
	return done, err
}

// partID is the ID of the files of the part of a Write, which is counted from 0. It begins with
// the same 16 digits, by which IDs sort.
func partID(id string, part int) string {
	if part == 0 {
		return id
	}
	hash := sha256.Sum256([]byte(id + " " + strconv.Itoa(part)))
	return id[:idLength/2] + hex.EncodeToString(hash[:idLength/4])
}
