package timeline

import (
	"strings"
	"time"

	"example.com/clew/internal/line"
)

// ParserConfig says what a [Parser] cannot find by itself. The zero value is ready to use.
type ParserConfig struct {
	Source  string // what [Entry.Source] will be
	Service string // of lines that name none, and whose shipper names none: the source's; "": none
	Keys    Keys

	// Trace is the trace that is asked for. A line that has no ID under a name, and has this one
	// anywhere in any form, is one of it. Zero: a line without a name for its ID needs a sign
	// that the ID is a trace's.
	Trace ID

	// Reference is when the newest lines were written, as far as one knows: times without a year,
	// or without a day, are not later, but for a day or a minute. The time of a shipper is used
	// instead where there is one. Zero: now.
	Reference time.Time

	// Zone is that of times which name none. Nil: UTC.
	Zone *time.Location
}

// Counts are what a [Parser] has read, in lines of its source. A line of several lines counts as
// that many.
type Counts struct {
	Lines  int
	NoID   int // without a trace's ID
	NoTime int // without a time, the shipper's included
	NoLine int // broken JSON, binary: read as text all the same
	Cut    int // longer than MaxLine, alone or with those that follow it: the rest is dropped
}

// Parser makes entries of the lines of one source: JSON, pairs and plain text of any logger. It
// learns the names of the source's fields from its lines. Make it by [NewParser]. It is for one
// goroutine.
//
// The lines that follow a line and belong to it are kept with it: indented ones, stack traces of
// Java, Python, Go and others, JSON over several lines, and lines without a time where the lines
// of the source have times. A line that names another trace's ID never belongs to the one before.
// Lines that several goroutines have written into one another cannot be told apart: a stack trace
// stands with the line that it follows in the source, whoever has written it.
type Parser struct {
	config   ParserConfig
	calendar calendar
	names    naming
	counts   Counts
	held     *held   // the entry of the instance at hand
	helds    []*held // those of all instances; the one at hand is the last

	// For Glance.
	texts        texts
	quickKeys    quickKeys
	firstKey     quickKey // its next one is the first of a line of JSON
	firstPair    quickKey // and of pairs
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

// Parse reads the next line of the source, and returns the entry that ended before it; nil: none
// has. The last entries are [Parser.Flush]'s.
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
		ended = e // the instance is no new one, so that none has ended for it
	}
	p.begin(raw, l)
	return ended
}

// Flush returns an entry that is being read; nil: there is none. Several instances have one each:
// call it until there is none. The parser may go on: a line that would have belonged to the entry
// is then one of its own.
func (p *Parser) Flush() *Entry {
	for _, h := range p.helds {
		p.held = h
		if e := p.end(); e != nil {
			return e
		}
	}
	return nil
}

// end ends the entry at hand.
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

// Counts returns what was read. An entry that is not returned yet is counted in Lines only.
func (p *Parser) Counts() Counts { return p.counts }

// Learned says which fields were taken for what, as [ParseKeys] reads it, and what was found in
// plain text: "trace=json.tid,time=ts; in the text: level". "" where nothing was.
func (p *Parser) Learned() string { return p.names.learned() }

// refer completes times by the shipper's, if there is one.
func (p *Parser) refer(raw *Raw) {
	p.calendar.reference = p.config.Reference
	if !raw.Time.IsZero() {
		p.calendar.reference = raw.Time
	}
}

// count counts what is missing from an entry.
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

// entry makes the entry of what is held.
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

// isRecord tells whether a line of pairs, or of Console, is one: text may look like it.
func (p *Parser) isRecord(l *line.Line) bool {
	if !l.Time.IsZero() && l.Time.Year() == 0 { // Console
		return true
	}
	return isPairs([]byte(l.Fields[0].Key+"=")) || l.Message != "" || l.TraceID != "" || l.Level != ""
}

// isBinary tells whether a text has bytes that no text has.
func isBinary(s string) bool {
	return strings.IndexByte(s, 0) >= 0 || !isText(s)
}

// find gives the ID that is asked for to an entry without one, and the one that lines behind its
// first mention.
func (p *Parser) find(e *Entry, plain string) {
	if e.Trace != (ID{}) {
		return
	}
	if e.Trace = p.held.trace; p.config.Trace.In([]byte(plain)) {
		e.Trace = p.config.Trace
	}
	p.names.where[roleTrace] = p.names.where[roleTrace] || e.Trace != ID{}
}

// shippedTime returns the shipper's time where the line has none, and where the line's is one of
// whole seconds: within that second the shipper's orders it.
func shippedTime(own time.Time, precision time.Duration, shipped time.Time) (time.Time, time.Duration) {
	switch {
	case shipped.IsZero():
	case own.IsZero() && shipped.Nanosecond() == 0: // syslog has no more
		return shipped.UTC(), time.Second
	case own.IsZero():
		return shipped.UTC(), 0
	case precision == time.Second && shipped.UTC().Truncate(time.Second).Equal(own):
		return shipped.UTC(), time.Millisecond
	}
	return own, precision
}
