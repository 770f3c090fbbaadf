package main

import (
	"context"
	"io"
	"math"
	"os"
	"time"

	"example.com/clew/audit/filter"
	"example.com/clew/internal/timeline"
)

// checkCommand is clew-audit filters check.
type checkCommand struct {
	Files []string `arg:"" name:"file" help:"A file of filters, in YAML."`

	Events string `help:"Events to try the filters on: a file with an object of JSON a line, as ingest reads it and find -o json writes it, or - for standard input." placeholder:"FILE"`
	dirs
	App    string   `help:"Use only events of this app. Events of --events without an app get this app." placeholder:"NAME"`
	Since  string   `help:"Leave out older events of the directories: 15m, 2h, 3d, 14:05, 2026-11-26, or a time in RFC 3339. Without it, 24h." placeholder:"WHEN"`
	Limit  int      `help:"Use no more events than this: the first of --events, and the newest of the directories." default:"10000"`
	Rate   *float64 `help:"How many events a second the service logs. Without it, the rate of the busiest five minutes of the last three hours in the directories." placeholder:"N"`
	Output string   `short:"o" help:"How to show it: ${enum}." enum:"table,json" default:"table"`
	look
}

// Help returns the text below the usage line of --help.
func (checkCommand) Help() string {
	return `Each filter runs as in a service, on events that were written before. The answer shows how many
events pass, examples of events that pass and that do not, the line of each failure, how many calls
a core makes in a second, and what share of a core the filter costs at the rate of the service.
Warnings point at code that is known to be slow, and at classes and methods of Java. Nothing is
changed.

Examples:

  clew-audit filters check new.yaml -d /var/lib/media/audit
  clew-audit filters check new.yaml --events sample.ndjson --rate 20000
  clew-audit find -d /var/lib/media/audit --limit 5000 -o json > sample.ndjson
  clew-audit filters check /etc/media/filters/*.yaml    # without events: only whether they can be used

Exit codes:

  0    all filters can be used, and no call failed
  1    a filter cannot be used, would be switched off, or fails on some events; or there are no
       filters, or no events to try them on
  2    the command line is wrong
  3    a file could not be read, or the answer could not be written
  130  Ctrl-C; the filters that were tried until then are shown`
}

func (c *checkCommand) run(ctx context.Context, std streams) (int, error) {
	s, err := c.span(time.Now())
	if err != nil {
		return 0, err
	}
	t := &trial{command: c, std: std}
	if err := t.collect(ctx, s); err != nil {
		return 0, err
	}
	if t.engine != nil {
		t.problems += t.engine.say(std)
	}
	if t.wanted && len(t.events) == 0 {
		std.say("there are no events to try the filters on")
	}
	out := c.reporter(std.out)
	good := len(t.events) > 0 || !t.wanted
	filters := 0
	for _, name := range c.Files {
		text, err := readFilters(name)
		if err != nil {
			std.say("%v", err)
			t.problems++
			continue
		}
		all, err := filter.Check(ctx, text, t.events)
		if err != nil && ctx.Err() == nil {
			return 0, err
		}
		for i := range all {
			filters++
			f := t.finding(name, &all[i])
			good = good && f.good()
			if err := out(f); err != nil {
				return 0, err
			}
		}
	}
	return ended(ctx, good && filters > 0, t.problems), nil
}

// span checks the flags, and returns the range of time.
func (c *checkCommand) span(now time.Time) (s span, err error) {
	if err := c.look.check(); err != nil {
		return s, err
	}
	switch {
	case c.Limit < 1 || c.Limit > maxTried:
		return s, usagef("--limit wants a number of 1 to %s", timeline.Grouped(maxTried))
	case c.Rate != nil && (*c.Rate < 0 || math.IsNaN(*c.Rate) || math.IsInf(*c.Rate, 0)):
		return s, usagef("--rate wants a number that is not negative")
	}
	return (&choice{Since: c.Since, MaxBytes: "0"}).span(now)
}

// maxFilterFile is the number of bytes that are read of a file of filters. It is one more than the
// limit, so that filter.Check refuses a file that is too long.
const maxFilterFile = 1<<20 + 1

func readFilters(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFilterFile))
	if err != nil {
		return nil, err
	}
	return text, nil
}

// maxTried is the largest --limit, because all events are in memory.
const maxTried = 1_000_000
