package timeline

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"math"
	"math/bits"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"example.com/clew/internal/line"
)

// ourKeys returns our own keys, and those that vendors have for the same, without their groups
// too.
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

// A value is the text of a part. End is 0 where there is none.
type value struct {
	start, end uint16
	text       bool // it is one
	theirs     bool
	datadog    bool
	read       bool // it is in quickLine's time or spans
}

// A quickLine is a line whose values are looked for.
type quickLine struct {
	text   []byte
	parser *Parser
	values [parts]value
	last   *quickKey
	theirs bool // it has a name of somebody else's
	loose  bool // it is pairs

	// Values that along has read already.
	time      time.Time
	precision time.Duration
	spans     [line.CallerParentID + 1]ID
}

// quick reads a line of JSON or pairs whose values tell by their keys alone what they are. It is
// false for every other line, and for every line of which it is not sure that Parse would read
// the same from it. G is a part of s, which may be nil.
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

// along takes fields that come in the order in which they came last, up to one that does not, or
// that is more than a text or a number; it returns where that begins. It has ended with the end of
// the line. Nearly all lines are nothing but such fields, and some of these have the value that
// they had.
func (q *quickLine) along(i int) (_ int, ended bool) {
	text, last := q.text, q.last
	var other value
	for {
		k, same := last.follower(text[i:])
		if k == nil {
			break
		}
		if v := &q.values[k.part]; same && v.end == 0 {
			*v = value{start: uint16(i) + k.from, end: uint16(i) + k.until, text: k.text}
			k.changes -= min(k.changes, 1)
			i, last = i+len(k.want), k
			continue
		}
		// A value is written where it stays: to copy what was just written in parts takes long.
		v := &q.values[k.part]
		if k.theirs || v.end > 0 {
			v = &other
		}
		end := q.next(k, i+len(k.head), v)
		if end == 0 || v == &other && !q.take(k, other) {
			break
		}
		if text[end] == '}' {
			return end + 1, true
		}
		if !v.read {
			k.remember(text[i:end+1], v, i)
		}
		i, last = end+1, k
	}
	q.last = last
	return i, false
}

// next makes v the value that begins at i, and returns where it ends, with a comma or the end of
// the line behind it. 0: it is no text or number, or something else is behind it, and v is none.
func (q *quickLine) next(k *quickKey, i int, v *value) (end int) {
	text := q.text
	*v = value{theirs: k.theirs}
	switch c := text[i]; {
	case c == '"':
		if k.known {
			end = q.known(k, i+1)
			v.read = end > 0
		}
		if end == 0 {
			end = plainEnd(text, i+1)
		}
		if end < len(text) && text[end] == '\\' && mayEscape(k.part) {
			end = anyString(text, i) - 1
		}
		if end <= i || end >= len(text) || text[end] != '"' {
			end = 0
			break
		}
		v.start, v.end, v.text = uint16(i+1), uint16(end), true
		end++
	case c-'0' <= 9:
		end = numberEnd(text, i)
		v.start, v.end = uint16(i), uint16(end)
	}
	if end > 0 && end < len(text) && (text[end] == ',' || text[end] == '}' && end+1 == len(text)) {
		return end
	}
	*v = value{}
	return 0
}

// known reads a time or an ID that begins at i, and returns where it ends. 0: it has another form
// than most. What is read so needs no look at its bytes before.
func (q *quickLine) known(k *quickKey, i int) (end int) {
	ok := false
	switch k.part {
	case partTime:
		const micros = len("2026-11-26T22:46:25.123456Z")
		if end = i + micros; at(q.text, end) == '"' {
			q.time, q.precision, ok = q.parser.quickTime(q.text[i:end])
		}
	default:
		if end = i + 16; at(q.text, end) != '"' && k.part == part(line.TraceID) {
			end = i + 32
		}
		if at(q.text, end) == '"' {
			q.spans[k.part], ok = idDigits(q.text[i:end])
		}
	}
	if !ok {
		return 0
	}
	return end
}

