package timeline

import "time"

// longest keeps the two spans that end last.
type longest struct{ first, second *Span }

func (l *longest) add(s *Span) {
	switch {
	case l.first == nil || s.End().After(l.first.End()):
		l.first, l.second = s, l.first
	case l.second == nil || s.End().After(l.second.End()):
		l.second = s
	}
}

// only is for finding the one span that does not end before t. It returns nil if there is none, or
// if there are several.
func (l *longest) only(t time.Time) *Span {
	if l == nil || !lasts(l.first, t) || lasts(l.second, t) {
		return nil
	}
	return l.first
}

func lasts(s *Span, t time.Time) bool { return s != nil && !s.End().Before(t) }
