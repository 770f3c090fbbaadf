package main

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"example.com/clew/audit/lake"
	"example.com/clew/audit/s3"
)

// openStore opens a directory, or a part of a bucket.
func openStore(ctx context.Context, name string) (lake.Store, error) {
	switch {
	case inBucket(name):
	case strings.Contains(name, "://"):
		return nil, usagef("%s: this kind of store is not known", clip(name))
	default:
		return lake.Dir(name), nil
	}
	return s3.Open(ctx, s3.Config{URL: name, Cache: cacheDir()})
}

// cacheDir returns the directory for the ends of files, or "" if no directory can be written, as
// in some containers. The ends of files are then kept in memory.
func cacheDir() string {
	user, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	dir := filepath.Join(user, "clew", "audit")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ""
	}
	probe, err := os.CreateTemp(dir, ".probe-*") // an attempt is the only sure way to know whether dir can be written
	if err != nil {
		return ""
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return ""
	}
	return dir
}

// isStore reports whether name names a bucket or an existing directory, and not a file.
func isStore(name string) bool {
	if strings.Contains(name, "://") {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// openSource opens the store of objects that others have delivered.
func openSource(ctx context.Context, name string) (lake.Store, error) {
	store, err := openStore(ctx, name)
	if err == nil && !strings.Contains(name, "://") {
		store = delivered{store, name}
	}
	return store, err
}

// delivered is a directory of objects. lake.Dir skips unreadable directories that are not
// partitions, but in delivered, each directory may contain objects.
type delivered struct {
	lake.Store
	path string
}

func (d delivered) List(ctx context.Context, prefix string) iter.Seq2[lake.File, error] {
	return func(yield func(lake.File, error) bool) {
		_ = filepath.WalkDir(filepath.Join(d.path, prefix), func(path string, entry fs.DirEntry, err error) error {
			name, _ := filepath.Rel(d.path, path)
			name = filepath.ToSlash(name)
			file := lake.File{}
			switch {
			case ctx.Err() != nil:
				err = ctx.Err()
			case name != "." && hiddenName(name):
				if entry != nil && entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			case err != nil:
			case !entry.Type().IsRegular():
				return nil
			default:
				var info fs.FileInfo
				if info, err = entry.Info(); err == nil {
					file = lake.File{Name: name, Size: info.Size(), Modified: info.ModTime()}
				}
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if !yield(file, err) || ctx.Err() != nil {
				return fs.SkipAll
			}
			return nil
		})
	}
}

// within returns the name of a part of a store.
func within(store, part string) string {
	if inBucket(store) {
		return strings.TrimRight(store, "/") + "/" + part
	}
	return filepath.Join(store, part)
}

// includes reports whether other is the same store as store, or a part of it.
func includes(store, other string) bool {
	return strings.HasPrefix(absolute(other), absolute(store))
}

// absolute returns a store's absolute name with a slash at its end.
func absolute(store string) string {
	if path, err := filepath.Abs(store); err == nil && !inBucket(store) {
		store = path
	}
	return strings.TrimRight(store, `/\`) + "/"
}
