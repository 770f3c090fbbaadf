package servicemap

import (
	"slices"
	"sort"
	"time"

	"example.com/clew/internal/timeline"
)

// A joined is a trace whose calls are joined with the requests that answered them. It is reused
// for the next trace.
type joined struct {
	facts *facts
	rows  []row // in the order of compareRows, each once
	links []joint

	// Facts about each service in the trace. A hostile trace may need them a million times.
	served    []bool   // for each service: it has a line of a request
	mentioned []int32  // for each service: the row of a plain line; none: there is none
	present   []uint16 // the services in served or mentioned

	ours      bool    // false: all rows are isRestarted, so the trace has no lines of its own
	last      int64   // when the last row ended
	again     []int32 // further requests for a call that has an answer
	redirects []int32 // calls that were answered by a redirect, up to mostGuesses
	only      uint16  // the one service with requests, calls or jobs; noCaller: none, or several
}

// A joint is how a row is joined with others.
type joint struct {
	parent int32 // the row of the parent; none: there is none
	answer int32 // of a call, the row of the request that answered it; none: there is none
	how    how
}

const none = -1

// how tells in which way a request was joined with its caller, or a call with its request.
type how uint8

const (
	byNothing how = iota // it names no caller
	byIDs
	byGuess // by the host's name, or by time
	unknown // it names a caller that appears in no line
)

// Limits, because a hostile trace may have a million rows.
const (
	mostSame    = 64  // rows of one span that are looked at
	mostGuesses = 256 // unanswered calls; with more of them, no guess is made
)

func newJoined(f *facts) *joined {
	j := &joined{facts: f, served: make([]bool, len(f.services)), mentioned: make([]int32, len(f.services))}
	for i := range j.mentioned {
		j.mentioned[i] = none
	}
	return j
}

// join joins the rows of a trace.
func (j *joined) join(rows []row) {
	slices.SortFunc(rows, func(a, b row) int { return compareRows(&a, &b) })
	j.rows = once(rows)
	j.links = slices.Grow(j.links[:0], len(j.rows))[:len(j.rows)]
	for i := range j.links {
		j.links[i] = joint{parent: none, answer: none}
	}
	j.have()
	j.again = j.again[:0]
	for i := range j.rows {
		switch r := &j.rows[i]; r.kind() {
		case isRequest:
			j.serve(i)
		case isCall:
			if r.parent != 0 && r.parent != r.span {
				j.links[i].parent = j.find(r.parent, i, false)
			}
		}
	}
	j.guess()
	j.nest()
}

// have sets the facts about the services in the trace, and about the trace as a whole.
func (j *joined) have() {
	for _, service := range j.present {
		j.served[service], j.mentioned[service] = false, none
	}
	j.present, j.only, j.ours = j.present[:0], noCaller, false
	j.last, j.redirects = never, j.redirects[:0]
	several := false
	for i := range j.rows {
		service, kind := j.rows[i].service, j.rows[i].kind()
		j.ours = j.ours || kind != isRestarted
		j.last = max(j.last, j.rows[i].at)
		switch kind {
		case isMention:
			if j.mentioned[service] == none {
				j.mentioned[service] = int32(i)
				j.present = append(j.present, service)
			}
			continue
		case isRestarted:
			continue
		case isCall:
			if isRedirect(j.rows[i].status()) && len(j.redirects) < mostGuesses {
				j.redirects = append(j.redirects, int32(i))
			}
		case isRequest:
			if !j.served[service] {
				j.served[service] = true
				j.present = append(j.present, service)
			}
		}
		several = several || j.only != noCaller && j.only != service
		j.only = service
	}
	if several {
		j.only = noCaller
	}
}

func isRedirect(status int) bool { return status >= 301 && status <= 308 && status != 304 }

// redirected reports whether the attempt before a call was answered by a redirect.
func (j *joined) redirected(c *row) bool {
	for _, i := range j.redirects {
		r := &j.rows[i]
		if r.parent == c.parent && r.service == c.service && r.attempt() == c.attempt()-1 &&
			(r.at == never || c.at == never || r.at <= c.begin()+int64(tolerance+r.inexact()+c.inexact())) {
			return true
		}
	}
	return false
}

// once leaves out rows that repeat another one. Two sources may have the same line, or a service
// may log each request twice. Rows without a span's ID stay: they may be two requests that are
// alike.
func once(rows []row) []row {
	kept := rows[:0]
	for i := range rows {
		if n := len(kept); n > 0 && rows[i].span != 0 && kept[n-1].span == rows[i].span && (kept[n-1] == rows[i] || twice(kept, &rows[i])) {
			continue
		}
		kept = append(kept, rows[i])
	}
	return kept
}

