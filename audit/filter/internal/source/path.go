package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/clew/audit/filter/internal/rules"
)

// readPath reads a directory or a file. If a file has changed since the last call, readPath reads
// all files again after a pause, because somebody may be writing the file. A file is used only if
// both reads return the same text.
func (s *Source) readPath(ctx context.Context) ([]File, error) {
	first, err := s.snapshot()
	if err != nil {
		return nil, err
	}
	// The first call has no earlier text to keep. The next call corrects a half-written file.
	if s.last == nil {
		s.last = map[string][]byte{}
		return s.accept(first, first), nil
	}
	if s.isLast(first) {
		return s.accept(first, first), nil
	}
	select {
	case <-time.After(s.settle):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	second, err := s.snapshot()
	if err != nil {
		return nil, err
	}
	return s.accept(first, second), nil
}

// snapshot reads all files once.
func (s *Source) snapshot() (map[string]File, error) {
	info, err := os.Stat(s.cfg.Where)
	if err != nil {
		return nil, bare(err)
	}
	if !info.IsDir() {
		text, err := readFile(s.cfg.Where, rules.MaxFile)
		if err == nil {
			err = checkPin(s.pin, text)
		}
		if err != nil {
			return nil, err
		}
		name := rules.Printable(filepath.Base(s.cfg.Where))
		return map[string]File{name: {Name: name, Text: text}}, nil
	}
	if s.pin != nil {
		return nil, errors.New("a directory has no digest: Config.SHA256 is for a file or a URL")
	}
	return readDir(s.cfg.Where)
}

// readDir reads the files *.yaml and *.yml of a directory, except files whose names begin with a
// dot.
func readDir(dir string) (map[string]File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, bare(err)
	}
	files := map[string]File{}
	total := 0
	for _, entry := range entries {
		name := entry.Name()
		ext := filepath.Ext(name)
		if name[0] == '.' || ext != ".yaml" && ext != ".yml" {
			continue
		}
		if len(files) == rules.MaxFilters {
			return nil, fmt.Errorf("more than %d files", rules.MaxFilters)
		}
		bound := min(rules.MaxFile, maxTotal-total)
		text, err := readFile(filepath.Join(dir, name), bound)
		if err == errLarger && bound < rules.MaxFile {
			err = errTotal
		}
		total += len(text)
		name = rules.Printable(name)
		files[name] = File{Name: name, Text: text, Err: err}
	}
	return files, nil
}

// isLast reports whether files have the same names and texts as after the last call of readPath.
func (s *Source) isLast(files map[string]File) bool {
	if len(files) != len(s.last) {
		return false
	}
	for name, f := range files {
		last, ok := s.last[name]
		if !ok || f.Err != nil || !bytes.Equal(last, f.Text) {
			return false
		}
	}
	return true
}

// accept merges two reads of the files. A file on which the reads differ gets an error.
func (s *Source) accept(first, second map[string]File) []File {
	var files []File
	for name, f := range second {
		before, ok := first[name]
		if f.Err == nil && (!ok || before.Err != nil || !bytes.Equal(before.Text, f.Text)) {
			f = File{Name: name, Err: errChanging}
		}
		files = append(files, f)
	}
	for name := range first {
		if _, ok := second[name]; !ok {
			files = append(files, File{Name: name, Err: errChanging})
		}
	}
	last := map[string][]byte{}
	for _, f := range files {
		if f.Err == nil {
			last[f.Name] = f.Text
		}
	}
	s.last = last
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

var errTotal = fmt.Errorf("the files of the directory, up to this one, are larger than %d bytes together", maxTotal)

var errChanging = errors.New("changes while it is read; it is read again at the next poll")
