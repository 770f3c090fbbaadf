package main

import (
	"context"
	"io"
	"time"

	"example.com/clew/audit/lake"
	"example.com/clew/internal/when"
)

// ingestCommand is clew-audit ingest.
type ingestCommand struct {
	From string `arg:"" optional:"" name:"source" help:"A directory or bucket of objects with lines of JSON. Without it, or with -, standard input is read." default:"-"`

	dirs
	Store    string `help:"For standard input: the files go to this store instead of the directory. It is s3://BUCKET/PREFIX, or another directory. The journal stays in the directory, and events wait there while the store cannot be reached." placeholder:"STORE"`
	Firehose string `help:"For standard input: the Firehose stream that gets the events. No files are made. Events wait in the directory's journal while the stream cannot be reached." placeholder:"STREAM"`
	App      string `help:"The app of events without an app." placeholder:"NAME"`
	TTL      string `help:"How long events of standard input are kept, counted from the time of the event: 14d without it; 0: for ever." default:"14d" placeholder:"DURATION"`
	Every    string `help:"Look for new objects again after this pause, until Ctrl-C or SIGTERM." placeholder:"DURATION"`
}

// Help returns the text below the usage line of --help.
func (ingestCommand) Help() string {
	return `A line is an object of JSON:

  {"timestamp": "2026-11-27T04:15:00.123456Z", "app": "media-api", "message": "image augmented",
   "trace_id": "463ac35c9f6413ad", "context": {"item": "XYZ.123"}, "trace_names": ["slow"]}

Message is required. Any other member is a pair of the context. A line that ingest does not
understand is reported and skipped. While the disk is slow or full, ingest waits and says so. If the
disk is still full at the end, the events that wait are lost, and ingest counts them. After Ctrl-C
or SIGTERM ingest reads no more, and writes what it has read.

SOURCE is a directory of objects such as Firehose delivers, or s3://BUCKET/PREFIX. Objects may lie in
directories, and may be compressed by gzip or zstd. --dir may be in a bucket too. The events of
each object are written once, even if ingest is killed and run again, or runs twice at once: a file in
DIRECTORY/_ingested marks an object as done. An object must appear whole, by a rename, and never
change. If an object cannot be read to its end, ingest reports it, and the next run tries it again.

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

// endTimeout limits the wait for the disk at the end, and signalTimeout limits it after a signal.
// The next program that opens the directory continues with the events that are then still in the
// journal.
const (
	endTimeout    = 10 * time.Minute
	signalTimeout = 10 * time.Second
)

func (c *ingestCommand) run(ctx context.Context, std streams) (int, error) {
	if c.From != "-" {
		return c.objects(ctx, std)
	}
	to, err := c.openEventLog(ctx)
	if err != nil {
		return 0, err
	}
	in := ingestion{std: std, app: c.App, write: to.write, oldest: to.oldest()}
	unwatch := watch(to.trouble, std.say)
	readErr := in.read(ctx, interruptible(ctx, io.NopCloser(std.in)))
	closeErr := to.close(ctx)
	unwatch()
	// Call to.written after to.close, which may give up events that were accepted.
	std.say("%s", in.summary(to.written()))
	for _, err := range []error{readErr, closeErr} {
		if err != nil {
			std.sayLines(err)
		}
	}
	if closeErr != nil && c.Store+c.Firehose != "" {
		std.say("events wait in %s: run ingest there again with the same flags, and with < /dev/null if there is nothing to read", to.dir)
	}
	switch {
	case readErr != nil || closeErr != nil:
		return exitIncomplete, nil
	case in.skipped > 0:
		return exitNothing, nil
	}
	return exitFound, nil
}

// openEventLog opens the log for events of standard input.
func (c *ingestCommand) openEventLog(ctx context.Context) (*eventLog, error) {
	if c.Every != "" {
		return nil, usagef("--every is for a directory of objects: standard input is read once")
	}
	dir, err := c.journal()
	if err != nil {
		return nil, err
	}
	ttl, err := ttlOf(c.TTL)
	if err != nil {
		return nil, err
	}
	if c.Store != "" && c.Firehose != "" {
		return nil, usagef("events go to a store or to a stream: --store or --firehose")
	}
	var store lake.Store
	if c.Store != "" {
		if store, err = openStore(ctx, c.Store); err != nil {
			return nil, err
		}
	}
	return openEventLog(ctx, dir, c.App, ttl, store, c.Firehose)
}

// ttlOf reads --ttl. A negative result keeps events for ever.
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
