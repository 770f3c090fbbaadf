package servicemap

import (
	"slices"
	"time"

	"example.com/clew/internal/timeline"
)

// A tally is the sum of joined traces. Each goroutine that joins traces has its own tally.
type tally struct {
	facts *facts
	nodes map[nodeKey]*nodeTally
	edges map[edgeKey]*edgeTally
	hops  map[hopKey]*hopTally
	lost  map[uint16]*orphans        // by the callee
	hosts []answering                // by the host that was called
	ports map[uint16][]string        // by the service, once everything is added: see findPorts
	calls map[untoldKey]*untoldCalls // from a service to a host
	roots map[nodeKey]int64          // requests without a caller, by the service and the operation

	traces, requests, called, jobs int64
	naming                         int64 // requests that name a caller
	untold                         int64 // of these, those whose caller appears in no line

	kept  *kept // the nodes and edges to keep; nil: the first ones are kept
	crowd crowd // the nodes and edges that are not kept
}

type edgeKey struct{ from, to nodeKey }

// hopKey is the service of a caller and the service of a callee. The field from is noCaller if the
// caller is not known.
type hopKey struct{ from, to uint16 }

// noCaller stands in place of a service's number. No service has this number.
const noCaller = 1<<16 - 1

type nodeTally struct {
	requests, roots, errors, jobs, bytes int64
	took                                 durations
}

type edgeTally struct {
	calls, errors, refused, retries, answered, told, guessed, again, bytes int64
	took                                                                   durations
	slowest, failed                                                        samples
}

// hopTally counts how traces pass from one service to another.
type hopTally struct {
	calls int64 // calls that were answered; unbelieved and restarted count some of them

	unbelieved finding // the callee says that it did not believe the caller
	restarted  finding // the callee has no line in the call's trace

	widths    int64 // calls in which both services show how many digits the ID has
	padded    finding
	truncated finding

	pairs        int64   // a call and its request, joined by IDs
	toldSampled  int64   // pairs that the caller says are sampled
	sampled      int64   // pairs that the callee says are sampled
	unsampled    finding // pairs that only the caller samples
	takenSampled finding // pairs that only the callee samples

	fit    int64     // pairs whose clocks agree
	late   durations // how much the caller's clock is ahead in the other pairs
	misfit finding   // the pairs whose clocks do not agree
}

// orphans are requests that name a caller which appears in no line.
type orphans struct {
	finding
	naming int64 // all requests of the service that name a caller
}

// finding is how often something was seen, and some traces that show it.
type finding struct {
	n      int64
	traces []timeline.ID // those with the lowest IDs
}

// mostExamples is how many traces of a kind are kept.
const mostExamples = 5

func (c *finding) add(id timeline.ID) {
	c.n++
	c.keep(id)
}

func (c *finding) keep(id timeline.ID) {
	at, known := slices.BinarySearchFunc(c.traces, id, compareIDs)
	if known || at == mostExamples {
		return
	}
	c.traces = slices.Insert(c.traces, at, id)
	c.traces = c.traces[:min(len(c.traces), mostExamples)]
}

func (c *finding) merge(other *finding) {
	c.n += other.n
	for _, id := range other.traces {
		c.keep(id)
	}
}

func newTally(f *facts, kept *kept) *tally {
	return &tally{facts: f, nodes: map[nodeKey]*nodeTally{}, edges: map[edgeKey]*edgeTally{}, hops: map[hopKey]*hopTally{}, lost: map[uint16]*orphans{},
		hosts: make([]answering, len(f.outside)), calls: map[untoldKey]*untoldCalls{}, roots: map[nodeKey]int64{}, kept: kept, crowd: newCrowd()}
}

// node returns a node. The function that calls node then adds count requests or jobs to it.
func (t *tally) node(k nodeKey, count int64) *nodeTally {
	k = t.kept.node(k)
	n := t.nodes[k]
	if n == nil {
		if len(t.nodes) >= t.facts.limits.nodes && k != otherNode {
			t.crowd.node(k, count)
			return t.node(otherNode, count)
		}
		n = &nodeTally{}
		t.nodes[k] = n
	}
	return n
}

