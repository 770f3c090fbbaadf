package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"example.com/clew/audit/internal/table"
)

// Expired is what [Expire] has deleted.
type Expired struct {
	Files int
	Bytes int64
	Left  []Left // files that could not be read, or that are not clew's in spite of their names
}

// Expire deletes the files of the partitions that ended at least the time ttl before now, and the
// directories that become empty. A ttl of zero or less is an error. Expire locks the store. The
// error [ErrLocked] means that another process holds the lock.
//
// Expire deletes only files that have both a name and a footer as clew writes them. A damaged file
// is not deleted, and is no error. If a part of the store cannot be listed, Expire deletes the
// other files, and then returns an error.
func Expire(ctx context.Context, store Store, ttl time.Duration, now time.Time) (done Expired, err error) {
	if ttl <= 0 {
		return done, fmt.Errorf("lake: the TTL is %v, but must be positive", ttl)
	}
	err = locked(ctx, store, func(held context.Context) error { return done.expire(held, store, now.Add(-ttl)) })
	return done, err
}

func (done *Expired) expire(ctx context.Context, store Store, before time.Time) error {
	var unlisted []error
	for file, err := range store.List(ctx, "") {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			unlisted = append(unlisted, err)
			continue
		}
		partition, _, ok := ours(file.Name)
		if begin, _ := PartitionTime(partition); !ok || begin.Add(PartitionSpan).After(before) {
			continue
		}
		switch err := expire(ctx, store, file.Name); {
		case err == nil:
			done.Files++
			done.Bytes += file.Size
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, errDelete):
			return err
		default:
			done.Left = append(done.Left, Left{file.Name, err})
		}
	}
	return errors.Join(unlisted...)
}

// errDelete is the error of expire if a file could not be deleted. Any other error means that the
// file must not be deleted.
var errDelete = errors.New("lake: delete")

// expire deletes a file if its footer shows that clew wrote it.
func expire(ctx context.Context, store Store, name string) error {
	r, err := store.Open(ctx, name)
	if err != nil {
		return err
	}
	s, err := table.OpenSource(r, r.Size())
	if s != nil {
		s.Close()
	}
	r.Close()
	if err != nil && !errors.Is(err, table.ErrNewer) {
		return err
	}
	if err := store.Delete(ctx, name); err != nil {
		return fmt.Errorf("%w: %w", errDelete, err)
	}
	return nil
}
