package filter

import (
	"slices"
	"time"
)

// Health is how the source is.
type Health struct {
	// Source is Config.Source, of a URL without its query.
	Source string `json:"source"`
	// Read is when the source was last read as a whole. Zero: never yet.
	Read time.Time `json:"read,omitzero"`
	// Changed is when filters last came, changed or went.
	Changed time.Time `json:"changed,omitzero"`
	// Error is why the source cannot be read, and Since when that began: the last good filters
	// are in use. Empty: it can be read.
	Error string    `json:"error,omitempty"`
	Since time.Time `json:"since,omitzero"`
	// Problems is what is wrong with single files and filters, which have their last good versions
	// in use, or none. Some twenty are listed.
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
