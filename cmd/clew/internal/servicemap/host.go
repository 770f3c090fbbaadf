package servicemap

import "slices"

// answering is what the calls to a host, and their answers, show about the service behind it.
type answering struct {
	by       uint16 // the service that answered, as IDs show; noName: none, noCaller: several
	http     bool   // there are calls over HTTP
	mentions bool   // the service with the host's name has lines in the trace of a call
}

// answered notes that a service has answered.
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

// untoldCalls are calls from one service to a host with another service's name. They were answered
// with 2xx, and the other service's lines of that time were read, but none of its requests belongs
// to the calls.
type untoldCalls struct {
	n       int64
	missing finding // the calls in traces without any request of the other service
}

// untoldKey is a service and a host that it has called, with the operation of the calls.
type untoldKey struct {
	hopKey
	operation uint16
}

// begun counts a request without a caller.
func (t *tally) begun(r *row) {
	k := nodeKey(r.service)<<16 | nodeKey(r.operation)
	if _, known := t.roots[k]; known || len(t.roots) < t.facts.limits.nodes {
		t.roots[k]++
	}
}

// rootsLike returns how many requests of a service name no caller, and may have answered calls
// with the given operation.
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

// behind returns the service behind a host; noName: none is known. It is the service that has
// answered all answered calls to the host. If none has, it is the service with the host's name,
// except in three cases: the host may be somebody else's, the service answers at another port, or
// the host is not called over HTTP.
func (t *tally) behind(host uint16) uint16 {
	switch by := t.hosts[host].by; {
	case by != noName && by != noCaller:
		return by
	case t.hosts[host].mentions, t.facts.sure[host] && t.hosts[host].http && !t.elsewhere(host):
		return t.facts.named[host]
	}
	return noName
}

// elsewhere reports whether the service with the host's name answers at another port. It is true
// if the service has answered at hosts with its name, but never at this host's port.
func (t *tally) elsewhere(host uint16) bool {
	ports := t.ports[t.facts.named[host]]
	return len(ports) > 0 && !slices.Contains(ports, portOf(t.facts.outside[host]))
}

// findPorts finds the ports at which services have answered, at hosts with their names.
func (t *tally) findPorts() {
	t.ports = map[uint16][]string{}
	for host, name := range t.facts.outside {
		service := t.hosts[host].by
		if port := portOf(name); service != noName && t.facts.named[host] == service && !slices.Contains(t.ports[service], port) {
			t.ports[service] = append(t.ports[service], port)
		}
	}
}

// settle turns edges to hosts into edges to the services behind the hosts. It is called after
// everything is added.
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

// restarts counts the calls for which the service behind the host has no request line. Such a call
// counts as restarted only if the service has enough requests that look like the call and name no
// caller: at least half as many as there are such calls. Otherwise the service perhaps logs no
// such requests, for instance health checks, or a proxy in front of it has answered.
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
