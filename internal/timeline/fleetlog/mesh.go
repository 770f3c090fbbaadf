package fleetlog

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"example.com/clew/internal/line"
)

// MeshConfig describes a mesh.
type MeshConfig struct {
	Seed     uint64
	Services int // at least 5
	Traces   int

	// Faults gives one fault to each service from the second to the fifth. In this order, the
	// faults are: a clock that is [MeshBehind] late, IDs of 16 digits that are written with 32, a
	// new trace for each request, and no lines of requests.
	Faults bool
}

// MeshBehind is the time by which the wrong clock of a service is late.
const MeshBehind = 800 * time.Millisecond

// MeshEdge is a pair of caller and callee: two services, or a service and a host outside of the
// mesh.
type MeshEdge struct{ From, To string }

// MeshCalls are the true numbers for an edge, even if the lines do not show them.
type MeshCalls struct {
	Calls   int // each attempt counts as one
	Errors  int // calls without an answer, or with a status of 500 or more
	Refused int // errors because the connection was refused
	Retries int // attempts after the first
}

// Mesh contains the logs of many services in layers, and the true numbers of their calls. Half of
// the traces have IDs of 16 digits. Some services ask a database, and some a third party.
type Mesh struct {
	Logs  map[string][]byte // the log of each service, by the service's name
	Calls map[MeshEdge]MeshCalls

	config MeshConfig
	rnd    *rand.Rand
	lines  map[string][]meshLine
}

// meshLine is a line, with the right time at which it was written.
type meshLine struct {
	at   time.Time
	text string
}

// meshSpan is a request in progress.
type meshSpan struct {
	service int
	trace   string
	span    uint64

	// parent is the span of the call that caused the request, and callParent is the call's parent.
	parent, callParent uint64
}

// meshNames are the names of the first services. The names of further services are the same, with
// a number behind them.
var meshNames = [...]string{
	"gateway", "basket", "catalogue", "prices", "orders", "payments", "stock", "search", "users", "mail", "images", "reports",
}

// MeshName returns the name of the i-th service, from 0. No other service calls the first one.
func MeshName(i int) string {
	name := meshNames[i%len(meshNames)]
	if i >= len(meshNames) {
		name = fmt.Sprintf("%s-%d", name, i/len(meshNames)+1)
	}
	return name
}

// NewMesh makes a mesh. The same config makes the same lines.
func NewMesh(config MeshConfig) *Mesh {
	m := &Mesh{
		Logs: map[string][]byte{}, Calls: map[MeshEdge]MeshCalls{}, config: config,
		rnd: rand.New(rand.NewPCG(config.Seed, 2)), lines: map[string][]meshLine{},
	}
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for n := range config.Traces {
		at = at.Add(time.Duration(1+m.rnd.IntN(20_000)) * time.Microsecond)
		m.serve(meshSpan{trace: m.traceID(n%2 == 0)}, at)
	}
	for name, lines := range m.lines {
		slices.SortStableFunc(lines, func(a, b meshLine) int { return a.at.Compare(b.at) })
		var log bytes.Buffer
		for _, l := range lines {
			log.WriteString(l.text)
		}
		m.Logs[name] = log.Bytes()
	}
	m.lines = nil
	return m
}

func (m *Mesh) traceID(short bool) string {
	if short {
		return fmt.Sprintf("%016x", m.id())
	}
	return fmt.Sprintf("%016x%016x", m.id(), m.id())
}

func (m *Mesh) id() uint64 { return m.rnd.Uint64() | 1 }

// fault reports whether a service has the i-th fault.
func (m *Mesh) fault(service, i int) bool { return m.config.Faults && service == i }

// serve writes the lines for a request that arrives at the time in the argument at. It returns the
// time and the status of the answer.
func (m *Mesh) serve(s meshSpan, at time.Time) (end time.Time, status int) {
	s.span = m.id()
	if m.fault(s.service, 2) && len(s.trace) == 16 {
		s.trace = strings.Repeat("0", 16) + s.trace
	}
	if m.fault(s.service, 3) {
		s.trace, s.parent, s.callParent = m.traceID(false), 0, 0
	}
	begin, status := at, 200
	at = at.Add(m.takes(s.service))
	m.write(&s, at, "", fmt.Sprintf("order %d is looked at", m.rnd.IntN(1000)))
	for _, to := range m.callees(s.service) {
		answer := 0
		if at, answer = m.call(&s, to, at); answer >= 500 || answer == 0 {
			status = 502
		}
	}
	at = m.ask(&s, at.Add(m.takes(s.service)))
	if m.rnd.IntN(50) == 0 {
		status = 500
	}
	if !m.fault(s.service, 4) {
		m.write(&s, at, fmt.Sprintf(`"method":"GET","path":"/%s/%d","route":"GET /%[1]s/{id}","status":%[3]d,"bytes":%[4]d,"duration_ms":%[5]s,"remote":"10.0.0.9:5000",%[6]s`,
			MeshName(s.service), m.rnd.IntN(100_000), status, 100+m.rnd.IntN(9000), meshMS(at.Sub(begin)), meshParents(&s)), line.MessageRequest)
	}
	return at, status
}

