package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"example.com/clew/audit/internal/filelock"
)

const (
	lockName = "_compact.lock"
	// leftAge is longer than any Put takes. So a temporary file that is older was left by a crash.
	leftAge = 24 * time.Hour
)

func (d dir) Lock(ctx context.Context) (held context.Context, unlock func() error, err error) {
	root, err := d.create(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, nil, err
	}
	err = filelock.Try(f)
	if errors.Is(err, filelock.ErrHeld) {
		holder, _ := io.ReadAll(io.LimitReader(f, 200))
		err = fmt.Errorf("lake: %s: %w: %q", d.path, ErrLocked, strings.TrimSpace(string(holder)))
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	// The file contains the name of the holder, for people. The file is not removed when the lock
	// is released: another process that has opened the file could then lock a file that is no
	// longer in the directory.
	host, _ := os.Hostname()
	err = f.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintf(f, "process %d on %s\n", os.Getpid(), host)
	}
	if err == nil {
		err = sweep(ctx, root, ".", time.Now().Add(-leftAge))
	}
	if err != nil {
		return nil, nil, closeAfter(f, err)
	}
	held, release := context.WithCancel(ctx) // a lock of the system cannot be lost before its release
	return held, func() error {
		release()
		return f.Close()
	}, nil
}

// sweep removes temporary files and empty directories of partitions, if their last change was
// before the time limit.
func sweep(ctx context.Context, root *os.Root, name string, limit time.Time) error {
	entries, err := readDir(root, name)
	if err == nil {
		err = ctx.Err()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		below := path.Join(name, entry.Name())
		temp := name == "." && strings.HasPrefix(entry.Name(), tempPrefix) && entry.Type().IsRegular()
		part := entry.IsDir() && isPartition(below)
		info, err := entry.Info() // read now, because sweep changes the time of a directory
		if part {
			if err := sweep(ctx, root, below, limit); err != nil {
				return err
			}
		}
		if (temp || part) && err == nil && info.ModTime().Before(limit) {
			root.Remove(below) // fails for a directory that is not empty
		}
	}
	return nil
}

// isPartition reports whether a directory has the name of a partition, or of a parent of one.
func isPartition(name string) bool {
	name += "/"
	const some = "year=2006/month=01/day=01/hour=00/minute=00/"
	if len(name) > len(some) {
		return false
	}
	_, ok := PartitionTime(name + some[len(name):])
	return ok
}

// locked calls the function do while the store is locked.
func locked(ctx context.Context, store Store, do func(held context.Context) error) error {
	held, unlock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	err = do(held)
	if err != nil && held.Err() != nil && ctx.Err() == nil {
		err = context.Cause(held) // the cause says that the lock was lost
	}
	return errors.Join(err, unlock())
}
