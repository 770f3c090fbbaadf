package timeline

import (
	"encoding/binary"
	"strings"
	"time"

	"example.com/clew/internal/line"
)

// Glance is what the list of traces needs of a line. Its texts are shared with other glances, and
// not with the source.
type Glance struct {
	Time         time.Time // in UTC; zero: none
	Trace        ID
	Span, Parent uint64 // zero: none
	Service      string // as in [Entry]
	Level        string // as in [Entry]

	// Record is the message of a record: [line.MessageRequest], [line.MessageCall] or
	// [line.MessageJob]; "": the line is none, and has nothing of what follows.
	Record   string
	Method   string // of a request or a call
	Route    string // of a request: its pattern, else its path; of a call: its path; of a job: its name
	Status   int
	Duration time.Duration
}

// Glance reads the next line of the source as far as the list of traces needs it, several times as
// fast as [Parser.Parse] and mostly without an allocation. It is false for a line that has no
// trace's ID, for one that goes on with another, and for one of JSON that goes on over several
// lines but the last. [Parser.Counts] has them all. At the end, Flush returns JSON that has not
// ended. JSON that another line cuts off has no glance, and is counted. Do not call Parse on the
// same parser.
func (p *Parser) Glance(raw Raw) (g Glance, ok bool) {
	ok = p.glimpse(&raw, &g, nil)
	return g, ok && g.Trace != ID{}
}

// glimpse is Glance, and Sight where s is not nil: then g is a part of it.
func (p *Parser) glimpse(raw *Raw, g *Glance, s *Sight) bool {
	p.counts.Lines++
	if e := p.turn(raw); e != nil && e.Trace != (ID{}) { // JSON that had not ended: it has no glance
		p.counts.NoID++
	}
	h := p.held
	if !h.block.open() {
		p.refer(raw)
		if precision, ok := p.quick(raw.Text, g, s); ok {
			h.glanced(raw.Text[0] == '{', g.Trace)
			p.glanced(g, s, precision, raw)
			return true
		}
	}
	if p.within(raw) {
		p.keep(*raw)
	} else {
		l := p.look(*raw)
		if p.follows(l) {
			h.stack = isIndented(raw.Text) || isStack(raw.Text)
			return false
		}
		p.broken()
		p.begin(*raw, l)
	}
	if h.lines == 0 || h.block.open() {
		return false
	}
	h.seen = true
	if p.quickText(g, s) {
		p.glanced(g, s, h.at.precision, raw)
		return true
	}
	e := p.entry(string(h.text))
	p.count(e)
	if s != nil {
		*s = p.SightOf(e)
	} else {
		*g = p.glanceOf(e)
	}
	return true
}

// broken counts JSON that has not ended, and that another line cuts off.
func (p *Parser) broken() {
	if h := p.held; h.lines > 0 && h.block.open() {
		p.counts.NoLine += p.held.lines
		p.counts.NoID += p.held.lines
		p.counts.NoTime += p.held.lines
	}
}

// glanced completes what quick has read.
func (p *Parser) glanced(g *Glance, s *Sight, precision time.Duration, raw *Raw) {
	if !raw.Time.IsZero() {
		g.Time, precision = shippedTime(g.Time, precision, raw.Time)
	}
	if s != nil {
		s.Precision = precision
	}
	if raw.Cut {
		p.counts.Cut++
	}
	if g.Service == "" {
		g.Service = or(raw.Service, p.config.Service)
	}
	if g.Trace == (ID{}) {
		p.counts.NoID++
	}
}

// glanceOf is GlanceOf with texts that other glances share.
func (p *Parser) glanceOf(e *Entry) Glance {
	g := GlanceOf(e)
	for _, text := range []*string{&g.Service, &g.Level, &g.Method, &g.Route} {
		*text = p.texts.share([]byte(*text))
	}
	return g
}

// GlanceOf is the glance at an entry.
func GlanceOf(e *Entry) Glance {
	g := Glance{Time: e.Time, Trace: e.Trace, Span: spanNumber(e.Span), Parent: spanNumber(e.Parent), Service: e.Service, Level: e.Level}
	switch r := e.Record.(type) {
	case *line.Request:
		g.Record, g.Method, g.Route, g.Status, g.Duration = r.Message(), r.Method, or(r.Route, r.Path), r.Status, r.Duration
	case *line.Call:
		g.Record, g.Method, g.Route, g.Status, g.Duration = r.Message(), r.Method, r.Path, r.Status, r.Duration
	case *line.Run:
		g.Record, g.Route, g.Duration = r.Message(), r.Job, r.Duration
	}
	return g
}

func spanNumber(span string) uint64 { return hexValue([]byte(span)) }

// texts keeps texts that come again and again, a bounded number of them.
type texts [512]string

// textTries is in how many places a text may be.
const textTries = 4

// share returns the text that b is.
func (t *texts) share(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > 256 {
		return string(b)
	}
	first := uint(len(b))*131 ^ uint(b[0])*31 ^ uint(b[len(b)-1])*17 ^ uint(b[len(b)/2])*7
	free := first
	for i := first; i < first+textTries; i++ {
		slot := &t[i%uint(len(t))]
		if *slot == string(b) {
			return *slot
		}
		if *slot == "" {
			free = i
			break
		}
	}
	t[free%uint(len(t))] = string(b)
	return t[free%uint(len(t))]
}

// A part is a value that quick looks for. The first ones are package line's keys.
type part = uint8

const (
	partTime part = part(line.ClientGone) + 1 + iota
	partLevel
	partMessage // zerolog's
	partMsg     // slog's
	partName    // bunyan's
	partHost
	partVendor // a key that a vendor has for what only records say
	partIgnored
	partOther // quick leaves the line to Parse

	// Ignored but for a sight.
	partCaller
	partFile
	partLine
	partLogger
	parts
)

