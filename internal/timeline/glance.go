package timeline

import (
	"time"

	"example.com/clew/internal/line"
)

// Glance is the part of a line that a list of traces needs. Glances share the memory of their
// texts with each other, but not with the source.
type Glance struct {
	Time         time.Time // in UTC; zero: none
	Trace        ID
	Span, Parent uint64 // zero: none
	Service      string // as in [Entry]
	Level        string // as in [Entry]

	// Record is the message of a record: [line.MessageRequest], [line.MessageCall] or
	// [line.MessageJob]. For any other line, Record and the fields below it are empty.
	Record   string
	Method   string // of a request or a call
	Route    string // a request's pattern or else its path, a call's path, or a job's name
	Status   int
	Duration time.Duration
}

// Glance reads the next line of the source as far as a list of traces needs it. Glance is several
// times as fast as [Parser.Parse], and mostly allocates nothing. The result is false for a line
// without a trace ID and for a line that belongs to the one before. If JSON goes over several
// lines, only its last line has a glance. [Parser.Counts] counts all lines.
//
// At the end of the source, Flush returns JSON that has not ended. If another line cuts JSON off,
// the JSON is counted, but has no glance. Do not call Parse on the same parser.
func (p *Parser) Glance(raw Raw) (g Glance, ok bool) {
	ok = p.glimpse(&raw, &g, nil)
	return g, ok && g.Trace != ID{}
}

// glimpse does the work of Glance, and of Sight if s is not nil. In that case, g is a part of s.
func (p *Parser) glimpse(raw *Raw, g *Glance, s *Sight) bool {
	p.counts.Lines++
	if e := p.turn(raw); e != nil && e.Trace != (ID{}) { // JSON that has not ended has no glance
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

// broken counts the held JSON as broken, if another line has cut it off.
func (p *Parser) broken() {
	if h := p.held; h.lines > 0 && h.block.open() {
		p.counts.NoLine += p.held.lines
		p.counts.NoID += p.held.lines
		p.counts.NoTime += p.held.lines
	}
}

// glanced completes the glance of a line that quick or quickText has read.
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

// glanceOf is GlanceOf, but its texts share memory with those of other glances.
func (p *Parser) glanceOf(e *Entry) Glance {
	g := GlanceOf(e)
	for _, text := range []*string{&g.Service, &g.Level, &g.Method, &g.Route} {
		*text = p.texts.share([]byte(*text))
	}
	return g
}

// GlanceOf returns the glance of an entry.
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