// object finds the values of an object, of which the next field begins at i, and returns where it
// ends. Its path is as long as prefix.
func (q *quickLine) object(i, prefix, depth int) (_ int, ok bool) {
	for {
		if i, ok = q.met(q.space(i), prefix, depth); !ok {
			return 0, false
		}
		i = q.space(i)
		switch at(q.text, i) {
		case ',':
			if i++; prefix == 0 {
				if i, ok = q.along(i); ok {
					return i, true
				}
			}
		case '}':
			return i + 1, true
		default:
			return 0, false
		}
	}
}

// met takes the field whose key begins at i, and returns where its value ends.
func (q *quickLine) met(i, prefix, depth int) (int, bool) {
	end := plainString(q.text, i)
	if at(q.text, i) != '"' || end == 0 {
		return 0, false
	}
	key, ok := q.join(prefix, q.text[i+1:end-1])
	if i = q.space(end); !ok || at(q.text, i) != ':' {
		return 0, false
	}
	i = q.space(i + 1)
	if at(q.text, i) == '{' {
		return q.inner(i, len(key), depth)
	}
	k := q.parser.part(key)
	if prefix == 0 {
		q.follow(k)
	}
	return q.field(k, i)
}

// follow remembers that k follows the last key.
func (q *quickLine) follow(k *quickKey) {
	if k.part == partOther { // otherKey is everybody's
		return
	}
	if q.last.next != k {
		q.last.next, q.last.other = k, q.last.next
	}
	q.last = k
}

// quickDepth is how deep objects may stand in one another, so that package line takes them apart
// too.
const quickDepth = 6

// inner finds the values of an object within one, whose path has the length of prefix.
func (q *quickLine) inner(i, prefix, depth int) (int, bool) {
	if depth == quickDepth || prefix == 0 || prefix+1 >= len(q.parser.path) {
		return 0, false
	}
	q.parser.path[prefix] = '.'
	return q.object(i+1, prefix+1, depth+1)
}

// join returns the path of a key.
func (q *quickLine) join(prefix int, key []byte) ([]byte, bool) {
	if prefix+len(key) > len(q.parser.path) || len(key) == 0 {
		return nil, false
	}
	n := copy(q.parser.path[prefix:], key)
	return q.parser.path[:prefix+n], true
}

func (q *quickLine) space(i int) int {
	for i < len(q.text) && q.text[i] == ' ' {
		i++
	}
	return i
}

// field takes the value that begins at i, and returns where it ends.
func (q *quickLine) field(k *quickKey, i int) (int, bool) {
	if k.part == partOther {
		return 0, false
	}
	if at(q.text, i) == '[' && isIgnored(k.part) {
		return q.array(i)
	}
	end := valueEnd(q.text, i, mayEscape(k.part))
	if end == 0 {
		return 0, false
	}
	v := value{start: uint16(i), end: uint16(end), text: q.text[i] == '"', theirs: k.theirs}
	if v.text {
		v.start, v.end = v.start+1, v.end-1
	}
	return end, q.take(k, v)
}

// take takes a value. Two names for one thing are left to Parse.
func (q *quickLine) take(k *quickKey, v value) bool {
	if had := &q.values[k.part]; !k.theirs && had.end == 0 && v.end > 0 {
		*had = v
		return true
	}
	switch k.part {
	case partIgnored:
		return true
	case partCaller, partFile, partLine, partLogger:
		q.values[k.part] = v
		return true
	case partVendor:
		q.theirs = true
		return true
	}
	if had := q.values[k.part]; had.end > 0 && (v.theirs || had.theirs) {
		return false
	}
	if v.end == 0 || v.theirs && v.end == v.start {
		return false
	}
	v.datadog = k.datadog
	q.values[k.part] = v
	q.theirs = q.theirs || k.theirs && k.part < partName
	return true
}