// edge returns an edge. The function that calls edge then adds count calls to it.
func (t *tally) edge(from, to nodeKey, count int64) *edgeTally {
	k := t.kept.edge(edgeKey{from, to})
	e := t.edges[k]
	if e == nil {
		if other := (edgeKey{otherNode, otherNode}); len(t.edges) >= t.edgeRoom() && k != other {
			t.crowd.edge(k, count)
			return t.edge(otherNode, otherNode, count)
		}
		e = &edgeTally{}
		t.edges[k] = e
	}
	return e
}

func (t *tally) hop(from, to uint16) *hopTally {
	k := hopKey{from, to}
	h := t.hops[k]
	if h == nil {
		if len(t.hops) >= t.facts.limits.edges {
			return &hopTally{}
		}
		h = &hopTally{}
		t.hops[k] = h
	}
	return h
}

// add adds a trace.
func (t *tally) add(j *joined) {
	id := j.id()
	reported := false
	for i := range j.rows {
		r := &j.rows[i]
		switch r.kind() {
		case isRequest:
			t.request(j, i, id)
		case isCall:
			t.called++
			if j.links[i].answer == none {
				t.unanswered(j, i, id)
			}
		case isJob:
			t.jobs++
			t.node(t.facts.node(r.service, r.operation), 1).jobs++
		case isRestarted:
			t.unbelieved(j, i, id)
			continue
		default:
			continue
		}
		reported = true
	}
	if reported {
		t.traces++
	}
}

// request adds a request.
func (t *tally) request(j *joined, i int, id timeline.ID) {
	r, l := &j.rows[i], &j.links[i]
	t.requests++
	n := t.node(t.facts.node(r.service, r.operation), 1)
	n.requests++
	n.bytes += unpack(r.bytes)
	n.took.add(r.duration())
	if r.is(failed) {
		n.errors++
	}
	if r.is(untrusted) {
		return
	}
	if l.how != byNothing {
		t.naming++
		t.orphans(r.service).naming++
	}
	switch l.how {
	case byNothing:
		n.roots++
		t.begun(r)
	case unknown:
		t.untold++
		if j.last <= t.facts.settled {
			t.orphans(r.service).add(id)
		}
	default:
		t.joined(j, i, id)
	}
}

func (t *tally) orphans(service uint16) *orphans {
	o := t.lost[service]
	if o == nil {
		o = &orphans{}
		t.lost[service] = o
	}
	return o
}

// joined adds a request whose caller is known, and the call that it answered.
func (t *tally) joined(j *joined, i int, id timeline.ID) {
	r, l := &j.rows[i], &j.links[i]
	p := &j.rows[l.parent]
	to := t.facts.node(r.service, r.operation)
	if p.kind() != isCall {
		e := t.edge(t.facts.within(p), to, 1)
		e.answered++
		e.guess(l.how)
		e.bytes += unpack(r.bytes)
		e.call(r, r.is(failed), id)
		t.compare(p, r, l.how, id)
		return
	}
	from, answer := t.caller(j, int(l.parent)), j.links[l.parent].answer
	// If a service has two requests for one call, the caller still sees one call.
	if a := &j.rows[answer]; answer != int32(i) && a.service == r.service {
		t.edge(from, t.facts.node(a.service, a.operation), 0).again++
		return
	}
	e := t.edge(from, to, 1)
	e.answered++
	e.guess(l.how)
	e.bytes += unpack(r.bytes)
	if answer != int32(i) { // a proxy has sent the call to another service too
		e.call(r, r.is(failed), id)
		return
	}
	e.told++
	e.retried(j, p)
	e.call(p, p.is(failed) || r.is(failed), id) // the answer may have broken off after its status
	if l.how == byIDs {
		t.hosts[p.link].answered(r.service)
	}
	if r.kind() != isRestarted {
		t.hop(p.service, r.service).calls++
		t.compare(p, r, l.how, id)
	}
}

