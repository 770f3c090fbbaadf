package main

import (
	"fmt"
	"io"
	"math"
	"time"

	"example.com/clew/audit/filter"
	"example.com/clew/audit/lake"
)

// reporter returns the function that writes findings. The function writes each finding at once.
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

func atLine(line int) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf(", line %d", line)
}

// shownEvents is the largest number of events that are shown as examples of events that pass. The
// same limit holds for the events that do not pass.
const shownEvents = 3

// finding is the result of trying a filter.
type finding struct {
	*filter.Checked
	file           string
	events         []lake.Event
	expired        bool
	rate           float64 // events a second; NaN: not known
	measure        string
	callsPerSecond float64 // NaN: not measured
}

// good reports whether the filter can be used as it is.
func (f *finding) good() bool { return f.Err == nil && f.Off == nil && f.Failed == 0 }

// share returns the part of a core that the filter costs at the rate, or NaN if this is not known.
func (f *finding) share() float64 { return f.rate / f.callsPerSecond }

// shareText returns a part of a core as a percentage.
func shareText(share float64) string {
	if share < 0.0001 {
		return "less than 0.01 %"
	}
	return fmt.Sprintf("%.2g %%", 100*share)
}

func (t *trial) finding(file string, c *filter.Checked) *finding {
	f := &finding{Checked: c, file: file, events: t.events, rate: t.rateOf(c.Apps), measure: t.measure, callsPerSecond: math.NaN()}
	f.expired = !c.Expires.IsZero() && !time.Now().Before(c.Expires)
	if c.Calls > 0 && c.Time > 0 && c.Off == nil {
		f.callsPerSecond = float64(c.Calls) / c.Time.Seconds()
	}
	return f
}