// array moves behind an array of texts and numbers that begins at i.
func (q *quickLine) array(i int) (int, bool) {
	i = q.space(i + 1)
	if at(q.text, i) == ']' {
		return i + 1, true
	}
	for {
		end := valueEnd(q.text, i, true)
		if end == 0 {
			return 0, false
		}
		i = q.space(end)
		switch at(q.text, i) {
		case ']':
			return i + 1, true
		case ',':
			i = q.space(i + 1)
		default:
			return 0, false
		}
	}
}

// pairs finds the values of a line of key=value pairs.
func (q *quickLine) pairs() bool {
	q.loose = true
	q.last = &q.parser.firstPair
	if k, _ := q.expectedPair(0); k == nil && !isPairs(q.text) {
		return false
	}
	q.last = &q.parser.firstPair
	for i := 0; i < len(q.text); {
		k, value := q.expectedPair(i)
		if k == nil {
			key := keyEnd(q.text, i)
			if key == 0 {
				return false
			}
			k, value = q.parser.part(q.text[i:key]), key+1
			q.follow(k)
		}
		v, end := q.pair(k, value)
		if end == 0 || !q.take(k, v) {
			return false
		}
		i = q.space(end)
	}
	return true
}

// expectedPair is expected for pairs.
func (q *quickLine) expectedPair(i int) (k *quickKey, value int) {
	k = q.last.next
	if k == nil || k.key == "" {
		return nil, 0
	}
	rest, name := q.text[i:], len(k.key)
	if len(rest) <= name || rest[name] != '=' || string(rest[:name]) != k.key {
		return nil, 0
	}
	q.last = k
	return k, i + name + 1
}

// keyEnd returns where the = behind the key is that begins at i; 0: it is none.
func keyEnd(text []byte, i int) int {
	start := i
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '=' && i > start:
			return i
		case c <= ' ' || c == '"' || c == '=' || c >= 0x7f:
			return 0
		}
	}
	return 0
}

// pair returns the value that begins at i, and where it ends; 0: it is left to Parse.
func (q *quickLine) pair(k *quickKey, i int) (v value, end int) {
	v = value{start: uint16(i), text: true, theirs: k.theirs}
	switch at(q.text, i) {
	case 0, ' ', '{', '[', '\\':
		return v, 0
	case '"':
		if end = valueEnd(q.text, i, mayEscape(k.part)); end == 0 || end < len(q.text) && q.text[end] != ' ' {
			return v, 0
		}
		v.start, v.end = v.start+1, uint16(end-1)
		return v, end
	}
	if end = wordEnd(q.text, i); end < len(q.text) && q.text[end] != ' ' {
		return v, 0
	}
	v.end = uint16(end)
	word := q.text[i:end]
	v.text = string(word) != "true" && string(word) != "false" && (digits[word[0]] > 9 && word[0] != '-' || numberEnd(word, 0) != len(word))
	if k.part == partOther {
		return v, 0
	}
	return v, end
}

// mayEscape tells whether quick does not need to know what stands in a text, or knows it when it
// sees no escape.
func mayEscape(k part) bool {
	return isIgnored(k) || k == partMessage || k == partMsg || k == part(line.Error)
}

// isIgnored tells whether a glance has no need of a part.
func isIgnored(k part) bool { return k == partIgnored || k >= partCaller }

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

// plainString returns where the string ends that begins at i; 0: it has an escape, or anything
// that is not printable ASCII.
func plainString(text []byte, i int) int {
	if i = plainEnd(text, i+1); i < len(text) && text[i] == '"' {
		return i + 1
	}
	return 0
}

