package main

import (
	"os"
	"path/filepath"
	"strings"

	"example.com/clew/audit/lake"
)

// openStore opens the store of this name, which is that of a directory. Nothing but this function
// and isStore knows which kinds of stores there are.
func openStore(name string) (lake.Store, error) {
	if strings.Contains(name, "://") {
		return nil, usagef("%s: no such kind of store is known", clip(name))
	}
	return lake.Dir(name), nil
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
	if strings.Contains(store, "://") {
		return strings.TrimRight(store, "/") + "/" + part
	}
	return filepath.Join(store, part)
}

// holds reports whether a store is another one, or has it within it.
func holds(store, other string) bool {
	return strings.HasPrefix(absolute(other), absolute(store))
}

// absolute is a store's name with a slash at its end.
func absolute(store string) string {
	if path, err := filepath.Abs(store); err == nil && !strings.Contains(store, "://") {
		store = path
	}
	return strings.TrimRight(store, `/\`) + "/"
}
