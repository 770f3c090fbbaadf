package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
)

// named is the number of skipped lines that are reported. The others are only counted.
const named = 20

// ingestion reads lines as events.
type ingestion struct {
	std            streams
	app            string
	write          func(context.Context, lake.Event) error // if its error is an errEvent, the line is skipped
	oldest         time.Time                               // the log will delete events before this time; zero: it deletes none
	warned         bool                                    // there was a warning about events before oldest
	object         string                                  // the name of the object with the lines; "": standard input
	at             time.Time                               // the time of events without a time; zero: the time at which they are read
	lines, skipped int
	nameless       int // skipped lines without an app
}

func (in *ingestion) summary(written int) string {
	text := timeline.Counted(in.lines, "line") + " read: " + timeline.Counted(written, "event") + " written"
	if in.skipped > 0 {
		text += ", " + timeline.Counted(in.skipped, "line") + " skipped"
	}
	return text
}

// read reads lines until there are no more, or ctx ends.
func (in *ingestion) read(ctx context.Context, from io.ReadCloser) error {
	defer from.Close()
	r := newLineReader(from)
	graced, cancel := graceful(ctx)
	defer cancel()
	for {
		line, long, err := r.next()
		if err != nil && err != io.EOF {
			return err
		}
		if err == io.EOF && ctx.Err() != nil {
			return nil // a signal has cut the line
		}
		if len(line) > 0 || long {
			if err := in.line(graced, line, long); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// line writes the event of a line, or skips the line if it is wrong. It returns an error of
// in.write if the error is not an errEvent. Such an error ends the reading.
func (in *ingestion) line(ctx context.Context, line []byte, long bool) error {
	in.lines++
	line = bytes.TrimSpace(line)
	var (
		e   lake.Event
		err error
	)
	switch {
	case long:
		err = fmt.Errorf("it is longer than %d bytes", maxLine)
	case len(line) == 0:
		return nil
	default:
		e, err = parseEvent(line, in.app, orNow(in.at))
	}
	if err == nil {
		in.warn(&e)
		err = in.write(ctx, e)
		if err != nil && !errors.Is(err, errEvent) {
			return fmt.Errorf("%s was not written, and nothing after it: %w", in.where(), err)
		}
	}
	if err != nil {
		in.skip(err)
	}
	return nil
}

// where returns a text that names the current line.
func (in *ingestion) where() string {
	if in.object == "" {
		return fmt.Sprintf("line %d", in.lines)
	}
	return fmt.Sprintf("%s: line %d", in.object, in.lines)
}

func orNow(t time.Time) time.Time {
	if t.IsZero() {
		return time.Now()
	}
	return t
}

// warn reports once that there are events which are so old that they will be deleted.
func (in *ingestion) warn(e *lake.Event) {
	if !in.warned && !in.oldest.IsZero() && !e.Time.IsZero() && e.Time.Before(in.oldest) {
		in.warned = true
		in.std.say("line %d is older than --ttl allows: ingest deletes such events after five minutes, and then every hour; --ttl 0 keeps them", in.lines)
	}
}

// skip counts a line that was skipped, and reports the first ones.
func (in *ingestion) skip(err error) {
	in.skipped++
	if errors.Is(err, errNoApp) {
		in.nameless++
	}
	switch {
	case in.skipped <= named:
		in.std.say("%s skipped: %v", in.where(), err)
	case in.skipped == named+1:
		in.std.say("more lines are skipped, and are only counted")
	}
}

// graceful returns a context that ends when the time signalTimeout has passed since the end of
// ctx.
func graceful(ctx context.Context) (context.Context, context.CancelFunc) {
	graced, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(signalTimeout, cancel)
		context.AfterFunc(graced, func() { timer.Stop() })
	})
	return graced, func() { stop(); cancel() }
}
