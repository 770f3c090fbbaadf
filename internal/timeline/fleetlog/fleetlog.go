// Package fleetlog makes the logs of four services that call each other, of any size, for tests
// and measurements. The same seed makes the same lines.
//
// Package cmd/clew/internal/scale imports it, and so do tests of the commands and of package
// timeline. It is a package of its own because it must not be a part of the program of any
// command.
package fleetlog

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// Service is one of the services, and an index into [Names].
type Service int

// The services, by the form of their lines.
const (
	JSON   Service = iota // clew's own lines
	CRI                   // clew's own lines in containerd's wrapper
	Text                  // a Java service's lines, with the IDs in brackets
	Logfmt                // pairs, with IDs of 16 digits

	Services // the number of services
)

// Names are the services' names. The lines of Text do not contain the name.
var Names = [Services]string{"shop", "stock", "billing", "mail"}

// TraceLines is the number of lines of a trace. ServiceLines is the number of lines of a trace
// from each service.
const (
	TraceLines   = 16
	ServiceLines = TraceLines / int(Services)
)

// Open is the default number of traces that are open at once. Their lines are mixed.
const Open = 256

// Fleet makes lines of about 250 bytes each. Make one with [New]. A Fleet is not safe for
// concurrent use.
type Fleet struct {
	seed   uint64
	rnd    *rand.Rand
	clock  time.Time
	begun  int // the number of traces so far
	traces []trace
	buf    []byte
}

// trace is an open trace.
type trace struct {
	number int
	id     string

	// spans are the spans of the services' requests. The call from CRI to Text has the same span
	// as Text's request.
	spans [Services]string

	call  string // the span of the call from JSON to CRI
	next  int    // the number of the next line; 0: the trace has not begun
	begin time.Time
}

// New returns a fleet. The time of its first line is noon on 26 November 2026.
func New(seed uint64) *Fleet { return NewOpen(seed, Open) }

// NewOpen is New with another number of traces that are open at once.
func NewOpen(seed uint64, open int) *Fleet {
	return &Fleet{
		seed: seed, rnd: rand.New(rand.NewPCG(seed, 1)), clock: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC),
		traces: make([]trace, open),
	}
}

// TraceID returns the ID of the n-th trace, from 0, in 32 digits.
func (f *Fleet) TraceID(n int) string {
	rnd := rand.NewPCG(f.seed, uint64(n)+2)
	return fmt.Sprintf("%016x%016x", rnd.Uint64(), rnd.Uint64())
}

// Begun returns the number of traces that have begun.
func (f *Fleet) Begun() int { return f.begun }

// Next returns the next line with its newline, its service, and the number of its trace. The line
// is valid until the next call.
func (f *Fleet) Next() (s Service, trace int, line []byte) {
	t := &f.traces[f.rnd.IntN(len(f.traces))]
	f.clock = f.clock.Add(time.Duration(1+f.rnd.IntN(100)) * time.Microsecond)
	if t.next%TraceLines == 0 {
		f.begin(t)
	}
	s, nth := order[t.next].service, order[t.next].nth
	t.next++
	f.buf = f.buf[:0]
	switch s {
	case JSON:
		f.object(t, s, nth, f.clock)
	case CRI:
		f.buf = f.clock.AppendFormat(f.buf, "2006-01-02T15:04:05.000000000Z07:00")
		f.add(" stdout F ")
		f.object(t, s, nth, f.clock.Add(-7*time.Microsecond))
	case Text:
		f.text(t, nth)
	case Logfmt:
		f.pairs(t, nth)
	}
	f.add("\n")
	return s, t.number, f.buf
}

// order contains the service of each line of a trace, and the number of the line among the
// service's lines, from 0. Each service calls the next one.
var order = func() (order [TraceLines]struct {
	service Service
	nth     int
}) {
	for i, s := range []Service{
		JSON, JSON, CRI, CRI, Text, Text, Logfmt, Logfmt, Logfmt, Logfmt, Text, Text, CRI, CRI, JSON, JSON,
	} {
		order[i].service = s
		for _, before := range order[:i] {
			if before.service == s {
				order[i].nth++
			}
		}
	}
	return order
}()

func (f *Fleet) begin(t *trace) {
	*t = trace{number: f.begun, id: f.TraceID(f.begun), begin: f.clock}
	for s := range t.spans {
		t.spans[s] = fmt.Sprintf("%016x", f.rnd.Uint64())
	}
	t.call = fmt.Sprintf("%016x", f.rnd.Uint64())
	f.begun++
}