// callees returns the services that a request calls: at most two of those below it.
func (m *Mesh) callees(service int) (to []int) {
	for _, below := range []int{2*service + 1, 2*service + 2, 2*service + 4} {
		if below < m.config.Services {
			to = append(to, below)
		}
	}
	m.rnd.Shuffle(len(to), func(i, j int) { to[i], to[j] = to[j], to[i] })
	return to[:min(len(to), 1+m.rnd.IntN(2))]
}

// call calls a service. If the first call fails, it calls the service again. One call in a hundred
// is refused.
func (m *Mesh) call(s *meshSpan, to int, at time.Time) (end time.Time, status int) {
	host := MeshName(to) + ".shop.svc.cluster.local:8080"
	for attempt := 1; attempt <= 2; attempt++ {
		span, begin := m.id(), at
		refused := m.rnd.IntN(100) == 0
		status = 0
		if at = at.Add(time.Millisecond); !refused {
			at, status = m.serve(meshSpan{service: to, trace: s.trace, parent: span, callParent: s.span}, at)
			at = at.Add(time.Millisecond)
		}
		m.called(s, MeshName(to), fmt.Sprintf(`"host":"%s","path":"/%s/7"`, host, MeshName(to)), "GET", span, at.Sub(begin), at, status, attempt, refused)
		if status != 0 && status < 500 {
			break
		}
	}
	return at, status
}

// ask calls hosts outside of the mesh. Every third service asks a database, and every seventh asks
// a bank.
func (m *Mesh) ask(s *meshSpan, at time.Time) time.Time {
	if s.service%3 == 1 {
		took := m.takes(1)
		host := fmt.Sprintf("postgres-%d.internal:5432", s.service%2)
		m.called(s, host, fmt.Sprintf(`"host":"%s"`, host), "SELECT items", m.id(), took, at.Add(took), 0, 0, false)
		at = at.Add(took)
	}
	if s.service%7 == 4 {
		took, status := m.takes(9), 200
		if m.rnd.IntN(20) == 0 {
			status = 503
		}
		m.called(s, "api.bank.example", `"host":"api.bank.example","path":"/v1/charges"`, "POST", m.id(), took, at.Add(took), status, 1, false)
		at = at.Add(took)
	}
	return at
}

// called writes the line of a call that has ended, and counts it. A call with attempt 0 is not an
// HTTP call.
func (m *Mesh) called(s *meshSpan, to, where, method string, span uint64, took time.Duration, at time.Time, status, attempt int, refused bool) {
	edge := MeshEdge{MeshName(s.service), to}
	c := m.Calls[edge]
	c.Calls++
	text := fmt.Sprintf(`"method":"%s",%s,`, method, where)
	if status != 0 {
		text += fmt.Sprintf(`"status":%d,`, status)
	}
	text += fmt.Sprintf(`"duration_ms":%s,`, meshMS(took))
	if attempt > 0 {
		text += fmt.Sprintf(`"attempt":%d,`, attempt)
	}
	if refused {
		text += `"error":"dial tcp 10.0.0.7:8080: connect: connection refused",`
		c.Refused++
	}
	if refused || status >= 500 {
		c.Errors++
	}
	if attempt > 1 {
		c.Retries++
	}
	m.Calls[edge] = c
	m.write(&meshSpan{service: s.service, trace: s.trace, span: span}, at, text+meshParents(&meshSpan{parent: s.span}), line.MessageCall)
}

// write writes a line as logctx does.
func (m *Mesh) write(s *meshSpan, at time.Time, fields, message string) {
	name := MeshName(s.service)
	says := at
	if m.fault(s.service, 1) {
		says = at.Add(-MeshBehind)
	}
	m.lines[name] = append(m.lines[name], meshLine{at, fmt.Sprintf(`{"level":"info","service":"%s","time":"%s",%s"trace_id":"%s","span_id":"%016x","message":"%s"}`+"\n",
		name, says.Format("2006-01-02T15:04:05.000000Z07:00"), fields, s.trace, s.span, message)})
}

// takes returns a random time for which a service works. Most times are near the minimum, and a
// few are much longer.
func (m *Mesh) takes(service int) time.Duration {
	return time.Duration(float64(1+service%7) * (1 + m.rnd.ExpFloat64()) * float64(500*time.Microsecond)).Truncate(time.Microsecond)
}

func meshMS(d time.Duration) string { return fmt.Sprintf("%.3f", float64(d.Microseconds())/1000) }

// meshParents returns the fields with the IDs of a span's parents, for the parents that it has.
func meshParents(s *meshSpan) (text string) {
	if s.parent != 0 {
		text += fmt.Sprintf(`"parent_id":"%016x",`, s.parent)
	}
	if s.callParent != 0 {
		text += fmt.Sprintf(`"caller_parent_id":"%016x",`, s.callParent)
	}
	return text
}
