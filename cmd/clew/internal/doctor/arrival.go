package doctor

import "net/http"

// arrival is a call from the service that has arrived at the listener. A canary is a test request
// of clew doctor to the service.
type arrival struct {
	probe  *probe // the canary that the call names; nil: the call names none
	during *probe // the canary whose request was under way; nil: none was
	path   string
	agent  string
	header http.Header // the headers that may show something about a trace
}

// size returns about how many bytes of memory an arrival needs.
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

// callKind is what the calls of one kind have in common: the path and the user agent.
type callKind struct{ path, agent string }

func (a arrival) kind() callKind { return callKind{a.path, a.agent} }

// calls returns the calls that the service has made for each canary. A call that names no canary
// may come from somebody else. It counts for the canary whose request was under way in three
// cases:
//
//   - Calls of its kind came during most requests.
//   - No call names that canary, but calls of this kind name other canaries.
//   - The call was redirected.
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
