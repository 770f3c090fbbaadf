package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"example.com/clew/audit/filter"
	"example.com/clew/internal/timeline"
)

// listCommand is clew-audit filters list.
type listCommand struct {
	dirs
	Output string `short:"o" help:"How to show it: ${enum}." enum:"table,json" default:"table"`
	look
}

// Help returns the text below the usage line of --help.
func (listCommand) Help() string {
	return `A service writes the state of its filters beside its events, at each poll of their source and
when a filter is switched off. The figures are those of the last write. The answer says when that
was if the service has stopped or is silent.

Examples:

  clew-audit filters list -d /var/lib/media/audit
  clew-audit filters list -d '/var/lib/*/audit' -o json | jq .filters

Exit codes:

  0    there are filters
  1    there are none
  2    the command line is wrong
  3    a state could not be read, or the answer could not be written`
}

func (c *listCommand) run(ctx context.Context, std streams) (int, error) {
	if err := c.look.check(); err != nil {
		return 0, err
	}
	if slices.ContainsFunc(c.names(), inBucket) {
		return 0, usagef("filters list reads files that services write into their own directories; a bucket does not have these files")
	}
	found, wrong, err := c.list()
	if err != nil {
		return 0, err
	}
	problems := len(wrong)
	for _, problem := range wrong {
		std.say("%v", problem)
	}
	filters, services := 0, 0
	p := newPage(std.out, &c.look)
	now := time.Now()
	for _, dir := range found {
		states, err := filter.ReadState(dir)
		if err != nil {
			problems += std.sayLines(err)
		}
		for i := range states {
			if services > 0 && c.Output == "table" {
				p.end()
			}
			services++
			filters += len(states[i].Filters)
			if err := c.show(p, std.out, &service{State: &states[i], Dir: dir, Running: states[i].IsRunning(now), now: now}); err != nil {
				return 0, err
			}
		}
	}
	if filters == 0 {
		std.say("no service has filters there")
	}
	return ended(ctx, filters > 0, problems), nil
}

// service is a service and its filters.
type service struct {
	Dir     string `json:"dir"`
	Running bool   `json:"running"`
	*filter.State
	now time.Time
}

func (c *listCommand) show(p *page, out io.Writer, s *service) error {
	if c.Output == "json" {
		return jsonLine(out, s)
	}
	s.text(p)
	return p.to.Flush()
}

// text writes a service and its filters for people.
func (s *service) text(p *page) {
	p.put(bold, s.App)
	p.put("", fmt.Sprintf(" in %s, process %d, %s", s.Dir, s.PID, s.since()))
	p.end()
	p.put(dim, "  filters of ")
	p.put("", s.Health.Source)
	if !s.Health.Read.IsZero() {
		p.put(dim, ", last read at "+utc(s.Health.Read))
	}
	if !s.Filtered {
		p.put(dim, "; filters without apps are not for this service")
	}
	p.end()
	e := s.Events
	if e.Judged > 0 {
		p.put("", fmt.Sprintf("  %s judged: %s passed, %s discarded", timeline.Counted(e.Judged, "event"), timeline.Grouped(e.Passed), timeline.Grouped(e.Discarded)))
		if e.Kept > 0 {
			p.put("", fmt.Sprintf(", %s kept because all filters are off", timeline.Grouped(e.Kept)))
		}
		p.end()
	}
	s.table(p)
	if s.Health.Error != "" {
		p.put(bold, "  the source cannot be read")
		p.put("", " since "+utc(s.Health.Since)+": "+s.Health.Error)
		p.end()
	}
	for _, problem := range s.Health.Problems {
		p.put(bold, "  wrong ")
		p.put("", problem)
		p.end()
	}
}

// since returns a text that says when the service began, or that it does not run.
func (s *service) since() string {
	switch {
	case s.Running:
		return "since " + utc(s.Opened)
	case !s.Closed.IsZero():
		return "stopped at " + utc(s.Closed)
	}
	return "silent since " + utc(s.Updated) + ": it has died, or hangs"
}

// The widths of the columns of the table.
const (
	filterColumns = 24
	stateColumns  = 7
	sinceColumns  = len("2006-01-02 15:04:05")
	countColumns  = 12
)

// table writes the filters as a table.
func (s *service) table(p *page) {
	if len(s.Filters) == 0 {
		p.put("", "  none is for this service")
		p.end()
		return
	}
	p.put(dim, "  ")
	p.cell(dim, "filter", filterColumns)
	p.cell(dim, "state", stateColumns)
	p.cell(dim, "since (UTC)", sinceColumns)
	for _, head := range []string{"calls", "passed", "errors", "mean time"} {
		p.right(dim, head, countColumns)
	}
	p.end()
	for i := range s.Filters {
		s.row(p, &s.Filters[i])
	}
}

func (s *service) row(p *page, f *filter.Status) {
	state, colour, since := "on", "", f.Since
	switch {
	case f.Off != nil:
		state, colour, since = "off", bold, f.Off.At
	case f.Expired:
		state, colour = "expired", dim
	case !s.Running:
		state, colour = "was on", dim
	}
	mean := "-"
	if f.Calls > 0 {
		mean = micros(float64(f.Time) / float64(f.Calls))
	}
	p.put(dim, "  ")
	p.cell(cyan, f.Name, filterColumns)
	p.cell(colour, state, stateColumns)
	p.cell(dim, utc(since), sinceColumns)
	for _, n := range []int64{f.Calls, f.Passed, f.Errors} {
		p.right("", timeline.Grouped(n), countColumns)
	}
	p.right("", mean, countColumns)
	p.end()
	if f.Off != nil {
		p.put("", "    "+place(f.Off.File, f.Off.Line)+": "+f.Off.Reason)
		p.end()
	}
}

// place returns the name of a file and a line as a text.
func place(file string, line int) string { return strings.TrimPrefix(file+atLine(line), ", ") }

// micros returns nanoseconds as a text in microseconds, with three digits.
func micros(nanoseconds float64) string {
	if nanoseconds >= 1e6 {
		return timeline.Grouped(int64(nanoseconds/1e3)) + " µs"
	}
	return fmt.Sprintf("%.3g µs", nanoseconds/1e3)
}

func utc(t time.Time) string { return t.UTC().Format(time.DateTime) }
