package servicemap

import "slices"

// answering is who has answered the calls to a host.
type answering struct {
	by       uint16 // the service, as IDs say; noName: none has, noCaller: several have
	http     bool   // it has calls over HTTP
	mentions bool   // the service that the host is called like has lines in the trace of a call
}

// answered says that a service has.
func (a *answering) answered(service uint16) {
	switch a.by {
	case service:
	case noName:
		a.by = service
	default:
		a.by = noCaller
	}
}

func (a *answering) merge(other *answering) {
	a.http = a.http || other.http
	a.mentions = a.mentions || other.mentions
	if other.by != noName {
		a.answered(other.by)
	}
}

// untoldCalls are calls from a service to a host that is called like another one, of which no
// request has a line, though they were answered well and the other's lines of that time were read.
type untoldCalls struct {
	n       int64
	missing finding // of these, those in whose trace the other one has no request
}

// untoldKey is from a service to a host, with an operation of the call.
type untoldKey struct {
	hopKey
	operation uint16
}

// begun counts a request that names no caller.
func (t *tally) begun(r *row) {
	k := nodeKey(r.service)<<16 | nodeKey(r.operation)
	if _, known := t.roots[k]; known || len(t.roots) < t.facts.limits.nodes {
		t.roots[k]++
	}
}

// rootsLike returns how many requests of a service name no caller and may be of calls with an
// operation.
func (t *tally) rootsLike(service, operation uint16) (n int64) {
	for k, roots := range t.roots {
		if uint16(k>>16) == service && mayServe(t.facts.operations[uint16(k)], t.facts.operations[operation]) {
			n += roots
		}
	}
	return n
}

func (t *tally) untoldOf(k untoldKey) *untoldCalls {
	u := t.calls[k]
	if u == nil {
		if u = (&untoldCalls{}); len(t.calls) < t.facts.limits.edges {
			t.calls[k] = u
		}
	}
	return u
}

// behind returns the service that is behind a host; noName: none, as far as one can see. Calls to
// the host that were answered tell it, if one service has answered them all. Else the host's name
// does, unless it may be somebody else's host, has a port at which the service does not answer, or
// is not called over HTTP.
func (t *tally) behind(host uint16) uint16 {
	switch by := t.hosts[host].by; {
	case by != noName && by != noCaller:
		return by
	case t.hosts[host].mentions, t.facts.sure[host] && t.hosts[host].http && !t.elsewhere(host):
		return t.facts.named[host]
	}
	return noName
}

// elsewhere tells whether the service that a host is called like has answered at another port of
// its name, and not at that of the host.
func (t *tally) elsewhere(host uint16) bool {
	ports := t.ports[t.facts.named[host]]
	return len(ports) > 0 && !slices.Contains(ports, portOf(t.facts.outside[host]))
}

// findPorts finds the ports at which services have answered, of hosts that are called like them.
func (t *tally) findPorts() {
	t.ports = map[uint16][]string{}
	for host, name := range t.facts.outside {
		service := t.hosts[host].by
		if port := portOf(name); service != noName && t.facts.named[host] == service && !slices.Contains(t.ports[service], port) {
			t.ports[service] = append(t.ports[service], port)
		}
	}
}

// settle gives calls to hosts to the services that are behind these. Everything must be added.
func (t *tally) settle() {
	t.findPorts()
	for k, e := range t.edges {
		if k.to&outsideNode == 0 {
			continue
		}
		if service := t.behind(uint16(k.to)); service != noName {
			e.guessed += e.calls
			delete(t.edges, k)
			t.edge(k.from, t.facts.node(service, noName), e.calls).merge(e)
		}
	}
	t.restarts()
}

// restarts gives calls without a request to the services that were called. These have restarted the
// traces only if they have requests that look like the calls and name no caller: what a service
// does not log, as its health checks, and what was answered in front of it, restarts nothing.
func (t *tally) restarts() {
	roots := map[nodeKey]int64{}
	for k, u := range t.calls {
		service := t.behind(k.to)
		if service == noName || service != t.facts.named[k.to] {
			continue
		}
		h := t.hop(k.from, service)
		h.calls += u.n
		like := nodeKey(service)<<16 | nodeKey(k.operation)
		if _, known := roots[like]; !known {
			roots[like] = t.rootsLike(service, k.operation)
		}
		if 2*roots[like] >= u.missing.n {
			h.restarted.merge(&u.missing)
		}
	}
}
