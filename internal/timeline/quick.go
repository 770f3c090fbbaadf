package timeline

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"example.com/clew/internal/line"
)

// ourKeys returns our own keys, and those that vendors have for the same, without their groups too.
var ourKeys = sync.OnceValues(func() (ours map[string]part, others map[string]bool) {
	ours, others = map[string]part{}, map[string]bool{}
	for k := line.TraceID; k <= line.ClientGone; k++ {
		ours[line.Default.Key(k)] = part(k)
	}
	for v := line.Datadog; v <= line.Logback; v++ {
		theirs := line.NewNames(v, "", "", line.Hex, "")
		for k := line.TraceID; k <= line.ClientGone; k++ {
			key := theirs.Key(k)
			head, _, _ := strings.Cut(key, ".")
			for _, name := range []string{key, head, theirs.Top(k)} {
				if _, mine := ours[name]; !mine {
					others[name] = true
				}
			}
		}
	}
	ours[slog.TimeKey], ours[slog.LevelKey], ours[slog.MessageKey] = partTime, partLevel, partMsg
	ours["message"] = partMessage
	return ours, others
})

// A span of text is the value of a part. Text says that it is one; end is 0 where there is none.
type value struct {
	start, end int32
	text       bool
}

// quick reads a line of JSON that has our own keys, and no objects or arrays. It is false for every
// other line, and for every line of which it is not sure that Parse would read the same from it.
func (p *Parser) quick(text []byte, g *Glance) bool {
	if len(text) < 2 || text[0] != '{' || len(text) > 1<<16 {
		return false
	}
	var values [parts]value
	if !p.scan(text, &values) {
		return false
	}
	q := quickLine{text, &values}
	return p.quickIDs(&q, g) && p.quickHead(&q, g) && p.quickRecord(&q, g)
}

// scan finds the values of a line.
func (p *Parser) scan(text []byte, values *[parts]value) bool {
	i := 1
	for {
		if at(text, i) != '"' {
			return false
		}
		end := plainString(text, i)
		if end == 0 {
			return false
		}
		part := p.part(text[i+1 : end-1])
		if i = end; part == partOther || at(text, i) != ':' {
			return false
		}
		i++
		end = valueEnd(text, i, mayEscape(part))
		if end == 0 {
			return false
		}
		v := value{int32(i), int32(end), text[i] == '"'}
		if v.text {
			v.start, v.end = v.start+1, v.end-1
		}
		values[part] = v
		switch i = end + 1; at(text, end) {
		case ',':
		case '}':
			return i == len(text)
		default:
			return false
		}
	}
}

// mayEscape tells whether quick does not need to know what stands in a text, or knows it when it sees
// no escape.
func mayEscape(k part) bool {
	return k == partIgnored || k == partMessage || k == partMsg || k == part(line.Error)
}

// valueEnd returns where the value ends that begins at i; 0: it is an object, an array, or wrong.
func valueEnd(text []byte, i int, escapes bool) int {
	switch c := at(text, i); {
	case c == '"' && escapes:
		return anyString(text, i)
	case c == '"':
		return plainString(text, i)
	case c == 't' && i+4 <= len(text) && string(text[i:i+4]) == "true":
		return i + 4
	case c == 'f' && i+5 <= len(text) && string(text[i:i+5]) == "false":
		return i + 5
	case c == '-' || c-'0' <= 9:
		return numberEnd(text, i)
	}
	return 0
}

// plainString returns where the string ends that begins at i; 0: it has an escape, or anything that
// is not printable ASCII.
func plainString(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c == '\\' || c-' ' >= 0x7f-' ':
			return 0
		}
	}
	return 0
}

// anyString returns where the string ends that begins at i; 0: it is wrong. Escapes of four digits
// are left to Parse.
func anyString(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			i++
			if strings.IndexByte(`"\/bfnrt`, at(text, i)) < 0 {
				return 0
			}
		case c < ' ':
			return 0
		}
	}
	return 0
}

