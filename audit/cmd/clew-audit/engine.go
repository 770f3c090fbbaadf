package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
)

// engine searches directories and buckets, and keeps a report of the search.
type engine struct {
	dirs    []string
	stores  []lake.Store
	began   time.Time
	report  lake.Report
	stopped error // why the search ended early
	std     streams
}

// openEngine opens the directories and buckets. It reports those that cannot be used on standard
// error, and returns their number as problems.
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

// find yields the events, newest first.
func (e *engine) find(ctx context.Context, q query) iter.Seq2[lake.Event, error] {
	return lake.Find(ctx, e.planned(q), &e.report, e.stores...)
}

func (e *engine) count(ctx context.Context, q query) (int64, error) {
	return lake.Count(ctx, e.planned(q), &e.report, e.stores...)
}

// planned returns q for the library, with a function Plan that tells the user what a search of
// buckets will look at.
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

// say reports on standard error what was searched. It returns the number of problems.
func (e *engine) say(std streams) (problems int) {
	r := &e.report
	for _, skipped := range r.Skipped {
		std.say("%s skipped: %v", skipped.Name, skipped.Err)
	}
	if e.stopped != nil {
		for line := range strings.SplitSeq(explain(e.stopped), "\n") { // joined errors have one line each
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
		std.say("there is no file of that time: is the prefix right?")
	}
	return problems + len(r.Skipped)
}

// explain returns an error as a text for the command line.
func explain(err error) string {
	if much := (*lake.TooMuchError)(nil); errors.As(err, &much) {
		return fmt.Sprintf("this would read about %s, and --max-bytes is %s: narrow it by --since, --until, --app or another value, or raise --max-bytes",
			amount(float64(much.Estimate)), amount(float64(much.Limit)))
	}
	return err.Error()
}
