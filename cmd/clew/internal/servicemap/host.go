package servicemap

// answering is who has answered the calls to a host.
type answering struct {
	by       uint16 // the service, as IDs say; noName: none has, noCaller: several have
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
	a.mentions = a.mentions || other.mentions
	if other.by != noName {
		a.answered(other.by)
	}
}

// untoldCalls are calls from a service to a host that is called like another one, of which no
// request has a line.
type untoldCalls struct {
	n         int64
	restarted finding // of these, those in whose trace the other one has no request
}

func (t *tally) untoldOf(k hopKey) *untoldCalls {
	u := t.calls[k]
	if u == nil {
		if u = (&untoldCalls{}); len(t.calls) < mostEdges {
			t.calls[k] = u
		}
	}
	return u
}

// behind returns the service that is behind a host; noName: none, as far as one can see. Calls to
// the host that were answered tell it, if one service has answered them all. Else the host's name
// does, unless it may be somebody else's host.
func (t *tally) behind(host uint16) uint16 {
	switch by := t.hosts[host].by; {
	case by != noName && by != noCaller:
		return by
	case t.facts.sure[host] || t.hosts[host].mentions:
		return t.facts.named[host]
	}
	return noName
}

// settle gives calls to hosts to the services that are behind these. Everything must be added.
func (t *tally) settle() {
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
	for k, u := range t.calls {
		if service := t.behind(k.to); service == t.facts.named[k.to] && service != noName {
			h := t.hop(k.from, service)
			h.calls += u.n
			h.restarted.merge(&u.restarted)
		}
	}
}