func (e *edgeTally) guess(by how) {
	if by == byGuess {
		e.guessed++
	}
}

// within returns the node that made a call, if the parent of the call is row r.
func (f *facts) within(r *row) nodeKey {
	if kind := r.kind(); kind == isRequest || kind == isJob {
		return f.node(r.service, r.operation)
	}
	return f.node(r.service, noName)
}

// caller returns the node in which call k was made.
func (t *tally) caller(j *joined, k int) nodeKey {
	c := &j.rows[k]
	if p := j.links[k].parent; p != none && j.rows[p].service == c.service {
		return t.facts.within(&j.rows[p])
	}
	return t.facts.node(c.service, noName)
}

// retried counts a call if it is a retry.
func (e *edgeTally) retried(j *joined, c *row) {
	if c.attempt() > 1 && !j.redirected(c) {
		e.retries++
	}
}

// call adds a call. Row r is from the caller's line of the call, or from the request's line if the
// caller has no line of the call.
func (e *edgeTally) call(r *row, isError bool, id timeline.ID) {
	e.calls++
	took := r.duration()
	e.took.add(took)
	at := r.begin()
	e.slowest.slow(sample{id, at, took})
	if !isError {
		return
	}
	e.errors++
	if r.is(refused) {
		e.refused++
	}
	e.failed.fresh(sample{id, at, took})
}

// unanswered adds a call for which no request was found. The function settle finds the called
// service at the end.
func (t *tally) unanswered(j *joined, k int, id timeline.ID) {
	c := &j.rows[k]
	e := t.edge(t.caller(j, k), t.facts.host(c), 1)
	e.told++
	e.retried(j, c)
	e.call(c, c.is(failed), id)
	service := t.facts.named[c.link]
	t.hosts[c.link].http = t.hosts[c.link].http || c.answer != 0
	switch {
	case service == noName:
	case !t.facts.serves[service]:
		if i := j.mentioned[service]; i != none {
			t.hosts[c.link].mentions = true
			t.hop(c.service, service).digits(c, &j.rows[i], id)
		}
	case c.status()/100 != 2: // a proxy may have answered
	case !t.facts.heard.voices[service].covers(c): // the service's lines of that time were not read
	default:
		u := t.untoldOf(untoldKey{hopKey{c.service, uint16(c.link)}, c.operation})
		u.n++
		if !j.served[service] {
			u.missing.add(id)
		}
	}
}

// unbelieved adds a request that did not believe its caller. The request is a row in the caller's
// trace. In two cases this is no break, because the caller is outside. Either the trace has no
// other line, or the service has another request in the trace: a client has got the trace's ID
// with an answer, and has sent it back to the service.
func (t *tally) unbelieved(j *joined, i int, id timeline.ID) {
	r, l := &j.rows[i], &j.links[i]
	if l.parent == none && (!j.ours || j.served[r.service]) { // the caller is outside
		t.node(t.facts.node(r.service, r.operation), 0).roots++
		return
	}
	t.naming++
	t.orphans(r.service).naming++
	if l.parent != none {
		t.joined(j, i, id)
		h := t.hop(j.rows[l.parent].service, r.service)
		h.calls++
		h.unbelieved.add(id)
		return
	}
	from := j.only
	h := t.hop(from, r.service)
	h.calls++
	h.unbelieved.add(id)
	if from == noCaller {
		t.untold++
		return
	}
	e := t.edge(t.facts.node(from, noName), t.facts.node(r.service, r.operation), 1)
	e.answered++
	e.guessed++
	e.bytes += unpack(r.bytes)
	e.call(r, r.is(failed), id)
}

