package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
)

// reporter returns what writes the findings, each at once.
func (c *checkCommand) reporter(to io.Writer) func(*finding) error {
	if c.Output == "json" {
		return func(f *finding) error { return f.json(to) }
	}
	p := newPage(to, &c.look)
	begun := false
	return func(f *finding) error {
		if begun {
			p.end()
		}
		begun = true
		f.text(p)
		return p.to.Flush()
	}
}

// labelColumns is how wide the words are that stand before the lines of a finding.
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

// heading says which filter it is, and how many events pass.
func (f *finding) heading(p *page) {
	p.put(bold, orElse(f.Name, "a filter without a name"))
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

func atLine(line int) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf(", line %d", line)
}

// speed says what the filter costs.
func (f *finding) speed() string {
	text := fmt.Sprintf("%s calls a second and core, %s each", timeline.Grouped(int64(f.callsPerSecond)), micros(1e9/f.callsPerSecond))
	if math.IsNaN(f.rate) {
		return text + "; --rate says how many events a second the service logs"
	}
	return text + fmt.Sprintf(": %s of a core at %s events a second (%s)", shareText(f.share()), rateText(f.rate), f.measure)
}

// rateText is a rate for people.
func rateText(rate float64) string {
	if rate >= 100 {
		return timeline.Grouped(int64(rate))
	}
	return fmt.Sprintf("%.2g", rate)
}

// some shows a few events, the newest.
func (f *finding) some(p *page, label string, indexes []int) {
	for _, i := range newestOf(indexes) {
		f.event(p, label, i)
		label = ""
	}
}

func newestOf(indexes []int) []int { return indexes[max(0, len(indexes)-shownEvents):] }

// event shows an event on a line.
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

// json writes a finding as one object, on one line.
func (f *finding) json(to io.Writer) error {
	type fault struct {
		Reason string          `json:"reason"`
		Line   int             `json:"line"`
		Calls  int             `json:"calls,omitempty"`
		Event  json.RawMessage `json:"event,omitempty"`
	}
	type warning struct {
		Line int    `json:"line"`
		Text string `json:"text"`
	}
	all := struct {
		File           string            `json:"file"`
		Filter         string            `json:"filter"`
		Line           int               `json:"line"`
		Apps           []string          `json:"apps"`
		Expires        *time.Time        `json:"expires"`
		Expired        bool              `json:"expired"`
		Error          string            `json:"error"`
		Passed         int               `json:"passed"`
		Stopped        int               `json:"stopped"`
		Failed         int               `json:"failed"`
		Failures       []fault           `json:"failures"`
		Off            *fault            `json:"off"`
		CallsPerSecond *float64          `json:"calls_per_second"`
		Rate           *float64          `json:"rate"`
		Share          *float64          `json:"share_of_core"`
		Passes         []json.RawMessage `json:"passes"`
		Stops          []json.RawMessage `json:"stops"`
		Warnings       []warning         `json:"warnings"`
	}{
		File: f.file, Filter: f.Name, Line: f.Line, Apps: f.Apps, Expired: f.expired,
		Passed: len(f.Passed), Stopped: len(f.Stopped), Failed: f.Failed, Failures: []fault{}, Warnings: []warning{},
		CallsPerSecond: known(f.callsPerSecond), Rate: known(f.rate), Share: known(f.share()),
	}
	if !f.Expires.IsZero() {
		all.Expires = &f.Expires
	}
	if f.Err != nil {
		all.Error = f.Err.Error()
	}
	if f.Off != nil {
		all.Off = &fault{Reason: f.Off.Reason, Line: f.Off.Line}
	}
	var err error
	for _, failure := range f.Failures {
		fail := fault{Reason: failure.Reason, Line: failure.Line, Calls: failure.Calls}
		if fail.Event, err = appendJSON(nil, &f.events[failure.Event]); err != nil {
			return err
		}
		all.Failures = append(all.Failures, fail)
	}
	for _, trap := range f.Traps {
		all.Warnings = append(all.Warnings, warning(trap))
	}
	if all.Passes, err = rawEvents(f.events, newestOf(f.Passed)); err != nil {
		return err
	}
	if all.Stops, err = rawEvents(f.events, newestOf(f.Stopped)); err != nil {
		return err
	}
	return jsonLine(to, all)
}

// known is a number, or nil where it is not known: JSON has no NaN.
func known(n float64) *float64 {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return nil
	}
	return &n
}

func rawEvents(events []lake.Event, indexes []int) ([]json.RawMessage, error) {
	all := []json.RawMessage{}
	for _, i := range indexes {
		text, err := appendJSON(nil, &events[i])
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

// jsonLine writes a value on one line.
func jsonLine(to io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = io.WriteString(to, timeline.Harmless(string(text))+"\n")
	return err
}
