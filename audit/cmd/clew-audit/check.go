package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/filter"
	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
)

// checkCommand is clew-audit filters check.
type checkCommand struct {
	Files []string `arg:"" name:"file" help:"A file of filters, in YAML."`

	Events string `help:"Events to try them on: a file with an object of JSON a line, as ingest reads it and find -o json writes it, or - for standard input." placeholder:"FILE"`
	dirs
	App    string   `help:"Try them on events of this app only. Events of --events that name none are of it." placeholder:"NAME"`
	Since  string   `help:"Leave out what is older in the directories: 15m, 2h, 3d, 14:05, 2026-11-26, or a time in RFC 3339. Without it, 24h." placeholder:"WHEN"`
	Limit  int      `help:"Try no more events than this: the first of --events, and the newest of the directories." default:"10000"`
	Rate   *float64 `help:"How many events a second the service logs. Without it, those of the busiest five minutes of the last three hours in the directories." placeholder:"N"`
	Output string   `short:"o" help:"How to show it: ${enum}." enum:"table,json" default:"table"`
	look
}

// Help is what --help says besides.
func (checkCommand) Help() string {
	return `Each filter is run as a service would run it, on events that were written before: how many
pass, some that do and some that do not, what fails and at which line of the file, how many calls
a core makes in a second, and what share of a core that is at the rate of the service. Warnings
name what is known to be slow, and what is Java's. Nothing is changed.

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
  130  Ctrl-C; what was tried until then is shown`
}

// rateSpan is how far back the rate of a service is looked for.
const rateSpan = 3 * time.Hour

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

// span checks the flags, and returns when.
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

// maxTried is how many events are in memory at most.
const maxTried = 1_000_000

// maxFilterFile is how many bytes of a file of filters are read: one more than it may have.
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

// trial is what filters are tried on.
type trial struct {
	command  *checkCommand
	std      streams
	wanted   bool // events were asked for
	events   []lake.Event
	problems int
	engine   *engine // nil: no directories

	rate    float64            // events a second; NaN: not known
	shares  map[string]float64 // of the apps; nil: not known
	measure string             // where rate is from
	young   bool               // there are events of a few minutes alone
}

// collect takes the events, and the rate.
func (t *trial) collect(ctx context.Context, s span) error {
	c := t.command
	t.rate = math.NaN()
	if c.Events != "" {
		t.wanted = true
		if err := t.read(ctx, c.Events); err != nil {
			t.std.say("%v", err)
			t.problems++
		}
	}
	if len(c.names()) > 0 {
		t.wanted = true
		if err := t.search(ctx, s); err != nil {
			return err
		}
	}
	if c.Rate != nil {
		t.rate, t.shares, t.measure = *c.Rate, nil, "--rate"
	}
	return nil
}

// search takes the newest events of the directories, in the order of time.
func (t *trial) search(ctx context.Context, s span) error {
	c := t.command
	e, problems, err := openEngine(ctx, t.std, c.dirs)
	if err != nil {
		return err
	}
	t.engine, t.problems = e, t.problems+problems
	if c.Rate == nil {
		t.estimate(ctx)
	}
	var found []lake.Event
	for event, err := range e.find(ctx, query{span: s, app: c.App, limit: c.Limit}) {
		if err != nil {
			if ctx.Err() == nil {
				e.stopped = err
			}
			break
		}
		found = append(found, event)
	}
	slices.Reverse(found)
	t.guess(found)
	t.events = append(t.events, found...)
	for _, dir := range e.dirs {
		if !inBucket(dir) {
			t.warn(dir)
		}
	}
	return nil
}

// read takes the first events of a file.
func (t *trial) read(ctx context.Context, name string) error {
	from := io.NopCloser(t.std.in)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		from = f
	}
	in := ingestion{std: t.std, app: t.command.App, write: t.take}
	err := in.read(ctx, interruptible(ctx, from))
	if in.skipped > 0 {
		t.problems++
	}
	if errors.Is(err, errTooMany) {
		return nil
	}
	return err
}

