package timeline

import (
	"strings"
	"time"

	"example.com/clew/internal/line"
)

// ParserConfig contains the facts that a [Parser] cannot find by itself. The zero value is ready
// to use.
type ParserConfig struct {
	Source  string // the value of [Entry.Source]
	Service string // for lines without a service from the logger or the shipper; "": none
	Keys    Keys

	// Trace is the wanted trace. A line without a named ID belongs to the wanted trace if the
	// wanted ID is anywhere in the line, in any form. If Trace is zero, an ID without a name is
	// accepted only if its form or its surroundings mark it as a trace ID.
	Trace ID

	// Reference is the time of the newest lines, as far as the caller knows; zero means now. A
	// time without a year is read as at most a day after the reference, and a time without a day
	// as at most a minute after it. For a line with a shipper's time, that time is the reference.
	Reference time.Time

	// Zone is the zone of times without one. Nil is UTC.
	Zone *time.Location
}

// Counts are the numbers of lines that a [Parser] has read. An entry of several lines counts as
// that many lines.
type Counts struct {
	Lines  int
	NoID   int // without a trace ID
	NoTime int // without a time, even from the shipper
	NoLine int // broken JSON or binary, which is read as text
	Cut    int // entries that were cut, because they were longer than MaxLine
}

// Parser turns the lines of one source into entries. It reads JSON, pairs and plain text of any
// logger, and learns the names of the source's fields from the lines. Make one with [NewParser]. A
// Parser is for one goroutine.
//
// Some lines belong to the line before: indented lines, stack traces of Java, Python, Go and
// others, and JSON over several lines. In a source with times, a line without a time belongs to
// the line before, too. A line with the ID of another trace never belongs to the line before.
// Goroutines may mix their lines, and a parser cannot tell the goroutines apart. So a stack trace
// belongs to the line before it in the source, whatever goroutine wrote it.
type Parser struct {
	config   ParserConfig
	calendar calendar
	names    naming
	counts   Counts
	held     *held   // the entry of the current instance
	helds    []*held // the entries of all instances, the current one last

	// These fields are for Glance.
	texts        texts
	quickKeys    quickKeys
	firstKey     quickKey // its member next is the first key of a line of JSON
	firstPair    quickKey // its member next is the first key of a line of pairs
	lastLevel    string
	lastLevelIs  string
	lastMinute   [len("2026-11-26T22:46:")]byte
	lastMinuteIs int64 // in seconds since 1970
	paths        strings.Builder
	path         [maxKey]byte // of the object that is being read
}

// NewParser returns a parser.
func NewParser(config ParserConfig) *Parser {
	if config.Reference.IsZero() {
		config.Reference = time.Now()
	}
	p := &Parser{config: config, held: &held{}}
	p.helds = []*held{p.held}
	p.calendar = calendar{reference: config.Reference, zone: config.Zone}
	p.names.keys = config.Keys
	for r := roleTrace; r <= roleMessage; r++ {
		p.names.custom = p.names.custom || len(*p.names.keys.of(r)) > 0
	}
	return p
}

// Parse reads the next line of the source. It returns the entry that ended before the line, or
// nil. [Parser.Flush] returns the last entries.
func (p *Parser) Parse(raw Raw) *Entry {
	p.counts.Lines++
	ended := p.turn(&raw)
	if p.within(&raw) {
		p.keep(raw)
		return ended
	}
	l := p.look(raw)
	if p.follows(l) {
		p.keep(raw)
		return ended
	}
	if e := p.end(); e != nil {
		ended = e // this overwrites no entry from turn: a new instance has no entry to end
	}
	p.begin(raw, l)
	return ended
}

// Flush returns an entry that has not ended, or nil. Each instance may have such an entry, so call
// Flush until it returns nil. The parser can read further lines afterwards. A line that would have
// belonged to a flushed entry then becomes an entry of its own.
func (p *Parser) Flush() *Entry {
	for _, h := range p.helds {
		p.held = h
		if e := p.end(); e != nil {
			return e
		}
	}
	return nil
}

