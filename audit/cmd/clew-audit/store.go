package main

import (
	"context"
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
		return nil, usagef("%s: no such kind of store is known", clip(name))
	default:
		return lake.Dir(name), nil
	}
	// Without a directory for caches, as in some containers, the ends of files are kept in memory.
	cache := ""
	if dir, err := os.UserCacheDir(); err == nil {
		cache = filepath.Join(dir, "clew", "audit")
	}
	return s3.Open(ctx, s3.Config{URL: name, Cache: cache})
}

// isStore reports whether name is that of a store which is there, and not of a file.
func isStore(name string) bool {
	if strings.Contains(name, "://") {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// within returns the name of the store that is a part of another one.
func within(store, part string) string {
	if inBucket(store) {
		return strings.TrimRight(store, "/") + "/" + part
	}
	return filepath.Join(store, part)
}

// includes reports whether another store is a part of this one, or the same.
func includes(store, other string) bool {
	return strings.HasPrefix(absolute(other), absolute(store))
}

// absolute is a store's name with a slash at its end.
func absolute(store string) string {
	if path, err := filepath.Abs(store); err == nil && !inBucket(store) {
		store = path
	}
	return strings.TrimRight(store, `/\`) + "/"
}
