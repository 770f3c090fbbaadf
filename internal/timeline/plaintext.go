package timeline

import (
	"bytes"
	"strings"

	"example.com/clew/internal/line"
)

// text fills an entry from plain text.
func (p *Parser) text(e *Entry, head string) {
	b := []byte(head)
	s, ok := p.calendar.find(b)
	from := 0
	if ok {
		e.Time, e.Precision = s.time, s.precision
		p.names.where[roleTime] = true
		from = s.behind()
	}
	level, start, end := levelIn(b, from)
	if s.level != 0 {
		level, start, end = klogLevels[s.level], from, from
	}
	if level != "" {
		e.Level = level
		p.names.where[roleLevel] = true
	}
	m := p.mentioned(e, b)
	e.Message = head[messageStart(b, m, from, start, end):]
	p.tail(e, head)
}

// klogLevels are the levels of klog.
var klogLevels = map[byte]string{'I': "info", 'W': "warn", 'E': "error", 'F': "fatal"}

// messageStart returns the beginning of the message in plain text. A time at the beginning, an ID
// in brackets and a level may come before the message. The ID and the level may be in either
// order.
func messageStart(text []byte, m mention, from, level, levelEnd int) int {
	for range 2 {
		if m.rank == byBracket && m.open >= from && isBetween(text[from:m.open]) {
			from = min(m.close+1, len(text))
		}
		if level >= from && levelEnd > level && isBetween(text[from:level]) {
			from = levelEnd
		}
	}
	if from == 0 {
		return 0
	}
	message := text[from:]
	if at(message, 0) == ']' || at(message, 0) == ')' || at(message, 0) == '"' {
		message = message[1:]
	}
	message = bytes.TrimLeft(message, " \t|:-")
	return len(text) - len(message)
}

// isBetween reports whether text has only characters that separate the parts of a line's head.
func isBetween(text []byte) bool { return len(bytes.Trim(text, " []()|\t\"-:")) == 0 }

// mentioned fills an entry with the IDs in plain text, and with the service and the level under
// the user's names. It prefers the ID of the wanted trace.
func (p *Parser) mentioned(e *Entry, text []byte) mention {
	m := p.names.mention(text)
	if p.config.Trace.In(text) && !m.trace.Same(p.config.Trace) {
		m = mention{trace: p.config.Trace}
	}
	e.Trace, e.Span = m.trace, spanDigits(m.span)
	if m.service != "" {
		e.Service = m.service
		p.names.where[roleService] = true
	}
	if m.trace != (ID{}) {
		p.names.where[roleTrace] = true
	}
	if m.span != 0 {
		p.names.where[roleSpan] = true
	}
	for _, name := range p.names.keys.Service {
		if value, ok := named(text, name); ok {
			e.Service = string(value)
			break
		}
	}
	for _, name := range p.names.keys.Level {
		if value, ok := named(text, name); ok {
			e.Level = levelOf(string(value))
			break
		}
	}
	return m
}

// tail fills an entry with the fields of a JSON object at the end of plain text, as zap's console
// writes it.
func (p *Parser) tail(e *Entry, head string) {
	open := strings.IndexByte(head, '{')
	if open <= 0 || head[len(head)-1] != '}' || head[open-1] != ' ' && head[open-1] != '\t' {
		return
	}
	var l line.Line
	if l.Read(head[open:]) != nil {
		return
	}
	e.Fields = l.Fields
	of := Entry{}
	p.ids(&of, &l, p.names.fields(l.Fields))
	if e.Trace == (ID{}) {
		e.Trace, e.Span = of.Trace, of.Span
	}
	if of.Service != "" {
		e.Service = of.Service
	}
}