// take takes an event of a file.
func (t *trial) take(_ context.Context, e lake.Event) error {
	if t.command.App != "" && e.App != t.command.App {
		return nil
	}
	if len(t.events) == t.command.Limit {
		return errTooMany
	}
	if _, err := audit.Candidates("", e); err != nil {
		return fmt.Errorf("%w: %w", errEvent, err)
	}
	t.events = append(t.events, e)
	return nil
}

// warn says where filters are on already: such a directory has what they let through.
func (t *trial) warn(dir string) {
	states, _ := filter.ReadState(dir) // what cannot be read is said by filters list
	for _, st := range states {
		if st.Events.Discarded > 0 && st.IsRunning(time.Now()) {
			t.std.say("%s: filters are on in %s: its events are those that they let through, and so is their rate. --events and --rate say others", dir, st.App)
		}
	}
}

// estimate takes the rate of the busiest five minutes: that is when a filter must not be too slow.
func (t *trial) estimate(ctx context.Context) {
	rates := &engine{dirs: t.engine.dirs, stores: t.engine.stores}
	stats, err := rates.stats(ctx, span{since: time.Now().Add(-rateSpan)})
	if stats == nil {
		if ctx.Err() == nil {
			t.std.say("the rate is not known: %v", err)
			t.problems++
		}
		return
	}
	busiest := int64(0)
	for _, p := range stats.Partitions {
		busiest = max(busiest, p.Events)
	}
	if busiest == 0 {
		return
	}
	t.rate = float64(busiest) / lake.PartitionSpan.Seconds()
	t.measure = "the busiest five minutes of the last three hours"
	t.young = len(stats.Partitions) <= 2
	t.shares = map[string]float64{}
	all := int64(0)
	for _, app := range stats.Apps {
		all += app.Events
	}
	for _, app := range stats.Apps {
		t.shares[app.App] = float64(app.Events) / float64(max(all, 1))
	}
}

// guess takes the rate of the events that were found, where there are no files of the last hours,
// or of some minutes only, of which a service has used a part.
func (t *trial) guess(found []lake.Event) {
	if len(found) < 2 || t.command.App != "" && t.shares != nil || !math.IsNaN(t.rate) && !t.young {
		return
	}
	took := found[len(found)-1].Time.Sub(found[0].Time).Seconds()
	if rate := float64(len(found)) / took; took > 0 && !(rate < t.rate) {
		t.rate, t.measure = rate, "as the newest events came"
	}
}

// rateOf is the rate of the events that a filter is for. NaN: not known.
func (t *trial) rateOf(apps []string) float64 {
	if t.command.App != "" && apps == nil {
		apps = []string{t.command.App}
	}
	if apps == nil || t.shares == nil {
		return t.rate
	}
	share := 0.
	for _, app := range apps {
		share += t.shares[app]
	}
	return t.rate * share
}

// shownEvents is how many events are shown that pass, and as many that do not.
const shownEvents = 3

// finding is what was found out about a filter.
type finding struct {
	*filter.Checked
	file           string
	events         []lake.Event
	expired        bool
	rate           float64 // NaN: not known
	measure        string
	callsPerSecond float64 // NaN: not measured
}

func (t *trial) finding(file string, c *filter.Checked) *finding {
	f := &finding{Checked: c, file: file, events: t.events, rate: t.rateOf(c.Apps), measure: t.measure, callsPerSecond: math.NaN()}
	f.expired = !c.Expires.IsZero() && !time.Now().Before(c.Expires)
	if c.Calls > 0 && c.Time > 0 && c.Off == nil {
		f.callsPerSecond = float64(c.Calls) / c.Time.Seconds()
	}
	return f
}

// good reports whether the filter can be used as it is.
func (f *finding) good() bool { return f.Err == nil && f.Off == nil && f.Failed == 0 }

// share is the part of a core that the filter costs at the rate. NaN: not known.
func (f *finding) share() float64 { return f.rate / f.callsPerSecond }

// errTooMany ends the reading of events.
var errTooMany = errors.New("there are more events")

// shareText is a part of a core for people.
func shareText(share float64) string {
	if share < 0.0001 {
		return "less than 0.01 %"
	}
	return fmt.Sprintf("%.2g %%", 100*share)
}
