package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

	"example.com/clew/audit/internal/made"
	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
	"example.com/clew/internal/when"
)

// demoCommand is clew-audit demo.
type demoCommand struct {
	dirs
	Events int    `help:"How many events." default:"100000"`
	Over   string `help:"The time over which the events are spread, which ends now." default:"2h" placeholder:"DURATION"`
	Seed   uint64 `help:"Another seed makes other events." default:"1"`
	look
}

// Help returns the text below the usage line of --help.
func (demoCommand) Help() string {
	return `A generator makes synthetic events from a seed, with the story of two items among them. Without
--dir the events go into a temporary directory, which is not deleted.

Examples:

  clew-audit demo
  clew-audit demo -d /tmp/audit --events 1000000 --over 6h`
}

func (d *demoCommand) run(ctx context.Context, std streams) (int, error) {
	over, ok := when.Duration(d.Over)
	switch {
	case !ok || over == 0:
		return 0, usagef("--over wants a duration such as 2h, not %q", clip(d.Over))
	case d.Events < 1:
		return 0, usagef("--events wants a number of at least 1")
	}
	dir, err := d.directory()
	if err != nil {
		return 0, err
	}
	log, err := openEventLog(ctx, dir, "clew-audit-demo", -1, nil, "")
	if err != nil {
		return 0, err
	}
	err = d.write(ctx, log, over)
	if closeErr := log.close(ctx); err == nil {
		err = closeErr
	}
	if err != nil {
		if ctx.Err() != nil {
			return exitInterrupted, nil
		}
		return 0, err
	}
	if err := d.say(std.out, dir); err != nil {
		return 0, err
	}
	follow := followCommand{Word: "XYZ.123", dirs: dirs{Dir: []string{dir}}, choice: choice{Since: d.Over, MaxBytes: "0"}, Hops: 2, Traces: 100, Rows: 1000, Common: 20, Output: "text", look: d.look}
	return follow.run(ctx, std)
}

// directory returns the directory that the events go to.
func (d *demoCommand) directory() (string, error) {
	if len(d.names()) > 0 {
		return d.journal()
	}
	return os.MkdirTemp("", "clew-audit-demo-")
}

// write writes the synthetic events. In their middle it writes the events of the story.
func (d *demoCommand) write(ctx context.Context, to *eventLog, over time.Duration) error {
	start := time.Now().Add(-over)
	generator := made.New(d.Seed, start, float64(d.Events)/over.Seconds())
	tale := tale(start.Add(over / 2))
	for i := range d.Events {
		if i == d.Events/2 {
			for _, e := range tale {
				if err := to.write(ctx, e); err != nil {
					return err
				}
			}
		}
		if err := to.write(ctx, eventOf(generator.Next())); err != nil {
			return err
		}
	}
	return nil
}

// eventOf returns a synthetic event as a lake.Event.
func eventOf(m *made.Event) lake.Event {
	e := lake.Event{
		Time: time.UnixMicro(m.Time).UTC(), TraceID: hex.EncodeToString(m.TraceID[:]), App: m.App, Message: m.Message,
		Context: make(map[string]string, len(m.Context)), TraceNames: m.TraceNames,
	}
	for _, pair := range m.Context {
		e.Context[pair.Key] = pair.Value
	}
	return e
}

// tale returns the events of two items, XYZ.123 and ABC.456. The first event is at the time at.
func tale(at time.Time) (events []lake.Event) {
	first, second, third := taleID(at, 1), taleID(at.Add(40*time.Second), 2), taleID(at.Add(time.Minute), 3)
	add := func(after time.Duration, trace, app, message string, pairs ...string) {
		e := lake.Event{Time: at.Add(after).UTC().Truncate(time.Microsecond), TraceID: trace, App: app, Message: message, Context: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			e.Context[pairs[i]] = pairs[i+1]
		}
		events = append(events, e)
	}
	add(0, first, "media-ingest", "item received", "item", "XYZ.123", "network", "instagram")
	add(3*time.Millisecond, first, "media-dedupe", "item is new", "item", "XYZ.123")
	add(19*time.Millisecond, first, "media-augment", "image fetched", "item", "XYZ.123", "image", "img-77120", "bytes", "48231")
	add(64*time.Millisecond, first, "media-augment", "item augmented", "item", "XYZ.123", "labels", "cat, sofa")
	add(66*time.Millisecond, first, "media-store", "item stored", "item", "XYZ.123", "row", "r-9001")
	add(40*time.Second, second, "media-export", "row exported", "row", "r-9001", "batch", "b-17")
	add(40*time.Second+8*time.Millisecond, second, "media-notify", "client notified", "row", "r-9001", "client_id", "4711")
	add(time.Minute, third, "media-ingest", "item received", "item", "ABC.456", "network", "instagram")
	add(time.Minute+2*time.Millisecond, third, "media-quota", "item dropped", "item", "ABC.456", "why", "over the client's quota", "client_id", "4712")
	return events
}

// taleID returns a trace ID that begins with the time at, as clew's trace IDs do.
func taleID(at time.Time, n int) string {
	return fmt.Sprintf("%08x%024x", uint32(at.Unix()), uint64(0xc1e3)<<32|uint64(n))
}

// say prints commands to try.
func (d *demoCommand) say(to io.Writer, dir string) error {
	dir = quotedValue(dir)
	_, err := fmt.Fprintf(to, `%s, synthetic, over %s, are in %s. Try:

  clew-audit find -d %[4]s XYZ.123                                  # what was done to it
  clew-audit follow -d %[4]s XYZ.123                                # and where it went
  clew-audit find -d %[4]s ABC.456                                  # why it was dropped
  clew-audit find -d %[4]s --message 'item dropped' --count
  clew-audit stats -d %[4]s

Where is XYZ.123, and where did it go? clew-audit follow says:

`, timeline.Counted(d.Events+len(tale(time.Now())), "event"), d.Over, printable(dir), printable(dir))
	return err
}
