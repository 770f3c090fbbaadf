package filter

import (
	"fmt"
	"time"
)

// Off says why a filter was switched off.
type Off struct {
	Name   string    `json:"name"`
	Reason string    `json:"reason"`         // a sentence, without bytes that could harm a terminal
	File   string    `json:"file"`           // the name of the file, without the directory
	Line   int       `json:"line,omitempty"` // the line of the file; 0: unknown
	At     time.Time `json:"at"`
	// AllOff says that all filters that apply are off now. Config.Broken then decides about the
	// events.
	AllOff bool `json:"all_off,omitempty"`
}

// consequence returns what happens to the events from now on, for the log line about off.
func (s *Set) consequence(off Off) string {
	switch {
	case !off.AllOff:
		return "the other filters go on"
	case s.cfg.Broken == Discard:
		return "no filter is left: all events are discarded"
	}
	return fmt.Sprintf("no filter is left: events are kept, %d a second at most", s.cfg.KeepRate)
}