// A quickKey is what quick has found out about a key.
type quickKey struct {
	key     string
	head    string // of a field: the key in quotes, and the colon
	part    part
	theirs  bool // the part has another name with us
	datadog bool
	next    *quickKey // that followed when the key was met last; nil: none did
	other   *quickKey // that followed before: the lines of requests and calls take turns

	known   bool   // it is a time or an ID, whose form most lines have
	want    []byte // what its field begins with: head, or all of same
	first   uint64 // eight bytes of want, as far as mask goes
	last    uint64 // the last eight, where there are more
	mask    uint64
	same    [48]byte // the field as it was last, with the comma behind it
	from    uint16   // where the value stands in same
	until   uint16   // 0: nothing is remembered
	text    bool     // the value is one
	changes uint8    // how often more it has changed than stayed the same, about
}

// mostChanges is how many of a field's changes are remembered.
const mostChanges = 16

// follower returns the key of a field, if it is one of those that have followed k, and tells
// whether it has the value that is remembered. Nil: it is another.
func (k *quickKey) follower(field []byte) (next *quickKey, same bool) {
	if next = k.next; next == nil {
		return nil, false
	}
	if next.begins(field) {
		return next, next.until > 0
	}
	if next.until > 0 && next.changed(field) {
		return next, false
	}
	if next = k.other; next == nil {
		return nil, false
	}
	if next.begins(field) {
		return next, next.until > 0
	}
	if next.until > 0 && next.changed(field) {
		return next, false
	}
	return nil, false
}

// begins tells whether a field is that of k, with the value that is remembered if there is one.
func (k *quickKey) begins(field []byte) bool {
	n := len(k.want)
	if len(field) < n+8 {
		return len(field) > n+1 && string(field[:n]) == string(k.want)
	}
	if (binary.LittleEndian.Uint64(field)^k.first)&k.mask != 0 {
		return false
	}
	return n <= 8 || binary.LittleEndian.Uint64(field[n-8:]) == k.last && (n <= 16 || string(field[8:n-8]) == string(k.want[8:n-8]))
}

// wants makes begins look for what a field begins with.
func (k *quickKey) wants(field []byte) {
	var first [8]byte
	copy(first[:], field)
	k.want, k.first, k.mask = field, binary.LittleEndian.Uint64(first[:]), 1<<(8*min(len(field), 8))-1
	if len(field) > 8 {
		k.last = binary.LittleEndian.Uint64(field[len(field)-8:])
	}
}

// changed tells whether a field is that of k with another value than before, and forgets that.
func (k *quickKey) changed(field []byte) bool {
	if len(field) < len(k.head)+2 || string(field[:len(k.head)]) != k.head {
		return false
	}
	k.wants(k.same[:len(k.head)])
	k.until = 0
	return true
}

// remember remembers a field, which began at i of its line, to know it when it comes again. One
// that has changed too often is not remembered.
func (k *quickKey) remember(field []byte, v *value, i int) {
	if k.theirs || k.changes == mostChanges || len(field) > len(k.same) {
		return
	}
	k.changes++
	k.wants(k.same[:copy(k.same[:], field)])
	k.from, k.until, k.text = v.start-uint16(i), v.end-uint16(i), v.text
}

// quickTries is in how many places a key may be.
const quickTries = 4

// quickKeys are the keys that were met last.
type quickKeys [256]quickKey

// part returns what a key is.
func (p *Parser) part(key []byte) *quickKey {
	if len(key) == 0 || len(key) > maxKey {
		return &otherKey
	}
	first := uint8(len(key)*37) ^ key[0]*11 ^ key[len(key)-1]*5 ^ key[len(key)/2]*3
	i := first
	for ; i != first+quickTries && p.quickKeys[i].key != ""; i++ {
		if p.quickKeys[i].key == string(key) {
			return &p.quickKeys[i]
		}
	}
	if i == first+quickTries { // all are others': the first makes way
		i = first
	}
	p.quickKeys[i] = p.partOf(string(key))
	k := &p.quickKeys[i]
	k.head = `"` + k.key + `":`
	k.wants([]byte(k.head))
	switch k.part {
	case partTime, part(line.TraceID), part(line.SpanID), part(line.ParentID), part(line.CallerParentID):
		k.known = true
	}
	return k
}

var otherKey = quickKey{part: partOther}

// partOf returns what a key is. A line that has a key whose meaning its value decides, or another
// field, is left to Parse.
func (p *Parser) partOf(key string) quickKey {
	ours, others := ourKeys()
	c := p.names.claim(key)
	k := quickKey{key: key, part: partIgnored, theirs: true, datadog: c.datadog}
	if p.names.custom && c.role != roleNone {
		k.part = partOther
		return k
	}
	if part, ok := ours[key]; ok {
		return quickKey{key: key, part: part}
	}
	place, isPlace := placeKeys[key]
	switch {
	case c.role == roleNone && others[key]:
		k.part = partVendor
	case isPlace && c.role == roleNone:
		k.part = place
	case key == "name":
		k.part = partName
	case key == "hostname":
		k.part = partHost
	case c.role == roleNone, c.role == roleMessage:
	case c.weak, strings.HasSuffix(key, "econd"), strings.HasSuffix(key, ".seconds"):
		k.part = partOther
	default:
		k.part = roleParts[c.role]
	}
	return k
}

// roleParts are the parts of the roles.
var roleParts = [roles]part{
	roleTrace: part(line.TraceID), roleSpan: part(line.SpanID), roleParent: part(line.ParentID), roleCallerParent: part(line.CallerParentID),
	roleService: part(line.Service), roleTime: partTime, roleLevel: partLevel,
}
