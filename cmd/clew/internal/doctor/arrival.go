package doctor

import "net/http"

// arrival is a call that has arrived.
type arrival struct {
	probe  *probe // by an ID; nil: none is known
	during *probe // the request that was under way
	path   string
	agent  string
	header http.Header // what may tell something of a trace
}

// size returns about how many bytes an arrival takes.
func (a arrival) size() int {
	n := 500 + len(a.path) + len(a.agent)
	for name, values := range a.header {
		n += 100 + len(name)
		for _, value := range values {
			n += 16 + len(value)
		}
	}
	return n
}

// callKind is what calls of one kind have in common.
type callKind struct{ path, agent string }

func (a arrival) kind() callKind { return callKind{a.path, a.agent} }

// calls returns the calls that each canary has led to. A call without a canary's ID counts for the
// request that was under way in two cases: most requests have led to a call that looks like it, or
// the request has led to no call with the ID, and other calls of the service look like it. Any
// other call may be somebody else's.
func (l *Listen) calls(probes []*probe) map[*probe][]arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	calls := map[*probe][]arrival{}
	for _, p := range probes {
		calls[p] = nil
	}
	isSent := func(p *probe) bool { _, ok := calls[p]; return ok }
	withID, withoutID := map[callKind]bool{}, map[callKind]map[*probe]bool{}
	for _, a := range l.arrivals {
		k := a.kind()
		switch {
		case isSent(a.probe):
			calls[a.probe] = append(calls[a.probe], a)
			withID[k] = true
		case a.probe == nil && isSent(a.during):
			if withoutID[k] == nil {
				withoutID[k] = map[*probe]bool{}
			}
			withoutID[k][a.during] = true
		}
	}
	answered := countOf(probes, (*probe).answered)
	for _, a := range l.arrivals {
		if a.probe != nil || !isSent(a.during) {
			continue
		}
		others := calls[a.during]
		noID := len(others) == 0 || others[0].probe == nil
		if 2*len(withoutID[a.kind()]) > answered || withID[a.kind()] && noID || a.path == elsewhere {
			calls[a.during] = append(others, a)
		}
	}
	return calls
}
