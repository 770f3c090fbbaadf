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
	std.say("%s", in.summary(to.written())) // Close may have given up some of those that were taken
	for _, err := range []error{readErr, closeErr} {
		if err != nil {
			std.sayLines(err)
		}
	}
	if closeErr != nil && c.Store+c.Firehose != "" {
		std.say("what waits in %s goes on when ingest runs there again with the same flags, also on nothing: … < /dev/null", to.dir)
	}
	switch {
	case readErr != nil || closeErr != nil:
		return exitIncomplete, nil
	case in.skipped > 0:
		return exitNothing, nil
	}
	return exitFound, nil
}

// openEventLog opens what events of standard input are written to.
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
