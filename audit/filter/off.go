package filter

import (
	"fmt"
	"time"
)

// Off says why a filter was switched off.
type Off struct {
	Name   string    `json:"name"`
	Reason string    `json:"reason"`         // a sentence, without bytes that could harm a terminal
	File   string    `json:"file"`           // its name, without the directory
	Line   int       `json:"line,omitempty"` // of the file; 0: unknown
	At     time.Time `json:"at"`
	// AllOff says that no filter is left. Config.Broken then decides about the events.
	AllOff bool `json:"all_off,omitempty"`
}

// consequence says what becomes of the events after off.
func (s *Set) consequence(off Off) string {
	switch {
	case !off.AllOff:
		return "the other filters go on"
	case s.cfg.Broken == Discard:
		return "no filter is left: all events are discarded"
	}
	return fmt.Sprintf("no filter is left: events are kept, %d a second at most", s.cfg.KeepRate)
}