// twice reports whether a request repeats one of the last rows: the span is the same, and one row
// encloses the other in time. The longer row stays in kept. Attempts may share a span, but do not
// enclose each other. A request that did not trust its caller has a second row, in the caller's
// trace. The function returns the same result for both of these rows.
func twice(kept []row, r *row) bool {
	if kind := r.kind(); kind != isRequest && kind != isRestarted {
		return false
	}
	for n := len(kept) - 1; n >= max(0, len(kept)-mostSame) && kept[n].span == r.span && kept[n].kind() == r.kind(); n-- {
		k := &kept[n]
		if k.high != r.high || k.service != r.service || k.parent != r.parent || k.link != r.link || k.is(untrusted) != r.is(untrusted) {
			continue
		}
		if encloses(r, k, tolerance) {
			*k = *r
			return true
		}
		if encloses(k, r, tolerance) {
			return true
		}
	}
	return false
}

// same returns the rows of a span, at most mostSame.
func (j *joined) same(span uint64) (from, end int) {
	if span == 0 {
		return 0, 0
	}
	if len(j.rows) <= 16 {
		for from < len(j.rows) && j.rows[from].span < span {
			from++
		}
	} else {
		from = sort.Search(len(j.rows), func(i int) bool { return j.rows[i].span >= span })
	}
	for end = from; end < len(j.rows) && end-from < mostSame && j.rows[end].span == span; end++ {
	}
	return from, end
}

// find returns a row of a span that is the parent of row i; none: no row has the span. If there
// are several rows, find returns the best. If called is false, row i is a call, and the best row
// is of the same service, and no call. If called is true, row i is a request, and the best row is
// a call of another service that has no answer so far and encloses the request. Rows of plain
// lines come last.
func (j *joined) find(span uint64, i int, called bool) int32 {
	best, points := int32(none), -1
	r := &j.rows[i]
	from, end := j.same(span)
	for k := from; k < end; k++ {
		c := &j.rows[k]
		kind := c.kind()
		if k == i || kind == isRestarted {
			continue
		}
		p := 0
		if (kind == isCall) == called {
			p += 8
		}
		if (c.service == r.service) != called {
			p += 16
		}
		if kind != isMention {
			p += 4
		}
		if called && kind == isCall {
			if j.links[k].answer == none {
				p += 2
			}
			if encloses(c, r, tolerance+c.inexact()+r.inexact()) {
				p++
			}
		}
		if p > points {
			best, points = int32(k), p
		}
	}
	return best
}

// serve finds the caller of request i.
func (j *joined) serve(i int) {
	r, l := &j.rows[i], &j.links[i]
	if r.is(untrusted) { // its other row is in the caller's trace
		l.how = unknown
		return
	}
	// With Finagle, call and request share a span.
	if k := j.find(r.span, i, true); k != none && j.rows[k].kind() == isCall {
		j.answer(int(k), i, byIDs)
		return
	}
	if r.parent == 0 || r.parent == r.span {
		return
	}
	k := j.find(r.parent, i, true)
	if k == none && r.link != r.span {
		k = j.find(r.link, i, true)
	}
	switch {
	case k == none:
		l.how = unknown
	case j.rows[k].kind() == isCall:
		j.answer(int(k), i, byIDs)
	default:
		l.parent, l.how = k, byIDs
	}
}

// answer notes that request i answered call k. A call has only one answer. If a second request
// claims the call, the request that fits better stays, and the other one goes to j.again. A proxy
// that logs no calls may have sent that one.
func (j *joined) answer(k, i int, by how) {
	j.links[i].parent, j.links[i].how = int32(k), by
	before := j.links[k].answer
	if before == none {
		j.links[k].answer, j.links[k].how = int32(i), by
		return
	}
	loser := int32(i)
	if j.answers(k, i, int(before)) > j.answers(k, int(before), i) {
		j.links[k].answer, j.links[k].how = int32(i), by
		loser = before
	}
	j.again = append(j.again, loser)
}

// answers returns how well request i fits call k, in points. Most points are for the service with
// the host's name, fewer for the call's status, and fewest for a request that encloses the other
// request in time.
func (j *joined) answers(k, i, other int) (points int) {
	c, r := &j.rows[k], &j.rows[i]
	if j.facts.called(c) == r.service {
		points += 4
	}
	if c.status() == r.status() {
		points += 2
	}
	if o := &j.rows[other]; encloses(r, o, 0) && !encloses(o, r, 0) {
		points++
	}
	return points
}