// plainEnd returns where the first byte is, from i on, that is a quotation mark, a backslash or no
// printable ASCII.
func plainEnd(text []byte, i int) int {
	for ; i+8 <= len(text); i += 8 {
		if odd := oddBytes(binary.LittleEndian.Uint64(text[i:])); odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(text) && text[i] != '"' && text[i] != '\\' && text[i]-' ' < 0x7f-' ' {
		i++
	}
	return i
}

// wordEnd returns where the first byte is, from i on, that is a space, a quotation mark or no
// printable ASCII.
func wordEnd(text []byte, i int) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(text); i += 8 {
		w := binary.LittleEndian.Uint64(text[i:])
		if odd := ((w - '!'*ones) | ((w ^ '"'*ones) - ones) | w | (w + ones)) & high; odd != 0 { // as oddBytes
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(text) && text[i] != '"' && text[i]-'!' < 0x7f-'!' {
		i++
	}
	return i
}

// oddBytes looks at eight bytes at once for those that plainEnd looks for. The high bit of the
// first of them is set. Those behind it may be set as well, by what is carried.
func oddBytes(w uint64) uint64 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	// Less than nothing has the high bit, and bytes that have it themselves are odd anyway.
	return ((w - ' '*ones) | ((w ^ '"'*ones) - ones) | ((w ^ '\\'*ones) - ones) | w | (w + ones)) & high
}

// anyString returns where the string ends that begins at i; 0: it is wrong. Escapes of four digits
// are left to Parse.
func anyString(text []byte, i int) int {
	for i = plainEnd(text, i+1); i < len(text); i = plainEnd(text, i+1) {
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

// id returns the ID that a part has, of up to so many hexadecimal digits. What might be a decimal
// number as well is left to Parse.
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

// ids takes the IDs. Those in other forms are left to Parse.
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

// head takes service, time and level. A line without a time is left to Parse.
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

// quickLevel is levelOf for one that was met before.
func (p *Parser) quickLevel(b []byte) string {
	if p.lastLevel != string(b) {
		p.lastLevel = string(b)
		p.lastLevelIs = p.texts.share([]byte(levelOf(p.lastLevel)))
	}
	return p.lastLevelIs
}

// quickTime reads 2026-11-26T22:46:25.123456Z.
func (p *Parser) quickTime(b []byte) (t time.Time, precision time.Duration, ok bool) {
	const seconds = len("2026-11-26T22:46:25")
	if len(b) <= seconds || b[len(b)-1] != 'Z' || b[10] != 'T' {
		return time.Time{}, 0, false
	}
	if string(p.lastMinute[:]) != string(b[:seconds-2]) && !p.minute(b) {
		return time.Time{}, 0, false
	}
	second := two(b[seconds-2:])
	ns, ok := nanos(b[seconds : len(b)-1])
	if !ok || uint(second) > 59 {
		return time.Time{}, 0, false
	}
	return time.Unix(p.lastMinuteIs+int64(second), ns).UTC(), precisions[max(len(b)-1-seconds-1, 0)], true
}

// minute reads the beginning of a time up to its seconds: 2026-11-26T22:46:, and remembers it.
func (p *Parser) minute(b []byte) bool {
	d := date{}
	if !d.yearFirst(b) || d.year < firstYear || d.year > lastYear || d.day > daysIn(d.year, d.month) || b[4] != '-' {
		return false
	}
	hour, minute := two(b[11:]), two(b[14:])
	if uint(hour) > 23 || uint(minute) > 59 || b[13] != ':' || b[16] != ':' {
		return false
	}
	copy(p.lastMinute[:], b)
	p.lastMinuteIs = daysSince1970(d.year, d.month, d.day)*86400 + int64(hour*3600+minute*60)
	return true
}

// precisions are those of times with so many decimals.
var precisions = func() (of [10]time.Duration) {
	for digits := range of {
		of[digits] = precisionOf(digits)
	}
	return of
}()

// nanos reads a fraction of a second of up to nine digits, with its point; or none.
func nanos(b []byte) (ns int64, ok bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0] != '.' || len(b) == 1 || len(b) > 10 {
		return 0, false
	}
	for _, c := range b[1:] {
		if c-'0' > 9 {
			return 0, false
		}
		ns = ns*10 + int64(c-'0')
	}
	return ns * int64(units[len(b)-1]), true
}

// units are those of so many decimals of a second.
var units = [...]time.Duration{1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1}

// record takes what a record says. One that lacks anything, or has names of somebody else's, is
// left to Parse.
func (q *quickLine) record(g *Glance) bool {
	message := partMessage
	if q.values[partMessage].end == 0 {
		message = partMsg
	} else if q.values[partMsg].end > 0 {
		return false
	}
	said := q.get(message)
	if len(said) > maxRecord { // else each would be copied
		return true
	}
	is := recordOf(string(said))
	if is == 0 {
		return true
	}
	if q.theirs || q.loose || !q.values[message].text {
		return false
	}
	g.Record = records[is]
	switch g.Record {
	case line.MessageRequest:
		return q.request(g)
	case line.MessageCall:
		return q.call(g)
	default:
		g.Route = q.share(line.Job)
		return q.has(line.Job) && q.values[line.ParentID].end == 0 && q.duration(g)
	}
}

const maxRecord = max(len(line.MessageRequest), len(line.MessageCall), len(line.MessageJob))

func (q *quickLine) share(k line.Key) string { return q.parser.texts.share(q.get(part(k))) }

// path returns the path. Most are met once: many stand in one piece of memory.
func (q *quickLine) path() string {
	path, all := q.get(part(line.Path)), &q.parser.paths
	if len(path) > maxPath {
		return string(path)
	}
	if all.Cap()-all.Len() < len(path) {
		all.Reset()
		all.Grow(16 * maxPath)
	}
	from := all.Len()
	all.Write(path)
	return all.String()[from:]
}

// maxPath is how long a path may be to stand beside others.
const maxPath = 256

func (q *quickLine) request(g *Glance) bool {
	if !q.has(line.Method) || !q.has(line.Path) || !q.has(line.Remote) || q.values[line.Bytes].text || q.values[line.Route].end > 0 && !q.has(line.Route) {
		return false
	}
	if _, ok := whole(q.get(part(line.Bytes))); !ok {
		return false
	}
	g.Method = q.share(line.Method)
	if g.Route = q.share(line.Route); g.Route == "" {
		g.Route = q.path()
	}
	return q.values[line.Status].end > 0 && q.status(g) && q.duration(g)
}

func (q *quickLine) call(g *Glance) bool {
	if !q.has(line.Method) || !q.has(line.Host) || q.values[line.Path].end > 0 && !q.has(line.Path) {
		return false
	}
	g.Method, g.Route = q.share(line.Method), q.path()
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

// duration takes the duration.
func (q *quickLine) duration(g *Glance) (ok bool) {
	g.Duration, ok = q.milliseconds(line.Duration)
	return ok
}

// milliseconds reads a number of milliseconds with up to six decimals.
func (q *quickLine) milliseconds(k line.Key) (d time.Duration, ok bool) {
	b := q.get(part(k))
	end := digitsEnd(b, 0)
	if q.values[k].text {
		return 0, false
	}
	ms, ok := whole(b[:end])
	if !ok || end > 12 || end < len(b) && b[end] != '.' || len(b) > end+7 {
		return 0, false
	}
	d = time.Duration(ms) * time.Millisecond
	unit := int64(time.Millisecond) / 10
	for _, c := range b[min(end+1, len(b)):] {
		d += time.Duration(int64(c-'0') * unit)
		unit /= 10
	}
	return d, true
}

// hasEscape tells whether a JSON string has an escape.
func hasEscape(text []byte) bool { return bytes.IndexByte(text, '\\') >= 0 }

// quickText takes what plain text says, from what begin has found. It is false for what package
// line might read, and for text that ends with fields or is none.
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
