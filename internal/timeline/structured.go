package timeline

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/clew/internal/line"
)

// structured fills an entry from the fields of a line.
func (p *Parser) structured(e *Entry, l *line.Line) {
	found := p.names.fields(l.Fields)
	e.Fields = l.Fields
	e.Record = l.Record
	e.Sampled = l.Sampled
	p.ids(e, l, found)
	p.when(e, l, found[roleTime])
	e.Level = levelOf(p.word(l.Level, l, found, roleLevel))
	e.Message = p.word(l.Message, l, found, roleMessage)
}

// word returns the text that package line has found, else the text of the field with the role. If
// the user has given the role to that field, word always returns the text of the field.
func (p *Parser) word(theirs string, l *line.Line, found [roles]int, r role) string {
	if i := found[r]; i >= 0 && (theirs == "" || p.ruledBy(l.Fields[i].Key, r)) {
		return l.Fields[i].Value
	}
	return theirs
}

// ruledBy reports whether the user has given a role to a field.
func (p *Parser) ruledBy(key string, r role) bool {
	return p.names.ruled(r) && p.names.rank(claim{role: r}, key) < 0
}

// ids fills an entry with the IDs of its trace and spans, and with its service.
func (p *Parser) ids(e *Entry, l *line.Line, found [roles]int) {
	e.Trace = parsedID(l.TraceID)
	if i := found[roleTrace]; i >= 0 && (e.Trace == (ID{}) || p.ruledBy(l.Fields[i].Key, roleTrace)) {
		e.Trace, _ = fieldID(l.Fields[i], p.names.claim(l.Fields[i].Key))
	}
	e.Span = p.span(l.SpanID, l, found, roleSpan)
	e.Parent = p.span("", l, found, roleParent)
	e.CallerParent = p.span("", l, found, roleCallerParent)
	p.recordIDs(e)
	switch i := found[roleService]; {
	case i >= 0 && (l.Service == "" || p.ruledBy(l.Fields[i].Key, roleService)):
		e.Service = l.Fields[i].Value
	case l.Service != "":
		e.Service = l.Service
	case isBunyan(l):
		f, _ := l.Field("name")
		e.Service = f.Value
	}
}

// span returns the span ID that package line has found, else the ID in the field with the role. If
// the user has given the role to that field, span always returns the ID in the field.
func (p *Parser) span(theirs string, l *line.Line, found [roles]int, r role) string {
	if i := found[r]; i >= 0 && (theirs == "" || p.ruledBy(l.Fields[i].Key, r)) {
		return fieldSpan(l.Fields[i], p.names.claim(l.Fields[i].Key))
	}
	return theirs
}

// recordIDs fills an entry with the IDs of other spans from its record. Package line has read them
// by the names and in the form of the record's vendor.
func (p *Parser) recordIDs(e *Entry) {
	switch r := e.Record.(type) {
	case *line.Request:
		e.Parent, e.CallerParent = spanIDOf(r.ParentID), spanIDOf(r.CallerParentID)
	case *line.Call:
		e.Parent = spanIDOf(r.ParentID)
	}
}

// spanIDOf returns a span ID as a text; "" for zero.
func spanIDOf(id [8]byte) string {
	if id == [8]byte{} {
		return ""
	}
	return string(line.AppendHex(nil, id[:]))
}

// parsedID returns the ID from package line's hexadecimal digits.
func parsedID(text string) ID {
	id, _ := hexID([]byte(text))
	return id
}

// isBunyan reports whether bunyan or pino wrote the line. Their "name" is the name of the program,
// but in other loggers it is the name of a logger. Bunyan and pino write levels as numbers, and
// the name of the machine as "hostname".
func isBunyan(l *line.Line) bool {
	level, _ := l.Field("level")
	_, host := l.Field("hostname")
	name, ok := l.Field("name")
	return ok && host && name.Text && !level.Text && level.Value != ""
}

// The method when sets the time of an entry.
func (p *Parser) when(e *Entry, l *line.Line, at int) {
	if at >= 0 {
		f := l.Fields[at]
		if s, ok := p.calendar.value([]byte(f.Value)); ok {
			e.Time, e.Precision = s.time, s.precision
			p.addNanos(e, l, f.Key)
			return
		}
	}
	if l.Time.Year() >= firstYear && l.Time.Year() <= lastYear {
		e.Time = l.Time.Round(0)
		return
	}
	for i := range l.Fields { // use the first field for times that contains a time
		if c := p.names.claim(l.Fields[i].Key); c.role != roleTime {
			continue
		}
		if s, ok := p.calendar.value([]byte(l.Fields[i].Value)); ok {
			e.Time, e.Precision = s.time, s.precision
			return
		}
	}
}

// addNanos adds the nanoseconds, if they are in a field of their own beside the seconds, as in
// log4j's instant and Google's timestamp.
func (p *Parser) addNanos(e *Entry, l *line.Line, key string) {
	for _, pair := range [][2]string{{"epochSecond", "nanoOfSecond"}, {"seconds", "nanos"}} {
		head, ok := strings.CutSuffix(key, pair[0])
		if !ok {
			continue
		}
		f, _ := l.Field(head + pair[1])
		if n, err := strconv.ParseUint(f.Value, 10, 32); err == nil && n < uint64(time.Second) {
			e.Time, e.Precision = e.Time.Add(time.Duration(n)), 0
		}
	}
}

// isText reports whether a string is valid UTF-8, or has only a few bytes that are not text, as a
// text in Latin-1 has.
func isText(s string) bool {
	if utf8.ValidString(s) {
		return true
	}
	wrong := 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\x1b' {
			wrong++
		}
		i += n
	}
	return wrong <= 2+len(s)/8
}
