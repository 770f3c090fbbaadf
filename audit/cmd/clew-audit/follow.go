package main

import (
	"context"
	"io"
	"time"

	"example.com/clew/audit/lake"
)

// followCommand is clew-audit follow.
type followCommand struct {
	Word string `arg:"" name:"value|key=value|trace" help:"An item's identifier, a key and its value, or a trace ID. =VALUE is a value, even if it looks like a trace ID."`

	dirs
	choice
	Hops   int    `help:"How many times to go from identifiers to traces, and on to the identifiers in these traces." default:"2"`
	Traces int    `help:"Follow no more traces than this." default:"100"`
	Rows   int    `help:"Show no more events than this." default:"1000"`
	Common int    `help:"Do not follow a value that is in more traces than this: it identifies no item." default:"20"`
	Output string `short:"o" help:"How to show the story: ${enum}." enum:"text,json" default:"text"`
	look
}

// Help returns the text below the usage line of --help.
func (followCommand) Help() string {
	return `clew-audit finds the traces of the events that have the value, then the other identifiers in these
traces, and then more traces that have these identifiers. The story is shown in the order of time,
with the time between events.

Examples:

  clew-audit follow -d /var/lib/media/audit XYZ.123
  clew-audit follow network_id=1584258444344170009_249075471 --since 2d
  clew-audit follow 463ac35c9f6413ad48485a3953bb6124 --hops 1
` + exitCodes
}

func (f *followCommand) run(ctx context.Context, std streams) (int, error) {
	q, err := f.query(time.Now())
	if err != nil {
		return 0, err
	}
	e, problems, err := openEngine(ctx, std, f.dirs)
	if err != nil {
		return 0, err
	}
	s, err := e.follow(ctx, q, lake.Bounds{Hops: f.Hops, Traces: f.Traces, Rows: f.Rows, Common: f.Common})
	if err != nil && ctx.Err() == nil {
		e.stopped = err
	}
	if err := f.show(std.out, s); err != nil {
		return 0, err
	}
	for _, why := range s.Stopped {
		std.say("%s", why)
	}
	problems += e.say(std)
	return ended(ctx, len(s.Events) > 0, problems), nil
}

func (f *followCommand) show(out io.Writer, s *lake.Story) error {
	switch {
	case f.Output == "json":
		return storyJSON(out, s)
	case len(s.Events) > 0:
		return storyText(out, s, &f.look)
	}
	return nil
}

func (f *followCommand) query(now time.Time) (q query, err error) {
	if err := f.look.check(); err != nil {
		return q, err
	}
	for _, n := range []struct {
		flag  string
		value int
	}{{"--hops", f.Hops}, {"--traces", f.Traces}, {"--rows", f.Rows}, {"--common", f.Common}} {
		if n.value < 1 {
			return q, usagef("%s wants a number of at least 1", n.flag)
		}
	}
	if q.span, err = f.span(now); err != nil {
		return q, err
	}
	if bareID(f.Word) {
		q.trace, err = traceID("follow", f.Word)
		return q, err
	}
	q.asked, err = words([]string{f.Word})
	return q, err
}