func (f *Fleet) add(text string) { f.buf = append(f.buf, text...) }

func (f *Fleet) number(n int) { f.buf = strconv.AppendInt(f.buf, int64(n), 10) }

// messages are the texts that the services log while they work.
var messages = [...]string{
	"the basket was loaded from the cache, and its prices are up to date",
	"three items are reserved in the warehouse until the order is paid",
	"the answer of the bank has come in time, and nothing has to be asked again",
	"the customer gets a letter about the order, in the language of the country",
}

var routes = [...]string{"/basket/{id}", "/orders", "/products/{id}", "/basket/{id}/items"}

// object writes a line as logctx does. The last line of a service reports its request. The line
// before reports its call to the next service.
func (f *Fleet) object(t *trace, s Service, nth int, at time.Time) {
	f.add(`{"level":"info","service":"`)
	f.add(Names[s])
	f.add(`","time":"`)
	f.buf = at.AppendFormat(f.buf, "2006-01-02T15:04:05.000000Z07:00")
	span, message := t.spans[s], messages[(t.number+nth)%len(messages)]
	switch nth {
	case ServiceLines - 2:
		if message, span = "call", t.call; s == CRI {
			span = t.spans[Text]
		}
		f.call(t, s)
	case ServiceLines - 1:
		message = "request"
		f.request(t, s)
	}
	f.add(`","trace_id":"`)
	f.add(t.id)
	f.add(`","span_id":"`)
	f.add(span)
	f.add(`","message":"`)
	f.add(message)
	f.add(`"}`)
}

func (f *Fleet) call(t *trace, s Service) {
	f.add(`","method":"GET","host":"`)
	f.add(Names[s+1])
	f.add(`:8080","path":"/products/`)
	f.number(t.number)
	f.add(`","status":`)
	f.number(f.status(t))
	f.took(t, 3)
	f.add(`,"attempt":1,"parent_id":"`)
	f.add(t.spans[s])
}

func (f *Fleet) request(t *trace, s Service) {
	f.add(`","method":"GET","path":"/products/`)
	f.number(t.number)
	f.add(`","route":"`)
	f.add(routes[t.number%len(routes)])
	f.add(`","status":`)
	f.number(f.status(t))
	f.add(`,"bytes":5120`)
	f.took(t, 4)
	f.add(`,"remote":"192.0.2.17:54321`)
	if s == CRI {
		f.add(`","parent_id":"`)
		f.add(t.call)
		f.add(`","caller_parent_id":"`)
		f.add(t.spans[JSON])
	}
}

// took writes a duration: the time since the trace began, multiplied by parts and divided by four.
func (f *Fleet) took(t *trace, parts int) {
	f.add(`,"duration_ms":`)
	f.buf = strconv.AppendFloat(f.buf, float64(f.clock.Sub(t.begin).Microseconds()*int64(parts)/4)/1000, 'f', 3, 64)
}

// status returns the status of all requests of a trace. One trace in a hundred fails.
func (f *Fleet) status(t *trace) int {
	if t.number%100 == 7 {
		return 503
	}
	return 200
}

// text writes a line of a Java service.
func (f *Fleet) text(t *trace, nth int) {
	f.buf = f.clock.AppendFormat(f.buf, "2006-01-02 15:04:05.000")
	f.add(" [")
	f.add(t.id)
	f.add(",")
	f.add(t.spans[Text])
	f.add("] [http-nio-8080-exec-")
	f.number(t.number % 32)
	f.add("] INFO  c.e.billing.PaymentController - order ")
	f.number(t.number)
	f.add(": ")
	f.add(messages[(t.number+nth)%len(messages)])
	f.add(", balance in cents ")
	f.number(f.rnd.IntN(1_000_000))
}

// pairs writes a line of logfmt.
func (f *Fleet) pairs(t *trace, nth int) {
	f.add("time=")
	f.buf = f.clock.AppendFormat(f.buf, "2006-01-02T15:04:05.000000Z07:00")
	f.add(" level=info service=mail trace_id=")
	f.add(t.id[16:])
	f.add(" span_id=")
	f.add(t.spans[Logfmt])
	f.add(` msg="`)
	f.add(messages[(t.number+nth)%len(messages)])
	f.add(`" order=`)
	f.number(t.number)
	f.add(" template=order-confirmation attempts=")
	f.number(nth + 1)
	f.add(" queue=outgoing-")
	f.number(f.rnd.IntN(16))
}
