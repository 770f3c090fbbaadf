package filter

import (
	"slices"
	"time"
)

// Health is the state of the source.
type Health struct {
	// Source is Config.Source. The query of a URL is left out.
	Source string `json:"source"`
	// Read is when the source was last read as a whole. Zero: not yet.
	Read time.Time `json:"read,omitzero"`
	// Changed is when filters were last added, changed or removed.
	Changed time.Time `json:"changed,omitzero"`
	// Error says why the source cannot be read. It is "" if the source can be read. Since is when
	// the source first could not be read. Meanwhile the last good filters are in use.
	Error string    `json:"error,omitempty"`
	Since time.Time `json:"since,omitzero"`
	// Problems lists the faults of single files and filters. Their last good versions are in use,
	// if there are any. At most twenty faults are listed, and the others are counted.
	Problems []string `json:"problems,omitempty"`
}

// unreachable notes that the source could not be read.
func (s *Set) unreachable(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.health.Error == "" {
		s.health.Since = time.Now()
	}
	s.health.Error = reason
}

// reached notes that the source was read.
func (s *Set) reached(problems []string, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.health.Read, s.health.Error, s.health.Since = now, "", time.Time{}
	s.health.Problems = problems
	if changed {
		s.health.Changed = now
	}
}

func (h Health) clone() Health {
	h.Problems = slices.Clone(h.Problems)
	return h
}
