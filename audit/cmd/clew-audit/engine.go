package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/firehose"
	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
)

// engine searches directories and buckets, and remembers what was searched.
type engine struct {
	dirs    []string
	stores  []lake.Store
	began   time.Time
	report  lake.Report
	stopped error // why the search ended before its end
	std     streams
}

// openEngine opens the directories and buckets. What is wrong with some of them is said, and
// counted.
func openEngine(ctx context.Context, std streams, d dirs) (e *engine, problems int, err error) {
	found, wrong, err := d.list()
	if err != nil {
		return nil, 0, err
	}
	for _, problem := range wrong {
		std.say("%v", problem)
	}
	e = &engine{began: time.Now(), std: std}
	problems = len(wrong)
	for _, dir := range found {
		store, err := openStore(ctx, dir)
		if err != nil {
			std.say("%s: %v", dir, err)
			problems++
			continue
		}
		e.dirs, e.stores = append(e.dirs, dir), append(e.stores, store)
		if !inBucket(dir) && holdsNone(dir) {
			std.say("%s holds no audit events", dir)
		}
	}
	return e, problems, nil
}

// lake is what is asked for as the library has it.
func (q *query) lake() lake.Query {
	l := lake.Query{
		TraceID: q.trace, Values: q.values, App: q.app, Message: q.message, TraceName: q.name,
		Since: q.since, Until: q.until, Within: q.within, Limit: q.limit, MaxBytes: q.maxBytes,
	}
	for _, pair := range q.context {
		if l.Context == nil {
			l.Context = map[string]string{}
		}
		l.Context[pair[0]] = pair[1]
	}
	return l
}

// find yields the events, newest first.
func (e *engine) find(ctx context.Context, q query) iter.Seq2[lake.Event, error] {
	return lake.Find(ctx, e.planned(q), &e.report, e.stores...)
}

func (e *engine) count(ctx context.Context, q query) (int64, error) {
	return lake.Count(ctx, e.planned(q), &e.report, e.stores...)
}

// planned is what is asked for, with what is said before it is searched for.
func (e *engine) planned(q query) lake.Query {
	l := q.lake()
	l.Plan = ahead(e.std, e.stores, &q)
	return l
}

func (e *engine) follow(ctx context.Context, q query, bounds lake.Bounds) (*lake.Story, error) {
	return lake.Follow(ctx, q.lake(), bounds, &e.report, e.stores...)
}

func (e *engine) stats(ctx context.Context, s span) (*lake.Statistics, error) {
	return lake.Stats(ctx, s.since, s.until, &e.report, e.stores...)
}

// say says what was searched, and returns how many things went wrong.
func (e *engine) say(std streams) (problems int) {
	r := &e.report
	for _, skipped := range r.Skipped {
		std.say("%s skipped: %v", skipped.Name, skipped.Err)
	}
	if e.stopped != nil {
		for line := range strings.SplitSeq(explain(e.stopped), "\n") { // of errors that were joined
			std.say("%s", strings.TrimPrefix(line, "lake: "))
		}
		problems++
	}
	text := "searched "
	if r.Segments > 0 {
		text += fmt.Sprintf("%s of journals (%s) and ", timeline.Counted(r.Segments, "segment"), amount(float64(r.JournalBytes)))
	}
	text += fmt.Sprintf("%s of %s, %s read in %s", timeline.Counted(r.Files, "file"), timeline.Counted(r.Partitions, "partition"),
		amount(float64(r.Bytes)), timeline.Short(time.Since(e.began)))
	if !r.Since.IsZero() {
		text += ", from " + r.Since.UTC().Format("2006-01-02 15:04")
		if !r.Until.IsZero() {
			text += " to " + r.Until.UTC().Format("2006-01-02 15:04")
		}
		text += " UTC"
	}
	asked := requests(e.stores)
	if asked != "" {
		text += "; " + asked
	}
	std.say("%s", text)
	if asked != "" && e.stopped == nil && r.Partitions == 0 {
		std.say("no file of that time is there: is the prefix right?")
	}
	return problems + len(r.Skipped)
}

// explain is an error for somebody at a command line.
func explain(err error) string {
	if much := (*lake.TooMuchError)(nil); errors.As(err, &much) {
		return fmt.Sprintf("this would read about %s, and --max-bytes is %s: narrow it by --since, --until, --app or another value, or raise --max-bytes",
			amount(float64(much.Estimate)), amount(float64(much.Limit)))
	}
	return err.Error()
}

// compact merges the files of a store, and deletes those that are older than ttl; 0: none.
func compact(ctx context.Context, store lake.Store, after, ttl time.Duration) (c compacted, err error) {
	done, err := lake.Compact(ctx, store, lake.CompactOptions{After: max(after, 1)})
	c = compacted{merged: done.Merged, into: done.Into, events: done.Events}
	left := done.Left
	if ttl > 0 && ctx.Err() == nil && !errors.Is(err, lake.ErrLocked) {
		expired, expireErr := lake.Expire(ctx, store, ttl, time.Now())
		c.expired, c.bytes = expired.Files, expired.Bytes
		left = append(left, expired.Left...)
		err = cmp.Or(err, expireErr)
	}
	seen := map[string]bool{} // both may have left a file alone
	for _, l := range left {
		if !seen[l.Name] {
			seen[l.Name] = true
			c.left = append(c.left, l.Name+": "+l.Err.Error())
		}
	}
	return c, err
}

// log writes events.
type log struct {
	to   *audit.Logger
	sink *firehose.Sink // nil: none
}

// errEvent is the error of an event that cannot be written, while others can.
var errEvent = errors.New("the event cannot be written")

// openLog opens a directory for writing, whose files go to the store; nil: to the directory. With a
// stream, "" for none, events go there, and there are no files. A negative ttl keeps events for
// ever.
func openLog(ctx context.Context, dir, app string, ttl time.Duration, store lake.Store, stream string) (l *log, err error) {
	l = &log{}
	cfg := audit.Config{Dir: dir, Store: store, App: orElse(app, "clew-audit"), Full: audit.Block, MaxEvent: audit.MaxEvent, TTL: ttl}
	if stream != "" {
		if l.sink, err = firehose.Open(ctx, firehose.Config{Stream: stream}); err != nil {
			return nil, err
		}
		cfg.Sink = l.sink
	}
	if l.to, err = audit.Open(cfg); err != nil {
		return nil, errors.Join(err, l.sink.Close())
	}
	return l, nil
}

// write writes an event, and waits for room.
func (l *log) write(ctx context.Context, e lake.Event) error {
	err := l.to.Ingest(ctx, e)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", errEvent, err)
	}
	return err
}

// trouble is the number of errors of the disk and the store so far, and the last of them.
func (l *log) trouble() (errors int64, last string) {
	s := l.to.Stats()
	return s.Errors, s.LastError
}

// written is the number of events that have been written.
func (l *log) written() int { return int(l.to.Stats().Written) }

// close writes what is left. Its error says what was lost, or left behind.
func (l *log) close(ctx context.Context) error {
	patient, stop := graceful(ctx)
	defer stop()
	fresh, cancel := context.WithTimeout(patient, endTimeout)
	defer cancel()
	err := errors.Join(l.to.Close(fresh), l.sink.Close())
	if s := l.to.Stats(); err == nil && s.Failed > 0 {
		err = fmt.Errorf("%s lost: %s", timeline.Counted(s.Failed, "event"), s.LastError)
	}
	return err
}
