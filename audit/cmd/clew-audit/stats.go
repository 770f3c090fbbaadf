package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
)

// statsCommand is clew-audit stats.
type statsCommand struct {
	dirs
	Since  string `help:"Leave out what is older: 15m, 2h, 3d, 14:05, 2026-11-26, or a time in RFC 3339." placeholder:"WHEN"`
	Until  string `help:"Leave out what is newer." placeholder:"WHEN"`
	Limit  int    `help:"Show no more apps, keys and partitions than this; 0: all." default:"20"`
	Output string `short:"o" help:"How to show it: ${enum}." enum:"table,json" default:"table"`
	look
}

// Help returns the text below the usage line of --help.
func (statsCommand) Help() string {
	return `The numbers of an app's events and of a key's values are estimated from a sample of the files. The
numbers of events, files and bytes of partitions and columns are exact.

Examples:

  clew-audit stats -d /var/lib/media/audit
  clew-audit stats -d '/var/lib/*/audit' --since 1d -o json
` + exitCodes
}

func (c *statsCommand) run(ctx context.Context, std streams) (int, error) {
	if err := c.look.check(); err != nil {
		return 0, err
	}
	if c.Limit < 0 {
		return 0, usagef("--limit wants a number that is not negative")
	}
	s, err := (&choice{Since: c.Since, Until: c.Until, MaxBytes: "0"}).span(time.Now())
	if err != nil {
		return 0, err
	}
	e, problems, err := openEngine(ctx, std, c.dirs)
	if err != nil {
		return 0, err
	}
	stats, err := e.stats(ctx, s)
	if err != nil {
		if ctx.Err() != nil {
			return exitInterrupted, nil
		}
		if stats == nil {
			return 0, err
		}
		e.stopped = err
	}
	if c.Output == "json" {
		err = statsJSON(std.out, stats)
	} else {
		err = c.text(std.out, stats)
	}
	if err != nil {
		return 0, err
	}
	for _, app := range stats.ManyMessages {
		std.say("%s has more than 10,000 different messages within minutes: make each message a constant, and put what varies into the context", app)
	}
	problems += e.say(std)
	return ended(ctx, len(stats.Partitions)+stats.JournalSegments > 0, problems), nil
}

// text writes statistics for people.
func (c *statsCommand) text(to io.Writer, s *lake.Statistics) error {
	p := newPage(to, &c.look)
	columns := map[string]int64{}
	var events, bytes int64
	files := 0
	for i := range s.Partitions {
		partition := &s.Partitions[i]
		events, bytes, files = events+partition.Events, bytes+partition.Bytes, files+partition.Files
		for name, n := range partition.Columns {
			columns[name] += n
		}
	}
	p.put(bold, timeline.Counted(events, "event"))
	p.put("", fmt.Sprintf(" in %s of %s, %s%s", timeline.Counted(files, "file"), timeline.Counted(len(s.Partitions), "partition"), amount(float64(bytes)), each(bytes, events)))
	p.end()
	if s.JournalSegments > 0 {
		p.put("", fmt.Sprintf("%s in %s of journals, %s: not in files yet", timeline.Counted(s.JournalEvents, "event"), timeline.Counted(s.JournalSegments, "segment"), amount(float64(s.JournalBytes))))
		p.end()
	}
	p.put("", timeline.Counted(s.Messages, "message")+", "+timeline.Counted(len(s.Apps), "app")+", "+timeline.Counted(len(s.Keys), "key"))
	p.end()
	c.columns(p, columns, bytes, events)
	c.apps(p, s.Apps)
	c.keys(p, s.Keys)
	c.partitions(p, s.Partitions)
	return p.to.Flush()
}

// each returns a text with the mean number of bytes of an event.
func each(bytes, events int64) string {
	if events == 0 {
		return ""
	}
	return fmt.Sprintf(", %.3g B an event", float64(bytes)/float64(events))
}

// head writes the heads of columns. The first one is aligned to the left, and the others to the
// right.
func head(p *page, words ...string) {
	p.end()
	for i, word := range words {
		if i == 0 {
			p.cell(dim, word, nameColumns)
		} else {
			p.right(dim, word, numberColumns)
		}
	}
	p.end()
}

// The widths of the columns.
const (
	nameColumns   = 24
	numberColumns = 16
)

func row(p *page, name string, numbers ...string) {
	p.cell(cyan, name, nameColumns)
	for _, number := range numbers {
		p.right("", number, numberColumns)
	}
	p.end()
}

