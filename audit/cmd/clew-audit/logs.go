package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"example.com/clew/internal/timeline"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// logSearch looks for a trace's lines in logs, as clew timeline does.
type logSearch struct {
	id     timeline.ID
	q      query
	keeper *timeline.Keeper
}

// readAll reads all sources, and returns what went wrong.
func (l *logSearch) readAll(ctx context.Context, stdin io.Reader, names []string) (problems []error) {
	files, problems := logFiles(names)
	for _, f := range files {
		if ctx.Err() != nil {
			break
		}
		if err := l.read(ctx, stdin, f); err != nil {
			if path := (*fs.PathError)(nil); !errors.As(err, &path) {
				err = fmt.Errorf("%s: %w", f.name, err)
			}
			problems = append(problems, err)
		}
	}
	return problems
}

func (l *logSearch) read(ctx context.Context, stdin io.Reader, f logFile) error {
	raw, modified := io.NopCloser(stdin), time.Time{}
	if f.name != "-" {
		file, err := os.Open(f.name)
		if err != nil {
			return err
		}
		raw, modified = file, f.modified
	}
	raw = interruptible(ctx, raw)
	defer raw.Close()
	text, err := decompressed(raw)
	if err != nil {
		return err
	}
	defer text.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(text, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if head = head[:n]; f.guessed && bytes.IndexByte(head, 0) >= 0 {
		return nil // a folder has files that are no logs
	}
	return l.find(io.MultiReader(bytes.NewReader(head), text), f.name, modified)
}

// find gives the trace's lines of a source to the keeper.
func (l *logSearch) find(r io.Reader, name string, modified time.Time) error {
	parser := timeline.NewParser(timeline.ParserConfig{Source: name, Service: serviceOf(name), Trace: l.id, Reference: modified})
	var forms [][]byte
	for _, form := range l.id.Forms() {
		forms = append(forms, []byte(form))
	}
	_, err := timeline.Find(r, timeline.NewSearch(forms), nil, func(r io.Reader, number int) error {
		lines := timeline.NewReader(r, modified)
		for {
			raw, err := lines.Next()
			if err != nil {
				for e := parser.Flush(); e != nil; e = parser.Flush() {
					l.take(e)
				}
				if err == io.EOF {
					err = nil
				}
				return err
			}
			raw.Number += number - 1
			l.take(parser.Parse(*raw))
		}
	})
	return err
}

// take keeps an entry, which may be nil, if it is one of the trace and of the time asked for.
func (l *logSearch) take(e *timeline.Entry) {
	if e == nil || !e.Trace.Same(l.id) {
		return
	}
	if !e.Time.IsZero() && (!l.q.since.IsZero() && e.Time.Before(l.q.since) || !l.q.until.IsZero() && e.Time.After(l.q.until)) {
		return
	}
	l.keeper.Add(e)
}

// logFile is a source of lines. "-" is standard input.
type logFile struct {
	name     string
	modified time.Time
	guessed  bool // it was found in a folder
}

// logFiles returns the files that names stand for, each once.
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

// logForm matches the names of logs, with what rotation and compression have added.
var logForm = regexp.MustCompile(`(?i)^[^.]+$|\.(log|logs|json|jsonl|ndjson|txt|out|err|stdout|stderr|trace|logfmt)(?:[.-][0-9][0-9T.:_-]*)?(?:\.[0-9]+)?(?:\.(?:gz|zst))?$`)

// inFolder adds what looks like a log in a folder and those in it. Links to folders are not
// followed, for they may lead back; nor are names that begin with a dot.
func inFolder(root string, add func(path string, guessed bool)) (problems []error) {
	root = strings.TrimRight(root, string(filepath.Separator)) + string(filepath.Separator) // also of a link
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

// serviceOf is what a file's name says of the service whose lines it has: shop of shop.log.1.gz,
// and of the kubelet's shop/0.log.
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

// maxWindow is the most that a zstd stream may want the reader to remember, in bytes: what
// zstd --long writes.
const maxWindow = 128 << 20

// foreign are the first bytes of what is not read, and what it is.
var foreign = []struct{ magic, name, command string }{
	{"\xfd7zXZ\x00", "xz", "xzcat"},
	{"BZh", "bzip2", "bzcat"},
	{"\x04\x22\x4d\x18", "lz4", "lz4cat"},
	{"PK\x03\x04", "zip", "unzip -p"},
}

// foreignError is the error of a file that another program has to unpack.
type foreignError struct{ name, command, args string }

func (e *foreignError) Error() string {
	return "this is " + e.name + ", which clew-audit does not read: " + e.command + " FILE | clew-audit " + e.args
}

// decompressed returns what r has in it, as its first bytes say: gzip, zstd, or neither.
func decompressed(r io.Reader) (io.ReadCloser, error) {
	head := make([]byte, 6)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	head = head[:n]
	r = io.MultiReader(bytes.NewReader(head), r)
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return gzip.NewReader(r)
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return nil, &foreignError{f.name, f.command, "trace ID --logs -"}
		}
	}
	return io.NopCloser(r), nil
}

// interruptible is a reader that ends with ctx although r waits. The goroutine that reads r goes
// on until r has something or is closed: nothing else wakes it.
func interruptible(ctx context.Context, r io.ReadCloser) io.ReadCloser {
	out, in := io.Pipe()
	stop := context.AfterFunc(ctx, func() { in.Close() })
	go func() {
		defer stop()
		_, err := io.CopyBuffer(struct{ io.Writer }{in}, struct{ io.Reader }{r}, make([]byte, 1<<20))
		if err == nil {
			err = io.EOF
		}
		in.CloseWithError(err)
	}()
	return struct {
		io.Reader
		io.Closer
	}{out, closers{out, r}}
}

// closers are closed together.
type closers []io.Closer

func (c closers) Close() error {
	var errs []error
	for _, closer := range c {
		errs = append(errs, closer.Close())
	}
	return errors.Join(errs...)
}
