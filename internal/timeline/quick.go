package timeline

import (
	"bytes"
	"math"
	"time"
	"unicode/utf8"
)

// quick reads a line of JSON or pairs, if the keys alone show the meaning of the values. The
// result is false for every other line, and for every line that Parse might read differently. If s
// is not nil, g is a part of s.
func (p *Parser) quick(text []byte, g *Glance, s *Sight) (precision time.Duration, ok bool) {
	if len(text) < 2 || len(text) > math.MaxUint16 {
		return 0, false
	}
	var q quickLine // a literal would be copied
	q.text, q.parser, q.last = text, p, &p.firstKey
	if text[0] == '{' {
		end, ok := q.along(1)
		if !ok {
			end, ok = q.object(end, 0, 0)
		}
		if !ok || end < len(text) {
			return 0, false
		}
	} else if !q.pairs() {
		return 0, false
	}
	precision, ok = q.head(g)
	if !ok || !q.ids(g) || !q.record(g) || s != nil && !q.sight(s) {
		if *g = (Glance{}); s != nil {
			*s = Sight{}
		}
		return 0, false
	}
	return precision, true
}

// quickLevel does the work of levelOf, and remembers the last level.
func (p *Parser) quickLevel(b []byte) string {
	if p.lastLevel != string(b) {
		p.lastLevel = string(b)
		p.lastLevelIs = p.texts.share([]byte(levelOf(p.lastLevel)))
	}
	return p.lastLevelIs
}

// quickText makes the glance of plain text from the values that the method begin has found in it.
// The result is false for a text that package line might read, for a text with fields at its end,
// and for bytes that are no text.
func (p *Parser) quickText(g *Glance, s *Sight) bool {
	h := p.held
	if !h.plain || !h.timed || h.trace != h.says.trace || p.names.custom || len(h.text) == 0 {
		return false
	}
	word := h.text
	if end := bytes.IndexByte(word, ' '); end >= 0 {
		word = word[:end]
	}
	if isIndented(h.text) || bytes.ContainsAny(word, "=<") || at(word, 2) == ':' || h.text[len(h.text)-1] == '}' {
		return false
	}
	if bytes.IndexByte(h.text, '\x1b') >= 0 || bytes.IndexByte(h.text, 0) >= 0 || !utf8.Valid(h.text) {
		return false
	}
	*g = Glance{Time: h.at.time, Trace: h.says.trace, Span: h.says.span, Service: p.texts.share([]byte(h.says.service))}
	level, _, _ := levelIn(h.text, h.at.behind())
	if h.at.level != 0 {
		level = klogLevels[h.at.level]
	}
	g.Level = level
	if s != nil {
		if s.Digits = int(h.says.digits); s.Trace == (ID{}) {
			s.Place = p.texts.share(placeIn(h.text))
		}
	}
	return true
}