// numberEnd returns where the number ends that begins at i; 0: it is none, or has an exponent.
func numberEnd(text []byte, i int) int {
	if text[i] == '-' {
		i++
	}
	end := digitsEnd(text, i)
	if end == i || text[i] == '0' && end > i+1 {
		return 0
	}
	if at(text, end) == '.' {
		whole := end + 1
		if end = digitsEnd(text, whole); end == whole {
			return 0
		}
	}
	return end
}

// A quickLine is a line whose values were found.
type quickLine struct {
	text   []byte
	values *[parts]value
}

// get returns the value of a part; nil: there is none.
func (q *quickLine) get(k part) []byte {
	v := q.values[k]
	if v.end == 0 {
		return nil
	}
	return q.text[v.start:v.end]
}

// str returns a text. It is false where the value is another.
func (q *quickLine) str(k line.Key) ([]byte, bool) {
	return q.get(part(k)), q.values[k].text || q.values[k].end == 0
}

// has tells whether a text is there.
func (q *quickLine) has(k line.Key) bool { return q.values[k].end > 0 && q.values[k].text }

// span returns the ID of a span.
func (q *quickLine) span(k line.Key) (id uint64, ok bool) {
	b, ok := q.str(k)
	if !ok || len(b) != 0 && (len(b) != 16 || hexEnd(b, 0) != 16) {
		return 0, false
	}
	return hexValue(b), ok
}

// quickIDs takes the IDs. Those in other forms are left to Parse.
func (p *Parser) quickIDs(q *quickLine, g *Glance) (ok bool) {
	trace, ok := q.str(line.TraceID)
	if !ok {
		return false
	}
	if len(trace) > 0 {
		if hexEnd(trace, 0) != len(trace) {
			return false
		}
		if g.Trace, ok = hexID(trace); !ok {
			return false
		}
	}
	if g.Span, ok = q.span(line.SpanID); !ok {
		return false
	}
	g.Parent, ok = q.span(line.ParentID)
	return ok
}

// quickHead takes service, time and level. A line without a time is left to Parse.
func (p *Parser) quickHead(q *quickLine, g *Glance) bool {
	service, ok := q.str(line.Service)
	if !ok {
		return false
	}
	g.Service = p.texts.share(service)
	level := q.values[partLevel]
	if level.end > 0 && !level.text {
		return false
	}
	g.Level = p.quickLevel(q.get(partLevel))
	if q.values[partTime].end == 0 || !q.values[partTime].text {
		return false
	}
	g.Time, ok = p.quickTime(q.get(partTime))
	return ok
}

// quickLevel is levelOf for one that was met before.
func (p *Parser) quickLevel(b []byte) string {
	if p.lastLevel != string(b) {
		p.lastLevel = string(b)
		p.lastLevelIs = p.texts.share([]byte(levelOf(p.lastLevel)))
	}
	return p.lastLevelIs
}

// quickTime reads 2026-11-26T22:46:25.123456Z.
func (p *Parser) quickTime(b []byte) (time.Time, bool) {
	const seconds = len("2026-11-26T22:46:25")
	if len(b) <= seconds || b[len(b)-1] != 'Z' || b[10] != 'T' {
		return time.Time{}, false
	}
	if p.lastDay != string(b[:10]) {
		d := date{}
		if !d.yearFirst(b) || d.year < firstYear || d.year > lastYear || d.day > daysIn(d.year, d.month) || b[4] != '-' {
			return time.Time{}, false
		}
		p.lastDay, p.lastDayIs = string(b[:10]), daysSince1970(d.year, d.month, d.day)*86400
	}
	hour, minute, second := two(b[11:]), two(b[14:]), two(b[17:])
	if uint(hour) > 23 || uint(minute) > 59 || uint(second) > 59 || b[13] != ':' || b[16] != ':' {
		return time.Time{}, false
	}
	ns, ok := nanos(b[seconds : len(b)-1])
	return time.Unix(p.lastDayIs+int64(hour*3600+minute*60+second), ns).UTC(), ok
}

