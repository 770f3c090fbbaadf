package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// source is a file, a pipe or standard input.
type source struct {
	name    string // as clew shows it to the user
	path    string // "": standard input
	info    os.FileInfo
	rotated rotated
	guessed bool // the source was found in a folder, and may be no text
}

// sources has everything to read, each file once.
type sources struct {
	sources []*source
	notes   []string // what was left out, and why
	seen    map[fileKey][]os.FileInfo
}

// fileKey is the same for all names of a file. Other files may have the same key.
type fileKey struct {
	size     int64
	modified time.Time
}

func (s *sources) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// say writes which sources are read, and what was left out.
func (s *sources) say(std streams) {
	for _, src := range s.sources {
		std.say("reading %s", src.name)
	}
	for _, note := range s.notes {
		std.say("%s", note)
	}
}

// expand returns the sources that names stand for, and the problems. A name is a file, a glob that
// the shell has not expanded, a folder, or "-". A folder stands for its files that look like logs.
func expand(names []string) (*sources, []error) {
	s := &sources{seen: map[fileKey][]os.FileInfo{}}
	var problems []error
	stdin := false
	for _, name := range names {
		if name == "-" {
			if !stdin {
				s.sources = append(s.sources, &source{name: "standard input", rotated: rotated{set: "-"}})
			}
			stdin = true
			continue
		}
		problems = append(problems, s.add(name)...)
	}
	inOrder(s.sources)
	s.dropTwins()
	return s, problems
}

// add adds the sources that a name stands for.
func (s *sources) add(name string) []error {
	_, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		matches, globErr := glob(name)
		if globErr != nil {
			return []error{fmt.Errorf("%s: %w", name, globErr)}
		}
		var problems []error
		for _, match := range matches {
			problems = append(problems, s.addPath(match)...)
		}
		if len(matches) > 0 {
			return problems
		}
	}
	return s.addPath(name)
}

// glob returns the files that a pattern matches. A name that is no pattern matches none.
func glob(name string) ([]string, error) {
	if !strings.ContainsAny(name, `*?[`) {
		return nil, nil
	}
	return filepath.Glob(name)
}

// addPath adds a file or a folder.
func (s *sources) addPath(path string) []error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return []error{err}
	case info.IsDir():
		return s.addFolder(path)
	}
	s.addFile(path, info, false)
	return nil
}

// addFolder adds the files that look like logs, in a folder and the folders below. Links to files
// are followed, because kubelet's logs are links. Links to folders are not, because they may lead
// back.
func (s *sources) addFolder(root string) []error {
	var problems []error
	// WalkDir enters a link only if a separator stands behind it.
	root = strings.TrimRight(root, string(filepath.Separator)) + string(filepath.Separator)
	filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			problems = append(problems, err)
			return nil // the other files are still read
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && path != root
		switch {
		case entry.IsDir() && hidden:
			return fs.SkipDir
		case entry.IsDir():
			return nil
		case hidden || !looksLikeLog(entry.Name()):
			s.note("%s left out: its name is not that of a log", path)
			return nil
		}
		info, err := os.Stat(path)
		switch {
		case err != nil:
			problems = append(problems, err)
		case info.Mode().IsRegular():
			s.addFile(path, info, true)
		case !info.IsDir():
			s.note("%s left out: it is no regular file", path)
		}
		return nil
	})
	return problems
}

func (s *sources) addFile(path string, info os.FileInfo, guessed bool) {
	key := fileKey{info.Size(), info.ModTime()}
	for _, other := range s.seen[key] {
		if os.SameFile(other, info) {
			return
		}
	}
	s.seen[key] = append(s.seen[key], info)
	real, err := filepath.EvalSymlinks(path) // a link belongs to the set of the file it leads to
	if err != nil {
		real = filepath.Clean(path)
	}
	s.sources = append(s.sources, &source{name: path, path: path, info: info, rotated: rotation(real), guessed: guessed})
}

// dropTwins drops each compressed file whose uncompressed file is a source, too. Logrotate keeps
// both for a moment.
func (s *sources) dropTwins() {
	there := map[string]bool{}
	for _, src := range s.sources {
		there[src.rotated.plain] = there[src.rotated.plain] || !src.rotated.compressed
	}
	s.sources = slices.DeleteFunc(s.sources, func(src *source) bool {
		twin := src.rotated.compressed && there[src.rotated.plain]
		if twin {
			s.note("%s left out: it is read uncompressed", src.name)
		}
		return twin
	})
}

