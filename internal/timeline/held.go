package timeline

import (
	"bytes"
	"slices"
)

// A held is an entry that is being read. More lines may belong to it.
type held struct {
	from  string // the entry's instance; "": the shipper names none
	raw   Raw    // the entry's first line, without Text
	text  []byte // all lines of the entry
	head  int    // the length of the first line, or of JSON over several lines
	lines int    // the number of its lines; 0: nothing is held
	cut   bool
	seen  bool // Glance has read and counted it; the field text may be empty
	quick bool // only quick has read it; only from, lines, seen, json, trace and stack are set

	json  bool
	block nesting // of JSON over several lines
	timed bool    // it is plain text with a time
	trace ID      // the ID in plain text; in JSON, zero if it is not yet read
	stack bool    // the last line was a part of a stack trace

	// These fields are for plain text, from its first line.
	plain bool
	at    stamp // zero: it has no time
	says  mention
}

// glanced holds a line that quick has read. Nearly all lines follow another such line, so only few
// fields change.
func (h *held) glanced(json bool, trace ID) {
	if !h.quick {
		*h = held{from: h.from, text: h.text[:0], quick: true}
	}
	h.lines, h.seen, h.json, h.trace, h.stack = 1, true, json, trace, false
}

// A look is the form of a line.
type look struct {
	text []byte // without colours
	form lineForm
	at   stamp // the time in plain text
}

// look finds the form of a line that is not within JSON.
func (p *Parser) look(raw Raw) look {
	p.refer(&raw)
	l := look{text: withoutColours(raw.Text)}
	l.form, l.at = p.formOf(l.text)
	if l.form == blankLine && len(bytes.TrimSpace(raw.Text)) > 0 {
		l.form = otherLine // the line has only colours
	}
	return l
}

// maxInstances is the number of instances that may have an entry at the same time.
const maxInstances = 16

// turn makes the entry of the line's instance the current one. Containers and processes mix their
// lines, and each continues its own entry. A line without an instance continues the last entry,
// because some shippers mark only the first line of a message. If there are too many instances,
// turn ends the entry that has waited longest for another line, and returns it.
func (p *Parser) turn(raw *Raw) (ended *Entry) {
	from := or(raw.Instance, raw.Service)
	if from == "" || from == p.held.from {
		return nil
	}
	at := slices.IndexFunc(p.helds, func(h *held) bool { return h.from == from })
	switch {
	case at >= 0:
	case len(p.helds) < maxInstances:
		at = len(p.helds)
		p.helds = append(p.helds, &held{})
	default:
		at = 0
		p.held = p.helds[0]
		ended = p.end()
	}
	p.held = p.helds[at]
	p.held.from = from
	p.helds = append(slices.Delete(p.helds, at, at+1), p.held)
	return ended
}

// within reports whether a line is within JSON over several lines.
func (p *Parser) within(raw *Raw) bool {
	h := p.held
	return h.lines > 0 && h.block.open() && h.block.goesOn(raw.Text)
}

// follows reports whether a line belongs to the held entry. JSON and pairs have their whole
// message on one line. Only a stack trace from the runtime may follow them.
func (p *Parser) follows(l look) bool {
	h := p.held
	text := l.text
	switch {
	case h.lines == 0 || h.block.open():
		return false
	case l.form == blankLine:
		return true
	case l.form == structuredLine:
		return false
	case isIndented(text):
		_, timed := p.calendar.beginning(text)
		return !timed && !p.strange(text)
	case isStack(text):
		return !p.strange(text)
	case l.form == timedLine:
		return false
	case h.stack && (h.timed || !h.plain): // Python's last line, the message of an exception
		return !p.strange(text)
	}
	return h.timed && p.idOf(text) == ID{}
}

// strange reports whether a line has an ID, and the held entry has the ID of another trace.
func (p *Parser) strange(text []byte) bool {
	id := p.idOf(text)
	if id == (ID{}) {
		return false
	}
	h := p.held
	if h.json && h.trace == (ID{}) {
		h.trace = p.names.mention(h.text[:h.head]).trace
	}
	return h.trace != ID{} && !id.Same(h.trace)
}

// idOf returns the trace ID in plain text. It finds the wanted ID in any form, and any other ID
// only if the text marks it as a trace ID.
func (p *Parser) idOf(text []byte) ID {
	if p.config.Trace.In(text) {
		return p.config.Trace
	}
	return p.names.mention(text).trace
}

// begin holds a line that begins an entry.
func (p *Parser) begin(raw Raw, l look) {
	h := p.held
	*h = held{from: h.from, raw: raw, text: append(h.text[:0], raw.Text...), lines: 1, cut: raw.Cut}
	h.raw.Text = nil
	h.head = len(h.text)
	switch l.form {
	case blankLine:
		h.lines = 0
	case structuredLine:
		if h.json = bytes.TrimSpace(l.text)[0] == '{'; h.json {
			h.block.read(l.text)
		}
	default:
		h.plain, h.at, h.timed = true, l.at, l.form == timedLine
		h.says = p.names.mention(l.text)
		if h.trace = h.says.trace; p.config.Trace.In(l.text) {
			h.trace = p.config.Trace
		}
	}
}

// keep adds a line to the held entry.
func (p *Parser) keep(raw Raw) {
	h := p.held
	text := raw.Text
	h.cut = h.cut || raw.Cut
	h.lines++
	if h.block.open() {
		h.block.read(text)
		h.add(text)
		h.head = len(h.text)
		return
	}
	if len(bytes.TrimSpace(text)) > 0 {
		h.stack = isIndented(text) || isStack(text)
		if h.trace == (ID{}) && !h.json {
			h.trace = p.idOf(text)
		}
	}
	h.add(text)
}

// add appends a line to the text. It drops the line if the text would become longer than MaxLine.
func (h *held) add(text []byte) {
	if len(h.text)+1+len(text) > MaxLine {
		h.cut = true
		return
	}
	h.text = append(append(h.text, '\n'), text...)
}