// nanos reads a fraction of a second of up to nine digits, with its point; or none.
func nanos(b []byte) (ns int64, ok bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0] != '.' || len(b) == 1 || len(b) > 10 {
		return 0, false
	}
	unit := int64(100_000_000)
	for _, c := range b[1:] {
		if c-'0' > 9 {
			return 0, false
		}
		ns += int64(c-'0') * unit
		unit /= 10
	}
	return ns, true
}

// quickRecord takes what a record says. One that lacks anything is left to Parse.
func (p *Parser) quickRecord(q *quickLine, g *Glance) bool {
	message := partMessage
	if q.values[partMessage].end == 0 {
		message = partMsg
	} else if q.values[partMsg].end > 0 {
		return false
	}
	if v := q.values[message]; v.end > 0 && !v.text {
		return false
	}
	switch string(q.get(message)) {
	case line.MessageRequest:
		g.Record = line.MessageRequest
		return p.quickRequest(q, g)
	case line.MessageCall:
		g.Record = line.MessageCall
		return p.quickCall(q, g)
	case line.MessageJob:
		g.Record = line.MessageJob
		g.Route = p.texts.share(q.get(part(line.Job)))
		g.Parent = 0
		return q.has(line.Job) && q.values[line.ParentID].end == 0 && q.duration(g)
	}
	return true
}

func (p *Parser) quickRequest(q *quickLine, g *Glance) bool {
	if !q.has(line.Method) || !q.has(line.Path) || !q.has(line.Remote) || q.values[line.Bytes].text || q.values[line.Route].end > 0 && !q.has(line.Route) {
		return false
	}
	if _, ok := whole(q.get(part(line.Bytes))); !ok {
		return false
	}
	g.Method = p.texts.share(q.get(part(line.Method)))
	if g.Route = p.texts.share(q.get(part(line.Route))); g.Route == "" {
		g.Route = p.texts.share(q.get(part(line.Path)))
	}
	return q.values[line.Status].end > 0 && q.status(g) && q.duration(g)
}

func (p *Parser) quickCall(q *quickLine, g *Glance) bool {
	if !q.has(line.Method) || !q.has(line.Host) || q.values[line.Path].end > 0 && !q.has(line.Path) {
		return false
	}
	g.Method = p.texts.share(q.get(part(line.Method)))
	g.Route = p.texts.share(q.get(part(line.Path)))
	if q.values[line.Path].end == 0 && q.values[line.Status].end > 0 {
		return false
	}
	return q.status(g) && q.duration(g)
}

// status takes the status, if there is one.
func (q *quickLine) status(g *Glance) bool {
	v := q.values[line.Status]
	if v.end == 0 {
		return true
	}
	n, ok := whole(q.get(part(line.Status)))
	g.Status = int(n)
	return ok && !v.text
}

// whole reads a whole number that is not negative.
func whole(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 || digitsEnd(b, 0) != len(b) {
		return 0, false
	}
	for _, c := range b {
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// duration takes the duration, of milliseconds with up to six decimals.
func (q *quickLine) duration(g *Glance) bool {
	b := q.get(part(line.Duration))
	end := digitsEnd(b, 0)
	if q.values[line.Duration].text {
		return false
	}
	ms, ok := whole(b[:end])
	if !ok || end > 12 || end < len(b) && b[end] != '.' || len(b) > end+7 {
		return false
	}
	g.Duration = time.Duration(ms) * time.Millisecond
	unit := int64(time.Millisecond) / 10
	for _, c := range b[min(end+1, len(b)):] {
		g.Duration += time.Duration(int64(c-'0') * unit)
		unit /= 10
	}
	return true
}