// end ends the current entry.
func (p *Parser) end() *Entry {
	h := p.held
	if h.lines == 0 || h.seen {
		h.lines = 0
		return nil
	}
	p.refer(&h.raw)
	e := p.entry(strings.TrimRight(string(h.text), "\n"))
	p.count(e)
	h.lines = 0
	h.block = nesting{}
	return e
}

// Counts returns the numbers of lines so far. An entry that was not returned yet is counted only
// in Lines.
func (p *Parser) Counts() Counts { return p.counts }

// Learned returns the field for each role, in the form that [ParseKeys] reads, and the roles that
// were found in plain text: "trace=json.tid,time=ts; in the text: level". The result is empty if
// no role was found.
func (p *Parser) Learned() string { return p.names.learned() }

// refer makes the shipper's time, if there is one, the reference for incomplete times.
func (p *Parser) refer(raw *Raw) {
	p.calendar.reference = p.config.Reference
	if !raw.Time.IsZero() {
		p.calendar.reference = raw.Time
	}
}

// count counts the lines of an entry that lacks an ID or a time. It also counts an entry that was
// cut.
func (p *Parser) count(e *Entry) {
	lines := p.held.lines
	if e.Trace == (ID{}) {
		p.counts.NoID += lines
	}
	if e.Time.IsZero() {
		p.counts.NoTime += lines
	}
	if p.held.cut {
		p.counts.Cut++
	}
}

// entry returns the entry with the held lines.
func (p *Parser) entry(text string) *Entry {
	h := p.held
	e := &Entry{Source: p.config.Source, Number: h.raw.Number, Service: or(h.raw.Service, p.config.Service), Text: text}
	plain := text
	if strings.IndexByte(text, '\x1b') >= 0 {
		plain = string(withoutColours([]byte(text)))
		h.head = len(withoutColours(h.text[:h.head]))
	}
	head := strings.TrimSpace(plain[:min(h.head, len(plain))])
	further := plain[min(h.head, len(plain)):]
	var l line.Line
	err := l.Read(head)
	switch {
	case err == nil && (l.JSON || p.isRecord(&l)):
		p.structured(e, &l)
	default:
		if h.json && !h.cut || isBinary(head) {
			p.counts.NoLine += h.lines
		}
		p.text(e, head)
	}
	if further != "" {
		e.Message += further
	}
	p.find(e, plain)
	e.Time, e.Precision = shippedTime(e.Time, e.Precision, h.raw.Time)
	return e
}

// isRecord reports whether a line that package line has read is really a line of pairs or of
// logctx.Console. Plain text may look like such a line.
func (p *Parser) isRecord(l *line.Line) bool {
	if !l.Time.IsZero() && l.Time.Year() == 0 { // Console
		return true
	}
	return isPairs([]byte(l.Fields[0].Key+"=")) || l.Message != "" || l.TraceID != "" || l.Level != ""
}

// isBinary reports whether s is not a text.
func isBinary(s string) bool {
	return strings.IndexByte(s, 0) >= 0 || !isText(s)
}

// find gives an ID to an entry without one: the wanted ID if the text contains it, else the first
// ID in the lines behind the entry's first line.
func (p *Parser) find(e *Entry, plain string) {
	if e.Trace != (ID{}) {
		return
	}
	if e.Trace = p.held.trace; p.config.Trace.In([]byte(plain)) {
		e.Trace = p.config.Trace
	}
	p.names.where[roleTrace] = p.names.where[roleTrace] || e.Trace != ID{}
}

// shippedTime returns the line's own time, or the shipper's time if the line has none. It also
// returns the shipper's time if the line's time has whole seconds and both times are in the same
// second, because the shipper's time orders the lines of that second.
func shippedTime(own time.Time, precision time.Duration, shipped time.Time) (time.Time, time.Duration) {
	switch {
	case shipped.IsZero():
	case own.IsZero() && shipped.Nanosecond() == 0: // syslog has whole seconds
		return shipped.UTC(), time.Second
	case own.IsZero():
		return shipped.UTC(), 0
	case precision == time.Second && shipped.UTC().Truncate(time.Second).Equal(own):
		return shipped.UTC(), time.Millisecond
	}
	return own, precision
}
