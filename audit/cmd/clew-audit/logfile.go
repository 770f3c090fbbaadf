package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// logFile is a source of lines. "-" is standard input.
type logFile struct {
	name     string
	modified time.Time
	guessed  bool // the file was found in a folder, so it may not be a log
}

// logFiles returns the files that match names, each once.
func logFiles(names []string) (files []logFile, problems []error) {
	var seen []os.FileInfo
	add := func(path string, guessed bool) {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			problems = append(problems, err)
			return
		case guessed && !info.Mode().IsRegular():
			return
		}
		for _, other := range seen {
			if os.SameFile(other, info) {
				return
			}
		}
		seen = append(seen, info)
		files = append(files, logFile{path, info.ModTime(), guessed})
	}
	stdin := false
	for _, name := range names {
		if name == "-" {
			if !stdin {
				files, stdin = append(files, logFile{name: "-"}), true
			}
			continue
		}
		paths := []string{name}
		if _, err := os.Stat(name); err != nil {
			if matches, _ := filepath.Glob(name); len(matches) > 0 {
				paths = matches
			}
		}
		for _, path := range paths {
			if info, err := os.Stat(path); err != nil || !info.IsDir() {
				add(path, false)
				continue
			}
			problems = append(problems, inFolder(path, add)...)
		}
	}
	return files, problems
}

// logForm matches the names of logs, with the endings that rotation and compression add.
var logForm = regexp.MustCompile(`(?i)^[^.]+$|\.(log|logs|json|jsonl|ndjson|txt|out|err|stdout|stderr|trace|logfmt)(?:[.-][0-9][0-9T.:_-]*)?(?:\.[0-9]+)?(?:\.(?:gz|zst))?$`)

// inFolder adds the files that look like logs in a folder and in folders below it. Links to
// folders are not followed, because they may lead back to a parent folder. Names that begin with a
// dot are left out.
func inFolder(root string, add func(path string, guessed bool)) (problems []error) {
	// If root ends in a slash, WalkDir also walks a root that is a link.
	root = strings.TrimRight(root, string(filepath.Separator)) + string(filepath.Separator)
	filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		hidden := path != root && strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil:
			problems = append(problems, err)
		case entry.IsDir() && hidden:
			return fs.SkipDir
		case !entry.IsDir() && !hidden && logForm.MatchString(entry.Name()):
			add(path, true)
		}
		return nil
	})
	return problems
}

var serviceForm = regexp.MustCompile(`^[^.]+`)

// serviceOf returns the service that a file's name contains: shop for shop.log.1.gz, and for
// shop/0.log, as the kubelet names its files.
func serviceOf(name string) string {
	if name == "-" {
		return ""
	}
	service := serviceForm.FindString(filepath.Base(name))
	if strings.Trim(service, "0123456789") == "" {
		if path, err := filepath.Abs(name); err == nil {
			service = filepath.Base(filepath.Dir(path))
		}
	}
	return service
}
