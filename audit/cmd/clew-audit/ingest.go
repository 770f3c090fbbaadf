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
	"example.com/clew/internal/when"
)

// ingestCommand is clew-audit ingest.
type ingestCommand struct {
	From string `arg:"" optional:"" name:"source" help:"A directory of objects with such lines. Without it, or with -, standard input is read." default:"-"`

	dirs
	Store    string `help:"Of standard input: where the files go, if not into the directory: s3://BUCKET/PREFIX, or another directory. The journal stays in the directory, and events wait there while the store cannot be reached." placeholder:"STORE"`
	Firehose string `help:"Of standard input: the Firehose stream that events go to, in the place of files. They wait in the directory's journal while the stream cannot be reached." placeholder:"STREAM"`
	App      string `help:"The app of events that name none." placeholder:"NAME"`
	TTL      string `help:"How long events of standard input are kept, from their own times on: 14d without it; 0: for ever." default:"14d" placeholder:"DURATION"`
	Every    string `help:"Look for new objects again after so long, until Ctrl-C or SIGTERM." placeholder:"DURATION"`
}

// Help is what --help says besides.
func (ingestCommand) Help() string {
	return `A line is an object of JSON:

  {"timestamp": "2026-11-27T04:15:00.123456Z", "app": "media-api", "message": "image augmented",
   "trace_id": "463ac35c9f6413ad", "context": {"item": "XYZ.123"}, "trace_names": ["slow"]}

Message is required. Any other member is a pair of the context. A line that is not understood is
named and skipped. Reading waits while the disk is slow or full, and says so; what a full disk does
not take at the end is lost, and counted. Ctrl-C and SIGTERM end reading, and what was read is
written.

SOURCE is a directory of objects, such as those that Firehose delivers, in directories or not, packed
by gzip, zstd or not at all; or s3://BUCKET/PREFIX, and so may be --dir. Each object becomes files
once, also when ingest is killed and run again, or runs twice at a time: what is done stands in
DIRECTORY/_ingested. An object must appear whole, by a rename, and never change. One that cannot be
read to its end is named, and tried again next time.

Examples:

  my-service | clew-audit ingest -d /var/lib/media/audit --app my-service
  clew-audit find XYZ.123 -d old/ -o json | clew-audit ingest -d new/
  my-service | clew-audit ingest -d /var/lib/media/audit --store s3://example-audit/audit
  clew-audit ingest s3://example-audit/delivered -d s3://example-audit/audit --every 1m

Exit codes:

  0    all lines were written
  1    lines were skipped
  2    the command line is wrong
  3    something could not be read or written
  130  Ctrl-C or SIGTERM, and not all objects were read`
}

// How long may be waited for the disk at the end, and after a signal. What is not done by then is
// in the journal, and the next program that opens the directory goes on with it.
const (
	endTimeout    = 10 * time.Minute
	signalTimeout = 10 * time.Second
)

// named is how many lines are named that were skipped. The others are counted.
const named = 20

func (c *ingestCommand) run(ctx context.Context, std streams) (int, error) {
	if c.From != "-" {
		return c.objects(ctx, std)
	}
	if c.Every != "" {
		return 0, usagef("--every is for a directory of objects: standard input is read once")
	}
	dir, err := c.journal()
	if err != nil {
		return 0, err
	}
	ttl, err := ttlOf(c.TTL)
	if err != nil {
		return 0, err
	}
	if c.Store != "" && c.Firehose != "" {
		return 0, usagef("events go to a store or to a stream: --store or --firehose")
	}
	var store lake.Store
	if c.Store != "" {
		if store, err = openStore(ctx, c.Store); err != nil {
			return 0, err
		}
	}
	log, err := openLog(ctx, dir, c.App, ttl, store, c.Firehose)
	if err != nil {
		return 0, err
	}
	in := ingestion{std: std, app: c.App, write: log.write}
	if shared, ok := store.(lake.Shared); c.Firehose == "" && !(ok && shared.Shared()) { // else the log deletes nothing
		in.oldest = oldest(ttl)
	}
	unwatch := watch(log.trouble, std.say)
	readErr := in.read(ctx, interruptible(ctx, io.NopCloser(std.in)))
	closeErr := log.close(ctx)
	unwatch()
	std.say("%s", in.summary(log.written())) // Close may have given up some of those that were taken
	for _, err := range []error{readErr, closeErr} {
		if err != nil {
			std.sayLines(err)
		}
	}
	if closeErr != nil && c.Store+c.Firehose != "" {
		std.say("what waits in %s goes on when ingest runs there again with the same flags, also on nothing: … < /dev/null", dir)
	}
	switch {
	case readErr != nil || closeErr != nil:
		return exitIncomplete, nil
	case in.skipped > 0:
		return exitNothing, nil
	}
	return exitFound, nil
}

// ttlOf reads --ttl. Negative: events are kept for ever.
func ttlOf(text string) (time.Duration, error) {
	ttl, ok := when.Duration(text)
	switch {
	case !ok && text != "0":
		return 0, usagef("--ttl wants a duration such as 14d or 36h, or 0, not %q", clip(text))
	case ttl == 0:
		return -1, nil
	}
	return ttl, nil
}

// ingestion is lines that are read as events.
type ingestion struct {
	std            streams
	app            string
	write          func(context.Context, lake.Event) error // an errEvent skips the line
	oldest         time.Time                               // events before it are deleted again; zero: none are
	warned         bool                                    // of those
	object         string                                  // that the lines are of; "": standard input
	at             time.Time                               // that of events without one; zero: when they are read
	lines, skipped int
	nameless       int // of those that were skipped: without an app
}

func (in *ingestion) summary(written int) string {
	text := timeline.Counted(in.lines, "line") + " read: " + timeline.Counted(written, "event") + " written"
	if in.skipped > 0 {
		text += ", " + timeline.Counted(in.skipped, "line") + " skipped"
	}
	return text
}

// read takes lines until there are no more, or ctx ends.
func (in *ingestion) read(ctx context.Context, from io.ReadCloser) error {
	defer from.Close()
	r := newLineReader(from)
	patient, cancel := graceful(ctx)
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
			if err := in.line(patient, line, long); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// line writes an event. Its error is one of the log, which ends reading.
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

// where is the line that is read.
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

// oldest is the time from which on events are kept, or zero.
func oldest(ttl time.Duration) time.Time {
	if ttl < 0 {
		return time.Time{}
	}
	return time.Now().Add(-ttl)
}

// warn says once that events are so old that they will not stay.
func (in *ingestion) warn(e *lake.Event) {
	if !in.warned && !in.oldest.IsZero() && !e.Time.IsZero() && e.Time.Before(in.oldest) {
		in.warned = true
		in.std.say("line %d is older than --ttl allows: such events are deleted five minutes after the beginning, and each hour; --ttl 0 keeps them", in.lines)
	}
}

// skip names a line that was skipped.
func (in *ingestion) skip(err error) {
	in.skipped++
	if errors.Is(err, errNoApp) {
		in.nameless++
	}
	switch {
	case in.skipped <= named:
		in.std.say("%s skipped: %v", in.where(), err)
	case in.skipped == named+1:
		in.std.say("more lines are skipped, and counted")
	}
}

// graceful returns a context that goes on for a while after ctx has ended.
func graceful(ctx context.Context) (context.Context, context.CancelFunc) {
	patient, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(signalTimeout, cancel)
		context.AfterFunc(patient, func() { timer.Stop() })
	})
	return patient, func() { stop(); cancel() }
}
