package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// dirs is the flag that says where the events are.
type dirs struct {
	Dir []string `short:"d" help:"Where the events are: the directory of a program's audit.Config, a pattern such as '/var/lib/*/audit', or s3://BUCKET/PREFIX. May be given several times. Without it, CLEW_AUDIT_DIR has a list." placeholder:"DIRECTORY" sep:"none"`
}

// list returns the directories and buckets, each once. The result problems has the errors of those
// that cannot be used.
func (d *dirs) list() (found []string, problems []error, err error) {
	names := d.names()
	if len(names) == 0 {
		return nil, nil, usagef("say where the events are: --dir DIRECTORY, or CLEW_AUDIT_DIR")
	}
	for _, name := range names {
		if inBucket(name) {
			if !slices.Contains(found, name) {
				found = append(found, name)
			}
			continue
		}
		matches := []string{name}
		if _, statErr := os.Stat(name); statErr != nil {
			if matches, err = filepath.Glob(name); err != nil {
				return nil, nil, usagef("--dir: %s: %v", name, err)
			}
			if len(matches) == 0 {
				problems = append(problems, statErr)
			}
		}
		for _, match := range matches {
			match = filepath.Clean(match)
			if info, err := os.Stat(match); err != nil {
				problems = append(problems, err)
				continue
			} else if !info.IsDir() {
				if len(matches) == 1 {
					problems = append(problems, &os.PathError{Op: "read", Path: match, Err: errNoDirectory})
				}
				continue
			}
			if !slices.Contains(found, match) {
				found = append(found, match)
			}
		}
	}
	return found, problems, nil
}

// names returns the names in the flags, or else the names in the environment.
func (d *dirs) names() []string {
	names := d.Dir
	if len(names) == 0 {
		names = splitList(os.Getenv("CLEW_AUDIT_DIR"))
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "" })
}

// holdsNone reports whether dir contains no file that a program with audit events writes. Then the
// user may have given a wrong name.
func holdsNone(dir string) bool {
	entries, err := os.ReadDir(dir)
	ours := func(e os.DirEntry) bool { return e.Name() == "_journal" || strings.HasPrefix(e.Name(), "year=") }
	return err == nil && !slices.ContainsFunc(entries, ours)
}

// one returns the directory or bucket to write to, if the user has given exactly one. It need not
// exist yet.
func (d *dirs) one() (string, error) {
	names := d.names()
	switch {
	case len(names) == 0:
		return "", usagef("say where to write: --dir DIRECTORY, or CLEW_AUDIT_DIR")
	case len(names) > 1:
		return "", usagef("give one directory to write to, not %d: %s", len(names), clip(strings.Join(names, ", ")))
	}
	return names[0], nil
}

// journal returns what the method one returns, but refuses a bucket, which cannot contain a
// journal.
func (d *dirs) journal() (string, error) {
	name, err := d.one()
	if err == nil && inBucket(name) {
		err = usagef("a journal needs a directory: --dir DIRECTORY --store %s", clip(name))
	}
	return name, err
}

var errNoDirectory = errors.New("it is not a directory")

func clip(text string) string {
	if len(text) > 80 {
		return text[:80] + "…"
	}
	return text
}
