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
)

// rateSpan is the length of the range in which estimate looks for the rate of a service.
const rateSpan = 3 * time.Hour

// trial holds the events that filters are tried on, and the rate of the service.
type trial struct {
	command  *checkCommand
	std      streams
	wanted   bool // events were asked for
	events   []lake.Event
	problems int
	engine   *engine // nil: no directories

	rate    float64            // events a second; NaN: not known
	shares  map[string]float64 // the share of each app in the events; nil: not known
	measure string             // a text that says where the rate comes from
	young   bool               // the directories only have events of a few minutes
}

// collect reads the events, and determines the rate.
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

// search adds the newest events of the directories, in the order of time.
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

// read adds the first events of a file.
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

// take adds an event of a file.
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

// warn warns if filters are already on in a service: the directory then has only the events that
// they let through.
func (t *trial) warn(dir string) {
	states, _ := filter.ReadState(dir) // the command "filters list" reports states that cannot be read
	for _, st := range states {
		if st.Events.Discarded > 0 && st.IsRunning(time.Now()) {
			t.std.say("%s: filters are on in %s, so the directory has only the events that they let through. Give all events with --events, and their rate with --rate", dir, st.App)
		}
	}
}

// estimate sets the rate to that of the busiest five minutes, because a filter must be fast enough
// for these.
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

// guess sets the rate to that of the events that were found, if there are no files of the last
// hours, or only files of a few minutes. For files of a few minutes, the rate that estimate sets
// is too low: estimate divides by five whole minutes, and the service may have run for less.
func (t *trial) guess(found []lake.Event) {
	if len(found) < 2 || t.command.App != "" && t.shares != nil || !math.IsNaN(t.rate) && !t.young {
		return
	}
	took := found[len(found)-1].Time.Sub(found[0].Time).Seconds()
	if rate := float64(len(found)) / took; took > 0 && !(rate < t.rate) {
		t.rate, t.measure = rate, "the rate of the newest events"
	}
}

// rateOf returns the rate of the events of these apps, or NaN if it is not known.
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

// errTooMany ends the reading of events at --limit.
var errTooMany = errors.New("there are more events")
