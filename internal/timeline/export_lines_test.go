package timeline

import "time"

// FindTime is calendar.find for the tests.
func FindTime(text []byte, reference time.Time, zone *time.Location) (t time.Time, precision time.Duration, start, end int, ok bool) {
	s, ok := calendar{reference, zone}.find(text)
	return s.time, s.precision, s.start, s.end, ok
}

// ValueTime is calendar.value for the tests.
func ValueTime(text string, reference time.Time) (t time.Time, precision time.Duration, ok bool) {
	s, ok := calendar{reference: reference}.value([]byte(text))
	return s.time, s.precision, ok
}

// Quick reports whether Parser.quick reads a line.
func (p *Parser) Quick(text []byte) bool {
	var g Glance
	_, ok := p.quick(text, &g, nil)
	return ok
}

// GlanceOf is Parser.glanceOf.
func (p *Parser) GlanceOf(e *Entry) Glance { return p.glanceOf(e) }

// Names returns the number of names that the parser keeps.
func (p *Parser) Names() int { return len(p.names.claims) + len(p.names.weak) }

// IDDigits is idDigits.
func IDDigits(text []byte) (ID, bool) { return idDigits(text) }
