package servicemap

import (
	"math/bits"
	"net/http"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

// Adder adds the lines of one source to a [Builder]. It is for one goroutine, and must be closed
// before the graph is made. Several adders may work at the same time. Each of them collects rows,
// and gives the builder many at once.
type Adder struct {
	builder    *Builder
	services   cache[string]
	hosts      cache[string]
	operations cache[operation]
	paths      cache[string]

	last    string  // the service of the last line
	lastIs  uint16  // the number of that service
	lastHas *voiced // the facts about that service
	heard   heard
	out     [partitions][]row
	named   *mentions // nil: there are none yet
	bares   int       // lines with a trace ID but without a span ID
	scratch []byte
}

// operation has the parts of an operation's name.
type operation struct{ method, route string }

// outRows is how many rows are given to a partition at once.
const outRows = 16

// Source returns an adder for a source.
func (b *Builder) Source() *Adder {
	return &Adder{builder: b, services: cache[string]{}, hosts: cache[string]{}, operations: cache[operation]{}, paths: cache[string]{}, heard: newHeard()}
}

// Add adds a line. Until the adder is closed, it may keep strings of s, but nothing else of s.
func (a *Adder) Add(s *timeline.Sight) {
	if a.lastHas == nil || a.last != s.Service {
		a.turn(s.Service)
	}
	a.lastHas.lines++
	at := nanoseconds(s.Time)
	a.lastHas.period.add(at)
	switch {
	case s.Trace == (timeline.ID{}):
		a.lastHas.noID++
		a.heard.noPlace(a.lastHas, s.Place, 1)
	case s.Record != "":
		a.record(s, at)
	case s.Span != 0:
		a.mention(s)
	case s.Digits != 0:
		a.bare(s)
	}
}

// More counts a continuation: a line that belongs to the line before it.
func (a *Adder) More() {
	if a.lastHas != nil {
		a.lastHas.lines++
	}
}

// turn sets the service of the lines that follow.
func (a *Adder) turn(service string) {
	a.last, a.lastIs = service, a.number(a.services, a.builder.services, service)
	a.lastHas = a.heard.voice(a.lastIs)
}

// number returns the number of a name.
func (a *Adder) number(known cache[string], all *table, name string) uint16 {
	n, ok := known[name]
	if !ok {
		n = all.number(name)
		known.keep(name, n)
	}
	return n
}

// record adds a request, a call or a job.
func (a *Adder) record(s *timeline.Sight, at int64) {
	r := row{
		low: s.Trace.Low, high: s.Trace.High, span: s.Span, parent: s.Parent, at: at,
		took: pack(int64(s.Took)), bytes: pack(s.Bytes), service: a.lastIs, answer: answerOf(s.Status, s.Attempt),
		flags: digitsOf(s.Digits) | inexactOf(s.Precision) | when(s.Sampled, sampled) | when(s.Failed, failed) | when(s.Refused, refused),
	}
	switch s.Record {
	case line.MessageRequest:
		a.lastHas.requests++
		r.flags |= isRequest
		r.link = s.CallerParent
		r.operation = a.served(s)
		if s.Untrusted != (timeline.ID{}) {
			r.flags |= untrusted
			again := r
			again.flags = again.flags&^kindMask | isRestarted
			again.low, again.high = s.Untrusted.Low, s.Untrusted.High
			again.link, again.parent = s.Trace.Low, s.Trace.High^bits.RotateLeft64(r.parent, 21)^bits.RotateLeft64(r.link, 42)
			a.put(&again)
		}
	case line.MessageCall:
		r.flags |= isCall
		r.link = uint64(a.number(a.hosts, a.builder.hosts, s.Host))
		r.operation = a.operation(s, false)
	default:
		r.flags |= isJob
		r.parent = 0
		r.operation = a.operation(s, true)
	}
	a.heard.longest = max(a.heard.longest, r.took) // packing keeps the order of numbers
	a.report(&r)
	a.put(&r)
}

// notFound is the route of requests that were answered with 404, if no pattern of the server's
// router is known for them.
const notFound = "(404)"

// served returns the number of a request's operation. Requests that were answered with 404 and
// have no pattern of a router share one route, because robots ask for any path.
func (a *Adder) served(s *timeline.Sight) uint16 {
	if s.Status != http.StatusNotFound || s.Pattern {
		return a.operation(s, s.Pattern)
	}
	n, ok := a.paths[notFound]
	if !ok {
		n = a.builder.operations.number(notFound)
		a.paths.keep(notFound, n)
	}
	return n
}

func when(is bool, flag uint16) uint16 {
	if is {
		return flag
	}
	return 0
}

func digitsOf(n int) uint16 { return when(n == 16, sixteen) | when(n == 32, thirtyTwo) }

// operation returns the number of the operation of a request or a call. The operation is the
// method and the route. If pattern is false, the route in s is a path, and operation replaces it
// by its template.
func (a *Adder) operation(s *timeline.Sight, pattern bool) uint16 {
	key := operation{s.Method, s.Route}
	if pattern {
		if n, ok := a.operations[key]; ok {
			return n
		}
	}
	a.scratch = a.scratch[:0]
	if s.Method != "" && !(pattern && hasMethod(s.Route, s.Method)) {
		a.scratch = append(append(a.scratch, s.Method...), ' ')
	}
	if pattern {
		a.scratch = append(a.scratch, s.Route...)
	} else {
		a.scratch = appendTemplate(a.scratch, s.Route)
	}
	if last := len(a.scratch) - 1; last >= 0 && a.scratch[last] == ' ' {
		a.scratch = a.scratch[:last]
	}
	n, ok := a.paths[string(a.scratch)]
	if !ok {
		name := string(a.scratch)
		n = a.builder.operations.number(name)
		a.paths.keep(name, n)
	}
	if pattern {
		a.operations.keep(key, n)
	}
	return n
}

// hasMethod reports whether a route begins with the method, as the patterns of net/http do.
func hasMethod(route, method string) bool {
	return len(route) > len(method) && route[:len(method)] == method && route[len(method)] == ' '
}

// put adds a row.
func (a *Adder) put(r *row) {
	i, _ := place(r.low)
	out := a.out[i]
	if out == nil {
		out = make([]row, 0, outRows)
	}
	if out = append(out, *r); len(out) == outRows {
		a.builder.take(i, out)
		out = out[:0]
	}
	a.out[i] = out
}

// Close gives the builder the remaining rows and facts. The adder must not be used after that.
func (a *Adder) Close() {
	a.tellAll()
	for i, rows := range a.out {
		if len(rows) > 0 {
			a.builder.take(uint64(i), rows)
		}
	}
	a.builder.mu.Lock()
	defer a.builder.mu.Unlock()
	a.builder.heard.merge(&a.heard)
	*a = Adder{builder: a.builder}
}

// nanoseconds returns a time in nanoseconds since 1970. For the zero time, and for times more than
// 290 years before or after 1970, it returns the constant never.
func nanoseconds(t time.Time) int64 {
	const mostSeconds = 290 * 365 * 24 * 3600
	if s := t.Unix(); s < -mostSeconds || s > mostSeconds {
		return never
	}
	return t.UnixNano()
}
