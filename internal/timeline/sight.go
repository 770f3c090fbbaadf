package timeline

import (
	"strings"
	"time"

	"example.com/clew/internal/line"
)

// Sight is the part of a line that a map of services needs: a glance, and more. Sights share the
// memory of their texts with each other, but not with the source.
type Sight struct {
	Glance

	// Digits is the number of digits of the trace ID on the line: 16 or 32. It is 0 if the line
	// has no ID, or if the form of the ID does not show the number.
	Digits int

	// Precision is the unit to which Time is exact; zero means a nanosecond.
	Precision time.Duration

	// Place is the place where a line without a trace ID was written: file.go:42, else the name of
	// the logger. It is empty if the line does not show the place.
	Place string

	// The following fields are for a record.
	Took         time.Duration // the time until the end of the answer's body; mostly the Duration
	CallerParent uint64        // of a request; zero: none
	Untrusted    ID            // of a request: the trace of an untrusted caller; zero: none
	Host         string        // of a call
	Attempt      int           // of a call, from 1; 0: not counted
	Bytes        int64         // of the answer to a request
	Pattern      bool          // Route is a pattern, not a path
	Sampled      bool
	Failed       bool // as in [Span]
	Refused      bool // a call failed before there was a connection
}

// Sight reads the next line of the source as far as a map needs it. The result is false for a line
// that belongs to the one before. If JSON goes over several lines, only its last line has a sight.
// A line without a trace ID has a sight too. Otherwise Sight is like [Parser.Glance]. Do not call
// both on the same parser. [Parser.SightOf] returns the sight of an entry from Flush.
func (p *Parser) Sight(raw *Raw, s *Sight) bool {
	*s = Sight{}
	return p.glimpse(raw, &s.Glance, s)
}

// SightOf returns the sight of the entry that the parser has read last.
func (p *Parser) SightOf(e *Entry) Sight {
	s := Sight{Glance: p.glanceOf(e), Precision: e.Precision}
	if e.Trace == (ID{}) {
		s.Place = p.texts.share(p.placeOf(e))
	} else {
		s.Digits = p.digitsOf(e)
	}
	s.Took = max(s.Duration, 0)
	switch r := e.Record.(type) {
	case *line.Request:
		s.CallerParent = spanNumber(e.CallerParent)
		s.Untrusted, _ = hexID([]byte(r.UntrustedTraceID))
		s.Bytes, s.Pattern, s.Sampled = r.Bytes, r.Route != "", r.Sampled
		s.Failed = r.Panicked || r.Status >= 500 || r.Status == 0 && !r.Hijacked
	case *line.Call:
		s.Took = max(s.Took, r.Body)
		s.Host = p.texts.share([]byte(r.Host))
		s.Attempt, s.Sampled = max(r.Attempt, 0), r.Sampled
		s.Failed = r.Error != "" || r.Status >= 500
		s.Refused = r.Error != "" && r.Status == 0 && isRefused(r.Error)
	case *line.Run:
		s.Sampled, s.Failed = r.Sampled, r.Panicked
	}
	return s
}

// digitsOf returns the number of digits of the trace ID in an entry.
func (p *Parser) digitsOf(e *Entry) int {
	for i := range e.Fields {
		f := &e.Fields[i]
		// Google's form always pads the ID, so the number of its digits shows nothing.
		if !f.Text || p.names.claim(f.Key).role != roleTrace || strings.HasPrefix(f.Key, "logging.googleapis.com/") {
			continue
		}
		if id, ok := hexID([]byte(f.Value)); ok && id == e.Trace && hexEnd([]byte(f.Value), 0) == len(f.Value) {
			return len(f.Value)
		}
	}
	if p.held.plain && p.held.says.trace == e.Trace {
		return int(p.held.says.digits)
	}
	return 0
}

// refusals are the words in the errors of calls that got no connection.
var refusals = []string{"connection refused", "no such host", "dial tcp", "ECONNREFUSED", "ENOTFOUND"}

func isRefused(err string) bool {
	for _, words := range refusals {
		if strings.Contains(err, words) {
			return true
		}
	}
	return false
}

// sight fills the fields that a sight has and a glance lacks. The result is false if package line
// might read one of them differently, so that Parse must read the line.
func (q *quickLine) sight(s *Sight) bool {
	if s.Trace == (ID{}) {
		var ok bool
		if s.Place, ok = q.place(); !ok {
			return false
		}
	} else if v := q.values[line.TraceID]; v.text && (!v.datadog || v.end-v.start == 16 || v.end-v.start == 32) {
		s.Digits = int(v.end - v.start)
	}
	s.Took = max(s.Duration, 0)
	switch s.Record {
	case "":
		return true
	case line.MessageRequest:
		return q.requestSight(s)
	case line.MessageCall:
		return q.callSight(s)
	default:
		s.Sampled, s.Failed = q.isTrue(line.Sampled), q.isTrue(line.Panicked)
		return true
	}
}

func (q *quickLine) requestSight(s *Sight) (ok bool) {
	var caller ID
	if caller, ok = q.id(line.CallerParentID, 16); !ok {
		return false
	}
	if s.Untrusted, ok = q.id(line.UntrustedTraceID, 32); !ok {
		return false
	}
	s.CallerParent = caller.Low
	s.Bytes, _ = whole(q.get(part(line.Bytes)))
	s.Pattern = len(q.get(part(line.Route))) > 0
	s.Sampled = q.isTrue(line.Sampled)
	s.Failed = q.isTrue(line.Panicked) || s.Status >= 500 || s.Status == 0 && !q.isTrue(line.Hijacked)
	return true
}

func (q *quickLine) callSight(s *Sight) bool {
	s.Host, s.Sampled = q.share(line.Host), q.isTrue(line.Sampled)
	if b := q.get(part(line.Attempt)); b != nil {
		n, ok := whole(b)
		if !ok || q.values[line.Attempt].text {
			return false
		}
		s.Attempt = int(n)
	}
	if q.values[line.Body].end > 0 {
		body, ok := q.milliseconds(line.Body)
		if !ok {
			return false
		}
		s.Took = max(s.Took, body)
	}
	err := q.get(part(line.Error))
	if v := q.values[line.Error]; v.end > 0 && !v.text || hasEscape(err) {
		return false
	}
	s.Failed = len(err) > 0 || s.Status >= 500
	s.Refused = len(err) > 0 && s.Status == 0 && isRefused(string(err))
	return true
}

func (q *quickLine) isTrue(k line.Key) bool {
	return !q.values[k].text && string(q.get(part(k))) == "true"
}
