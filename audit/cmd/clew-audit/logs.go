package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"example.com/clew/internal/timeline"
)

// logSearch looks for a trace's lines in logs, as clew timeline does.
type logSearch struct {
	id     timeline.ID
	q      query
	keeper *timeline.Keeper
}

// readAll reads all sources, and returns the errors.
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
		return nil // a folder may contain binary files, which are not read
	}
	return l.find(io.MultiReader(bytes.NewReader(head), text), f.name, modified)
}

// find adds the lines of the trace in a source to the keeper.
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

// take keeps an entry if it belongs to the trace and is in the range. The entry may be nil.
func (l *logSearch) take(e *timeline.Entry) {
	if e == nil || !e.Trace.Same(l.id) {
		return
	}
	if !e.Time.IsZero() && (!l.q.since.IsZero() && e.Time.Before(l.q.since) || !l.q.until.IsZero() && e.Time.After(l.q.until)) {
		return
	}
	l.keeper.Add(e)
}