// nest handles further requests for an answered call. Such a request becomes a child of the
// answering request, if the latter is of another service and encloses it. The other service may be
// a proxy that passes headers on unchanged.
func (j *joined) nest() {
	for _, i := range j.again {
		l := &j.links[i]
		if l.parent == none || j.rows[l.parent].kind() != isCall {
			continue
		}
		a, r := j.links[l.parent].answer, &j.rows[i]
		if o := &j.rows[a]; a != i && o.service != r.service && encloses(o, r, tolerance+o.inexact()+r.inexact()) {
			l.parent, l.how = a, byGuess
		}
	}
}

// encloses reports whether a request lies within the time of a call. The request may begin earlier
// or end later, by no more than the duration loose.
func encloses(call, request *row, loose time.Duration) bool {
	if call.at == never || request.at == never {
		return false
	}
	return request.at <= call.at+int64(loose) && request.begin() >= call.begin()-int64(loose)
}

// tolerance is how much a request may be outside of its call before a clock counts as wrong. The
// line of a request is written when its answer is already on the way.
const tolerance = timeline.Tolerance

// guess finds callers by the called host and by time. It does so for requests whose caller appears
// in no line, for requests without a caller, and for requests that did not trust the caller.
func (j *joined) guess() {
	open := make([]int32, 0, 16)
	for i := range j.rows {
		if j.rows[i].kind() == isCall && j.links[i].answer == none {
			open = append(open, int32(i))
		}
		if len(open) > mostGuesses { // among so many, a guess might be wrong
			return
		}
	}
	if len(open) == 0 {
		return
	}
	for i := range j.rows {
		r := &j.rows[i]
		lost := r.kind() == isRestarted || r.kind() == isRequest && (j.links[i].how == byNothing || j.links[i].how == unknown && !r.is(untrusted))
		if !lost {
			continue
		}
		if k := j.likely(open, i); k != none {
			j.answer(int(k), i, byGuess)
		}
	}
}

// likely returns the call that a request has most likely answered; none: there is none, or there
// are several.
func (j *joined) likely(open []int32, i int) int32 {
	r := &j.rows[i]
	byTime := j.links[i].how == unknown
	var calls candidates
	for _, k := range open {
		if j.links[k].answer == none && j.rows[k].service != r.service && !j.below(k, int32(i)) {
			j.consider(&calls, k, r)
		}
	}
	switch {
	case calls.fitting.n > 0:
		return calls.fitting.call
	case calls.named.n == 1 && (byTime || r.kind() == isRestarted): // a clock is wrong
		return calls.named.call
	case calls.addressed.n == 1 && byTime:
		return calls.addressed.call
	}
	return none
}

// candidates are the calls that a request may have answered. The candidate addressed is used only
// for a request that names a caller.
type candidates struct {
	fitting   candidate // to a host of the service's name, at the request's time
	named     candidate // to a host that is surely the service, at another time
	addressed candidate // over HTTP to an address, at the request's time
}

// candidate is the first of n calls that fit equally well.
type candidate struct {
	call int32
	n    int
}

func (c *candidate) add(k int32) {
	if c.n == 0 {
		c.call = k
	}
	c.n++
}

// consider adds call k to the candidates, if request r may have answered it. A call to a host with
// another service's name does not count.
func (j *joined) consider(calls *candidates, k int32, r *row) {
	c := &j.rows[k]
	switch j.facts.called(c) {
	case r.service:
		if encloses(c, r, tolerance+c.inexact()+r.inexact()) {
			calls.fitting.add(k)
		} else if j.facts.sure[c.link] {
			calls.named.add(k)
		}
	case noName:
		if j.facts.address[c.link] && c.status() > 0 && encloses(c, r, 0) {
			calls.addressed.add(k)
		}
	}
}

// below reports whether call k is a descendant of row i.
func (j *joined) below(k, i int32) bool {
	for range mostSame {
		if k = j.links[k].parent; k == none || k == i {
			break
		}
	}
	return k == i
}

// id returns the trace's ID.
func (j *joined) id() (id timeline.ID) {
	for i := range j.rows {
		if j.rows[i].high != 0 {
			id.High = j.rows[i].high
		}
	}
	return timeline.ID{High: id.High, Low: j.rows[0].low}
}
