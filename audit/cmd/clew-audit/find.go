package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/clew/audit/lake"
)

// findCommand is clew-audit find.
type findCommand struct {
	Words []string `arg:"" optional:"" name:"value|key=value" help:"A value under any key, or a key and its value; an event must have all of them. Write =VALUE for a value with a = in it. filter=NAME is --name NAME."`

	dirs
	matching
	choice
	Limit  int    `help:"Show no more events than this, the newest; 0: all." default:"100"`
	Count  bool   `help:"Show only how many events there are."`
	Output string `short:"o" help:"How to show them: ${enum}." enum:"table,json" default:"table"`
	look
}

// Help returns the text below the usage line of --help.
func (findCommand) Help() string {
	return `Events are shown newest first. Standard error says what was searched.

Examples:

  clew-audit find -d /var/lib/media/audit XYZ.123
  clew-audit find network=instagram network_id=1584258444344170009_249075471 --since 2h
  clew-audit find --trace 463ac35c9f6413ad48485a3953bb6124
  clew-audit find filter=anton_client_filter --since 1h     # what this filter has passed
  clew-audit find --app media-api --message 'item dropped' --since 15m --count
  clew-audit find XYZ.123 -o json | jq .context
` + exitCodes
}

const exitCodes = `
Exit codes:

  0    something was found
  1    nothing was found
  2    the command line is wrong
  3    a file could not be read, --max-bytes has ended the search, or the answer could not be
       written
  130  Ctrl-C; what was found until then is shown`

// display shows the events that were found.
type display interface {
	event(e lake.Event) error
	flush() error
}

func (f *findCommand) run(ctx context.Context, std streams) (int, error) {
	q, err := f.query(time.Now())
	if err != nil {
		return 0, err
	}
	e, problems, err := openEngine(ctx, std, f.dirs)
	if err != nil {
		return 0, err
	}
	found := false
	if f.Count {
		found, err = f.count(ctx, e, q, std.out)
	} else {
		found, err = f.each(ctx, e, q, f.display(std.out))
	}
	if err != nil {
		return 0, err
	}
	problems += e.say(std)
	if !found {
		f.hint(std)
	}
	return ended(ctx, found, problems), nil
}

// hint suggests another command line if nothing was found.
func (f *findCommand) hint(std streams) {
	if len(f.Words) != 1 {
		return
	}
	word := f.Words[0]
	switch key, value, _ := strings.Cut(word, "="); {
	case f.Trace == "" && bareID(word):
		std.say("%s may be a trace: --trace %[1]s", word)
	case key == filterWord:
		std.say("filter= asks for the events that a filter has passed; for a key of that name: --context %s", quotedValue(filterWord+"="+value))
	}
}

func (f *findCommand) display(out io.Writer) display {
	if f.Output == "json" {
		return newJSONLines(out)
	}
	return newTable(out, &f.look)
}

// each passes the events to a display, and returns an error of the display. If the search fails,
// the error is not returned, but stored in e.stopped.
func (f *findCommand) each(ctx context.Context, e *engine, q query, to display) (found bool, err error) {
	for event, err := range e.find(ctx, q) {
		if err != nil {
			if ctx.Err() == nil {
				e.stopped = err
			}
			break
		}
		found = true
		if err := to.event(event); err != nil {
			return found, err
		}
	}
	return found, to.flush()
}

// query returns the query that the flags and arguments ask for.
func (f *findCommand) query(now time.Time) (q query, err error) {
	if err := f.look.check(); err != nil {
		return q, err
	}
	if f.Limit < 0 {
		return q, usagef("--limit wants a number that is not negative")
	}
	q = query{app: f.App, message: f.Message, limit: f.Limit}
	if q.asked, err = words(f.Words); err != nil {
		return q, err
	}
	if f.Name != "" {
		if err := q.passed(f.Name); err != nil {
			return q, err
		}
	}
	for _, pair := range f.Context {
		if err := q.pair("--context", pair); err != nil {
			return q, err
		}
	}
	if q.span, err = f.span(now); err != nil {
		return q, err
	}
	if f.Trace != "" {
		if q.trace, err = traceID("--trace", f.Trace); err != nil {
			return q, err
		}
	}
	return q, nil
}

// count writes the number of events.
func (f *findCommand) count(ctx context.Context, e *engine, q query, out io.Writer) (found bool, err error) {
	q.limit = 0
	n, err := e.count(ctx, q)
	if err != nil {
		if ctx.Err() == nil {
			e.stopped = err
		}
		if n == 0 {
			return false, nil
		}
	}
	format := "%d\n"
	if f.Output == "json" {
		format = `{"count":%d}` + "\n"
	}
	_, err = fmt.Fprintf(out, format, n)
	return n > 0, err
}