// compare compares what two services say about one call: the trace's ID, the sampling decision,
// and the time.
func (t *tally) compare(p, r *row, by how, id timeline.ID) {
	if p.service == r.service {
		return
	}
	h := t.hop(p.service, r.service)
	h.digits(p, r, id)
	if by != byIDs || p.kind() == isMention {
		return
	}
	h.pairs++
	switch mine, theirs := p.is(sampled), r.is(sampled); {
	case mine && theirs:
		h.toldSampled++
		h.sampled++
	case mine:
		h.toldSampled++
		h.unsampled.add(id)
	case theirs:
		h.sampled++
		h.takenSampled.add(id)
	}
	if p.kind() != isCall || p.is(failed) || p.at == never || r.at == never {
		return
	}
	if ahead := clockAhead(p, r); ahead != 0 {
		h.late.add(ahead)
		h.misfit.add(id)
	} else {
		h.fit++
	}
}

// digits compares how many digits a trace's ID has in the caller's line and in the callee's.
func (h *hopTally) digits(p, r *row, id timeline.ID) {
	if !p.is(sixteen|thirtyTwo) || !r.is(sixteen|thirtyTwo) {
		return
	}
	h.widths++
	switch {
	case p.is(sixteen) && r.is(thirtyTwo):
		h.padded.add(id)
	case p.is(thirtyTwo) && p.high != 0 && (r.is(sixteen) || r.high == 0):
		h.truncated.add(id)
	}
}

// clockAhead returns how much the clock of the caller is ahead of the clock of the callee. It
// returns 0 if the request fits into the call.
func clockAhead(c, r *row) time.Duration {
	return timeline.ClockAhead(time.Duration(c.begin()-r.begin()), time.Duration(c.at-r.at), c.inexact()+r.inexact())
}

// merge adds another tally, which must not be used any more.
func (t *tally) merge(other *tally) {
	for k, n := range other.nodes {
		all := t.node(k, n.requests+n.jobs)
		all.requests += n.requests
		all.roots += n.roots
		all.errors += n.errors
		all.jobs += n.jobs
		all.bytes += n.bytes
		all.took.merge(&n.took)
	}
	for k, e := range other.edges {
		t.edge(k.from, k.to, e.calls).merge(e)
	}
	for k, h := range other.hops {
		t.hop(k.from, k.to).merge(h)
	}
	for service, o := range other.lost {
		all := t.orphans(service)
		all.merge(&o.finding)
		all.naming += o.naming
	}
	for host := range other.hosts {
		t.hosts[host].merge(&other.hosts[host])
	}
	for k, u := range other.calls {
		all := t.untoldOf(k)
		all.n += u.n
		all.missing.merge(&u.missing)
	}
	for k, n := range other.roots {
		t.roots[k] += n
	}
	t.traces += other.traces
	t.requests += other.requests
	t.called += other.called
	t.jobs += other.jobs
	t.naming += other.naming
	t.untold += other.untold
	t.crowd.merge(&other.crowd)
}

func (e *edgeTally) merge(other *edgeTally) {
	e.calls += other.calls
	e.errors += other.errors
	e.refused += other.refused
	e.retries += other.retries
	e.answered += other.answered
	e.told += other.told
	e.guessed += other.guessed
	e.again += other.again
	e.bytes += other.bytes
	e.took.merge(&other.took)
	for _, s := range other.slowest {
		e.slowest.slow(s)
	}
	for _, s := range other.failed {
		e.failed.fresh(s)
	}
}

func (h *hopTally) merge(other *hopTally) {
	h.calls += other.calls
	h.unbelieved.merge(&other.unbelieved)
	h.restarted.merge(&other.restarted)
	h.widths += other.widths
	h.padded.merge(&other.padded)
	h.truncated.merge(&other.truncated)
	h.pairs += other.pairs
	h.toldSampled += other.toldSampled
	h.sampled += other.sampled
	h.unsampled.merge(&other.unsampled)
	h.takenSampled.merge(&other.takenSampled)
	h.fit += other.fit
	h.late.merge(&other.late)
	h.misfit.merge(&other.misfit)
}
