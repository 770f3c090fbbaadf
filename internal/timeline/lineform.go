package timeline

import "bytes"

// A lineForm is the form of a line.
type lineForm uint8

const (
	otherLine lineForm = iota
	blankLine
	structuredLine // JSON or pairs
	timedLine      // plain text with a time
)

// formOf returns the form of a line, and the time in plain text.
func (p *Parser) formOf(text []byte) (lineForm, stamp) {
	trimmed := bytes.TrimSpace(text)
	switch {
	case len(trimmed) == 0:
		return blankLine, stamp{}
	case trimmed[0] == '{' && (!isIndented(text) || p.held.json && trimmed[len(trimmed)-1] == '}'):
		return structuredLine, stamp{}
	case isPairs(text):
		return structuredLine, stamp{}
	}
	if s, ok := p.calendar.find(text); ok {
		return timedLine, s
	}
	return otherLine, stamp{}
}

// isPairs reports whether a line begins with key=value, and the key has a role, such as time or
// level.
func isPairs(text []byte) bool {
	key, _, ok := bytes.Cut(text[:min(len(text), maxKey)], []byte("="))
	if !ok || bytes.IndexByte(key, ' ') >= 0 {
		return false
	}
	return roleOf(string(key)).role != roleNone
}

func isIndented(text []byte) bool { return len(text) > 0 && (text[0] == ' ' || text[0] == '\t') }
