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

// writeBytes is the number of bytes of records that Write collects in memory before it makes files
// of them. It is more than the 128 MB of text that Firehose puts into an object, so such an object
// is written whole or not at all. Never change writeBytes: files of larger objects would have
// other events under the same names, and a new version could not repeat an interrupted Write of an
// old one.
const writeBytes = 128 << 20

// Package batch has its own constant for the span of a partition. Both must be the same.
var _ [0]struct{} = [batch.Span - PartitionSpan]struct{}{}

// Written is what [Write] has written.
type Written struct {
	Events int
	Files  int
	Bytes  int64 // of the files

	// ManyMessages lists the apps with more than 10,000 distinct messages among these events.
	ManyMessages []string
}

// Write writes events to the store without a journal, one file for each partition. Use it for
// events that are safe elsewhere until Write has returned, for example in an object that can be
// read again.
//
// The id has the form of a segment's ID ([IsSegmentID]) and becomes the name of the files. The
// same events with the same id give the same files, byte for byte with the same version of clew.
// So a Write can be repeated after an error or a crash, and replaces its files by equal ones. If
// [Compact] has merged some of the files meanwhile, readers skip the new ones, and the next
// Compact deletes them. Never use an id for other events: they would replace the first ones, or be
// skipped with them.
//
// Events may come in any order. Times are cut to microseconds, letters of trace IDs become lower
// case, and bytes that are not UTF-8 become U+FFFD. Write returns an error for an event that is
// before the year 1 or after 9999, has more than 16 MB, or has a trace ID that is not 16 or 32
// hexadecimal digits.
//
// Write collects events as records in memory, some 150 bytes each. It writes files when the
// iterator has ended, or when the records have 128 MiB. It then collects the next 128 MiB. The
// names of their files are derived from id. If the iterator yields an error, Write ends and
// returns this error as it is. If ctx ends, Write returns the error of ctx. Write keeps no map or
// slice of an Event.
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

// partID returns the ID for the files of one part of a Write. The first part is 0. The IDs of all
// parts begin with the same 16 digits, so that they sort together.
func partID(id string, part int) string {
	if part == 0 {
		return id
	}
	hash := sha256.Sum256([]byte(id + " " + strconv.Itoa(part)))
	return id[:idLength/2] + hex.EncodeToString(hash[:idLength/4])
}