// columns writes how many bytes the columns of the table cost.
func (c *statsCommand) columns(p *page, columns map[string]int64, bytes, events int64) {
	if events == 0 {
		return
	}
	head(p, "column", "bytes", "of all", "an event")
	others := bytes
	line := func(name string, n int64) {
		row(p, name, amount(float64(n)), fmt.Sprintf("%.1f %%", 100*float64(n)/float64(max(bytes, 1))), fmt.Sprintf("%.2f B", float64(n)/float64(events)))
	}
	dearest := func(a, b string) int { return cmp.Or(cmp.Compare(columns[b], columns[a]), cmp.Compare(a, b)) }
	for _, name := range slices.SortedFunc(maps.Keys(columns), dearest) {
		line(name, columns[name])
		others -= columns[name]
	}
	line("filters and indexes", others)
}

func (c *statsCommand) apps(p *page, apps []lake.AppStats) {
	if len(apps) == 0 {
		return
	}
	head(p, "app", "events, about")
	for _, app := range first(apps, c.Limit) {
		row(p, app.App, timeline.Grouped(app.Events))
	}
	c.more(p, len(apps))
}

func (c *statsCommand) keys(p *page, keys []lake.KeyStats) {
	if len(keys) == 0 {
		return
	}
	head(p, "key", "pairs, about", "text, about", "values, sampled")
	for _, key := range first(keys, c.Limit) {
		row(p, key.Key, timeline.Grouped(key.Pairs), amount(float64(key.Bytes)), fmt.Sprintf("%s of %s", timeline.Grouped(key.Distinct), timeline.Grouped(key.Sampled)))
	}
	c.more(p, len(keys))
}

// partitions writes the newest partitions.
func (c *statsCommand) partitions(p *page, partitions []lake.PartitionStats) {
	if len(partitions) == 0 {
		return
	}
	head(p, "partition (UTC)", "files", "events", "bytes", "an event")
	newest := slices.Clone(partitions)
	slices.Reverse(newest)
	for _, partition := range first(newest, c.Limit) {
		row(p, partition.Begin.UTC().Format("2006-01-02 15:04"), timeline.Grouped(partition.Files), timeline.Grouped(partition.Events), amount(float64(partition.Bytes)),
			fmt.Sprintf("%.1f B", float64(partition.Bytes)/float64(max(partition.Events, 1))))
	}
	c.more(p, len(partitions))
}

// more writes how many rows were left out.
func (c *statsCommand) more(p *page, all int) {
	if c.Limit > 0 && all > c.Limit {
		p.put(dim, fmt.Sprintf("and %d more: --limit 0 shows all", all-c.Limit))
		p.end()
	}
}

func first[T any](all []T, limit int) []T {
	if limit == 0 {
		return all
	}
	return all[:min(limit, len(all))]
}

// statsJSON writes statistics as one object, on one line.
func statsJSON(to io.Writer, s *lake.Statistics) error {
	type partition struct {
		Begin   string           `json:"begin"`
		Files   int              `json:"files"`
		Events  int64            `json:"events"`
		Bytes   int64            `json:"bytes"`
		Columns map[string]int64 `json:"columns"`
	}
	type app struct {
		App    string `json:"app"`
		Events int64  `json:"events_estimated"`
	}
	type key struct {
		Key      string `json:"key"`
		Pairs    int64  `json:"pairs_estimated"`
		Bytes    int64  `json:"bytes_estimated"`
		Sampled  int64  `json:"pairs_sampled"`
		Distinct int64  `json:"values_sampled"`
	}
	all := struct {
		Partitions   []partition `json:"partitions"`
		Apps         []app       `json:"apps"`
		Keys         []key       `json:"keys"`
		Messages     int         `json:"messages"`
		ManyMessages []string    `json:"many_messages"`
		Segments     int         `json:"journal_segments"`
		Events       int64       `json:"journal_events"`
		Bytes        int64       `json:"journal_bytes"`
	}{[]partition{}, []app{}, []key{}, s.Messages, append([]string{}, s.ManyMessages...), s.JournalSegments, s.JournalEvents, s.JournalBytes}
	for _, p := range s.Partitions {
		all.Partitions = append(all.Partitions, partition{p.Begin.UTC().Format(time.RFC3339), p.Files, p.Events, p.Bytes, p.Columns})
	}
	for _, a := range s.Apps {
		all.Apps = append(all.Apps, app{a.App, a.Events})
	}
	for _, k := range s.Keys {
		all.Keys = append(all.Keys, key{k.Key, k.Pairs, k.Bytes, k.Sampled, k.Distinct})
	}
	return jsonLine(to, all)
}
