package timeline

import (
	"time"

	"example.com/clew/internal/line"
)

// A value is the position of a part's value in the line. The field end is 0 if the line lacks the
// part.
type value struct {
	start, end uint16
	text       bool // it is a text
	theirs     bool // its key is not ours
	datadog    bool // its key is Datadog's
	read       bool // the decoded value is already in the quickLine, in its field time or spans
}

// get returns the value of a part; nil: the line lacks it.
func (q *quickLine) get(k part) []byte {
	v := q.values[k]
	if v.end == 0 {
		return nil
	}
	return q.text[v.start:v.end]
}

// str returns the text for a key; nil: the line lacks the key. The result is false if the value is
// no text.
func (q *quickLine) str(k line.Key) ([]byte, bool) {
	return q.get(part(k)), q.values[k].text || q.values[k].end == 0
}

// has reports whether the line has a text for a key.
func (q *quickLine) has(k line.Key) bool { return q.values[k].end > 0 && q.values[k].text }

// id returns the ID for a key. The parameter most is the largest number of hexadecimal digits. The
// result is false if Parse must read the value, for example because it may also be a decimal
// number.
func (q *quickLine) id(k line.Key, most int) (id ID, ok bool) {
	if q.values[k].read && !q.theirs {
		return q.spans[k], true
	}
	b := q.get(part(k))
	if len(b) == 0 {
		return ID{}, true
	}
	isNumber := (q.theirs || q.loose) && digitsEnd(b, 0) == len(b)
	if q.values[k].datadog && isNumber && len(b) != 16 && len(b) <= 20 {
		n, ok := decimal(b)
		return ID{Low: n}, ok
	}
	if !q.values[k].text || len(b) > most || isNumber {
		return ID{}, false
	}
	return idDigits(b)
}

// ids sets the IDs of a glance. The result is false if Parse must read an ID, because it has
// another form.
func (q *quickLine) ids(g *Glance) (ok bool) {
	var span, parent ID
	if g.Trace, ok = q.id(line.TraceID, 32); !ok {
		return false
	}
	if span, ok = q.id(line.SpanID, 16); !ok {
		return false
	}
	parent, ok = q.id(line.ParentID, 16)
	g.Span, g.Parent = span.Low, parent.Low
	return ok
}

// head sets the service, the level and the time of a glance. The result is false for a line
// without a time, which Parse must read.
func (q *quickLine) head(g *Glance) (precision time.Duration, ok bool) {
	service, ok := q.str(line.Service)
	if !ok {
		return 0, false
	}
	if len(service) == 0 {
		service = q.bunyan()
	}
	g.Service = q.parser.texts.share(service)
	g.Level = q.parser.quickLevel(q.get(partLevel))
	if q.values[partTime].read {
		g.Time = q.time
		return q.precision, true
	}
	when := q.get(partTime)
	if g.Time, precision, ok = q.parser.quickTime(when); ok {
		return precision, true
	}
	s, ok := q.parser.calendar.value(when)
	g.Time = s.time
	return s.precision, ok
}

// bunyan returns the name of the service in a line of bunyan or pino; see isBunyan.
func (q *quickLine) bunyan() []byte {
	level, name := q.values[partLevel], q.values[partName]
	if level.end == 0 || level.text || level.theirs || !name.text || q.values[partHost].end == 0 {
		return nil
	}
	return q.get(partName)
}
