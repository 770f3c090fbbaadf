package timeline

import "bytes"

// A kind is the form of a line.
type kind uint8

const (
	other kind = iota
	blank
	structured // JSON or pairs
	timed      // plain text with a time
)

// kindOf returns the form of a line, and the time in plain text.
func (p *Parser) kindOf(text []byte) (kind, stamp) {
	trimmed := bytes.TrimSpace(text)
	switch {
	case len(trimmed) == 0:
		return blank, stamp{}
	case trimmed[0] == '{' && (!isIndented(text) || p.held.json && trimmed[len(trimmed)-1] == '}'):
		return structured, stamp{}
	case isPairs(text):
		return structured, stamp{}
	}
	if s, ok := p.calendar.find(text); ok {
		return timed, s
	}
	return other, stamp{}
}

// isPairs tells whether a line begins with key=value. The key must be one that loggers begin a
// line with.
func isPairs(text []byte) bool {
	key, _, ok := bytes.Cut(text[:min(len(text), maxKey)], []byte("="))
	if !ok || bytes.IndexByte(key, ' ') >= 0 {
		return false
	}
	return roleOf(string(key)).role != roleNone
}

func isIndented(text []byte) bool { return len(text) > 0 && (text[0] == ' ' || text[0] == '\t') }
