package filter

import (
	"slices"
	"time"
)

// Stats reports what a [Set] has done since it was opened.
type Stats struct {
	Health  Health   `json:"health"`
	Events  Events   `json:"events"`
	Filters []Status `json:"filters"` // the filters that apply, in the order of their files
	// StateError says why the state could not be written to Config.Dir. It is "" if the last
	// attempt succeeded.
	StateError string `json:"-"`
}

// Events counts the events that came while a filter applied. The figures always satisfy
//
//	Judged == Passed + Kept + Discarded
type Events struct {
	Judged int64 `json:"judged"`
	Passed int64 `json:"passed"` // the events that at least one filter passed
	// Kept counts events that were written because all filters were off.
	Kept int64 `json:"kept"`
	// Discarded counts all other events. Events of LogSync are counted here too, although they are
	// written.
	Discarded int64 `json:"discarded"`
}

// Status describes a filter of a [Set].
type Status struct {
	Name    string    `json:"name"`
	File    string    `json:"file"` // the name of the file, without the directory
	Line    int       `json:"line"` // the line of the file where the script begins
	Apps    []string  `json:"apps,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	// Since is when this version of the script came into use. All figures of a Status are those of
	// this version.
	Since   time.Time `json:"since"`
	Expired bool      `json:"expired,omitempty"`
	Off     *Off      `json:"off,omitempty"` // nil: the filter is not switched off
	Calls   int64     `json:"calls"`
	Passed  int64     `json:"passed"`
	Errors  int64     `json:"errors"` // calls that threw, or that returned neither true nor false
	// LastError is the last error that is counted in Errors, with its line. It is "" if there was
	// no error.
	LastError string        `json:"last_error,omitempty"`
	Time      time.Duration `json:"time_ns"` // processor time
}

// Stats returns the current figures. For a nil Set it returns zero Stats.
func (s *Set) Stats() Stats {
	if s == nil {
		return Stats{}
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{Health: s.health.clone(), Events: s.events, StateError: s.stateErr,
		Filters: make([]Status, 0, len(s.shown))}
	for _, l := range s.shown {
		stats.Filters = append(stats.Filters, l.status(now))
	}
	return stats
}

func (l *live) status(now time.Time) Status {
	st := Status{Name: l.Name, File: l.file, Line: l.Line, Apps: slices.Clone(l.Apps), Expires: l.Expires,
		Since: l.since, Expired: l.IsExpired(now), Calls: l.figures.calls, Passed: l.figures.passed,
		Errors: l.figures.errors, LastError: l.lastError(), Time: l.figures.time}
	if l.off != nil {
		off := *l.off
		st.Off = &off
	}
	return st
}