const logExtensions = `log|logs|json|jsonl|ndjson|txt|out|err|stdout|stderr|trace|logfmt`

// logForm matches the names of logs, without what rotation and compression have added.
var logForm = regexp.MustCompile(`(?i)^[^.]+$|\.(` + logExtensions + `)$`)

// looksLikeLog reports whether a file with this name may be a log. The name must have one of the
// logExtensions, or no extension.
func looksLikeLog(name string) bool {
	return logForm.MatchString(rotation(name).set)
}

// read gives the content of src to part.
func (src *source) read(ctx context.Context, stdin io.Reader, follow bool, bar *progress, part reader) error {
	err := src.readAll(ctx, stdin, follow, bar, part)
	if path := (*fs.PathError)(nil); err != nil && !errors.As(err, &path) {
		err = fmt.Errorf("%s: %w", src.name, err)
	}
	return err
}

func (src *source) readAll(ctx context.Context, stdin io.Reader, follow bool, bar *progress, part reader) error {
	raw, err := src.open(ctx, stdin, follow)
	if err != nil {
		return err
	}
	defer raw.Close()
	if _, endless := raw.(*tail); endless {
		return part.read(raw) // not decompressed: the first bytes may not be written yet
	}
	r, err := decompressed(bar.counting(raw))
	if err != nil {
		return err
	}
	defer r.Close()
	text := io.Reader(untilDone{ctx, r})
	if src.guessed {
		head := make([]byte, 512)
		n, err := io.ReadFull(text, head)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		if !isText(head[:n]) {
			part.leaveOut()
			return nil
		}
		text = io.MultiReader(bytes.NewReader(head[:n]), text)
	}
	return part.read(text)
}

// isText reports whether a file that begins with head may be text. If all bytes of head are NUL,
// they are a hole, and text may follow. A writer leaves a hole if it continues at its old offset
// in a file that was truncated.
func isText(head []byte) bool {
	return bytes.IndexByte(head, 0) < 0 || len(bytes.Trim(head, "\x00")) == 0
}

// open opens a source. A pipe may never end, so its reader ends when ctx ends.
func (src *source) open(ctx context.Context, stdin io.Reader, follow bool) (io.ReadCloser, error) {
	if src.path == "" {
		return interruptible(ctx, io.NopCloser(stdin)), nil
	}
	if !src.info.Mode().IsRegular() {
		return interruptible(ctx, &lateFile{path: src.path}), nil
	}
	f, err := os.Open(src.path)
	if err != nil {
		return nil, err
	}
	if follow && !src.rotated.compressed {
		return newTail(ctx, src.path, f), nil
	}
	return f, nil
}

// lateFile is a file that is opened by the first read, because opening a named pipe waits for its
// writer.
type lateFile struct {
	path string
	file atomic.Pointer[os.File]
}

func (l *lateFile) Read(p []byte) (int, error) {
	f := l.file.Load()
	if f == nil {
		var err error
		if f, err = os.Open(l.path); err != nil {
			return 0, err
		}
		l.file.Store(f)
	}
	return f.Read(p)
}

func (l *lateFile) Close() error {
	if f := l.file.Load(); f != nil {
		return f.Close()
	}
	return nil
}

// untilDone is a reader that ends when ctx ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, io.EOF
	}
	return u.r.Read(p)
}

// interruptible returns a reader that ends when ctx ends, even if r blocks. The goroutine that
// reads r runs until r returns something or is closed, because nothing else wakes it.
func interruptible(ctx context.Context, r io.ReadCloser) io.ReadCloser {
	out, in := io.Pipe()
	stop := context.AfterFunc(ctx, func() { in.Close() })
	go func() {
		defer stop()
		_, err := io.CopyBuffer(struct{ io.Writer }{in}, struct{ io.Reader }{r}, make([]byte, 1<<20))
		in.CloseWithError(cmp.Or(err, io.EOF))
	}()
	return struct {
		io.Reader
		io.Closer
	}{out, closers{out, r}}
}

// closers are closed together.
type closers []io.Closer

func (c closers) Close() error {
	var err error
	for _, closer := range c {
		err = cmp.Or(closer.Close(), err)
	}
	return err
}
