package timeline

import (
	"strings"
	"time"

	"example.com/clew/internal/line"
)

// ParserConfig has the knowledge that a [Parser] cannot find by itself. The zero value is ready to
// use.
type ParserConfig struct {
	Source  string // the value of [Entry.Source]
	Service string // the source's service, for lines without one from logger or shipper; "": none
	Keys    Keys

	// Trace is the wanted trace. A line without a named ID belongs to it if the wanted ID stands
	// anywhere in the line, in any form. If Trace is zero, an ID without a name counts only with a
	// sign that it is a trace's.
	Trace ID

	// Reference is the time of the newest lines, as far as the caller knows; zero means now. Times
	// without a year are at most a day later, and times without a day at most a minute. A
	// shipper's time replaces the reference for its line.
	Reference time.Time

	// Zone is the zone of times without one. Nil is UTC.
	Zone *time.Location
}

// Counts are the lines that a [Parser] has read. A line that goes on over several lines of the
// source counts as that many.
type Counts struct {
	Lines  int
	NoID   int // without a trace ID
	NoTime int // without a time, even from the shipper
	NoLine int // broken JSON or binary, which is read as text
	Cut    int // longer than MaxLine, alone or with the lines that belong to it, and therefore cut
}

// Parser turns the lines of one source into entries. It reads JSON, pairs and plain text of any
// logger, and learns the names of the source's fields from the lines. Make one with [NewParser]. A
// Parser is for one goroutine.
//
// Some lines belong to the line before: indented lines, stack traces of Java, Python, Go and
// others, and JSON over several lines. In a source with times, a line without a time belongs to
// the line before, too. A line with the ID of another trace never does. Goroutines may mix their
// lines, and a parser cannot tell the goroutines apart. A stack trace belongs to the line before
// it in the source, whatever goroutine wrote it.
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
	firstKey     quickKey // its next key is the first one of a line of JSON
	firstPair    quickKey // the same for pairs
	lastLevel    string
	lastLevelIs  string
	lastMinute   [len("2026-11-26T22:46:")]byte
	lastMinuteIs int64 // in seconds since 1970
	paths        strings.Builder
	path         [maxKey]byte // of the object at hand
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
		ended = e // turn has ended no entry, because the instance is not new
	}
	p.begin(raw, l)
	return ended
}

// Flush returns an entry that has not ended, or nil. Each instance may have one, so call Flush
// until it returns nil. The parser may go on afterwards. A line that would have belonged to such
// an entry is an entry of its own then.
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

// Counts returns the number of lines. An entry that was not returned yet counts in Lines only.
func (p *Parser) Counts() Counts { return p.counts }

// Learned tells which field has which role, in the form that [ParseKeys] reads, and which roles
// were found in plain text: "trace=json.tid,time=ts; in the text: level". It is empty if no role
// was found.
func (p *Parser) Learned() string { return p.names.learned() }

// refer makes the shipper's time, if there is one, the reference for incomplete times.
func (p *Parser) refer(raw *Raw) {
	p.calendar.reference = p.config.Reference
	if !raw.Time.IsZero() {
		p.calendar.reference = raw.Time
	}
}

// count counts what an entry lacks.
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

// isRecord tells whether a line is one of pairs or of Console. A text may look like such a line.
func (p *Parser) isRecord(l *line.Line) bool {
	if !l.Time.IsZero() && l.Time.Year() == 0 { // Console
		return true
	}
	return isPairs([]byte(l.Fields[0].Key+"=")) || l.Message != "" || l.TraceID != "" || l.Level != ""
}

// isBinary tells whether bytes are no text.
func isBinary(s string) bool {
	return strings.IndexByte(s, 0) >= 0 || !isText(s)
}

// find gives an ID to an entry without one: the wanted ID, or the first one in the lines behind
// its first line.
func (p *Parser) find(e *Entry, plain string) {
	if e.Trace != (ID{}) {
		return
	}
	if e.Trace = p.held.trace; p.config.Trace.In([]byte(plain)) {
		e.Trace = p.config.Trace
	}
	p.names.where[roleTrace] = p.names.where[roleTrace] || e.Trace != ID{}
}

// shippedTime returns the shipper's time if the line has none. The shipper's time also counts if
// the line's time has whole seconds and both are in the same second, because the shipper's time
// orders the lines of that second.
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
