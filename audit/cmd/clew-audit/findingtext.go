package main

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"example.com/clew/internal/timeline"
)

// labelColumns is the width of the labels at the beginning of the lines of a finding.
const labelColumns = 7

// text writes a finding for people.
func (f *finding) text(p *page) {
	f.heading(p)
	line := func(label, format string, args ...any) {
		p.put(dim, "  "+label+strings.Repeat(" ", labelColumns-len(label)))
		p.put("", "  "+fmt.Sprintf(format, args...))
		p.end()
	}
	if f.Err != nil {
		line("wrong", "%v", f.Err)
	}
	if !math.IsNaN(f.callsPerSecond) {
		line("speed", "%s", f.speed())
	}
	f.some(p, "passes", f.Passed)
	f.some(p, "stops", f.Stopped)
	for _, failure := range f.Failures {
		line("fails", "%s%s: %s", timeline.Counted(failure.Calls, "time"), atLine(failure.Line), failure.Reason)
		f.event(p, "", failure.Event)
	}
	if f.Off != nil {
		line("off", "it would be switched off%s: %s", atLine(f.Off.Line), f.Off.Reason)
	}
	for _, trap := range f.Traps {
		line("warning", "line %d: %s", trap.Line, trap.Text)
	}
}

// heading writes the name of the filter, and how many events pass.
func (f *finding) heading(p *page) {
	p.put(bold, cmp.Or(f.Name, "a filter without a name"))
	p.put("", fmt.Sprintf(" (%s%s)", f.file, atLine(f.Line)))
	if f.Apps != nil {
		p.put("", " for "+strings.Join(f.Apps, ", "))
	}
	if f.expired {
		p.put("", ", which has expired")
	}
	if judged := len(f.Passed) + len(f.Stopped); judged > 0 {
		p.put("", fmt.Sprintf(": of %s, ", timeline.Counted(judged, "event")))
		p.put(bold, fmt.Sprintf("%s pass", timeline.Grouped(len(f.Passed))))
		p.put("", fmt.Sprintf(" and %s do not", timeline.Grouped(len(f.Stopped))))
	} else if f.Err == nil && len(f.events) > 0 {
		p.put("", ": none of the events is of its apps")
	}
	p.end()
}

// speed returns a text that says how much the filter costs.
func (f *finding) speed() string {
	text := fmt.Sprintf("%s calls a second and core, %s each", timeline.Grouped(int64(f.callsPerSecond)), micros(1e9/f.callsPerSecond))
	if math.IsNaN(f.rate) {
		return text + "; --rate says how many events a second the service logs"
	}
	return text + fmt.Sprintf(": %s of a core at %s events a second (%s)", shareText(f.share()), rateText(f.rate), f.measure)
}

// rateText returns a rate as a text.
func rateText(rate float64) string {
	if rate >= 100 {
		return timeline.Grouped(int64(rate))
	}
	return fmt.Sprintf("%.2g", rate)
}

// some writes the newest of the events with these indexes.
func (f *finding) some(p *page, label string, indexes []int) {
	for _, i := range newestOf(indexes) {
		f.event(p, label, i)
		label = ""
	}
}

func newestOf(indexes []int) []int { return indexes[max(0, len(indexes)-shownEvents):] }

// event writes an event on one line.
func (f *finding) event(p *page, label string, index int) {
	e := &f.events[index]
	p.put(dim, "  "+label+strings.Repeat(" ", labelColumns-len(label)))
	p.begun = true
	p.cell(dim, e.Time.UTC().Format(dayAndClock), 0)
	p.cell(cyan, e.App, 0)
	p.cell(bold, e.Message, 0)
	p.column()
	p.context(e)
	p.end()
}
