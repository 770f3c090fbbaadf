package servicemap

import "time"

// heard is what lines show about services, apart from traces.
type heard struct {
	voices map[uint16]*voiced // by the service's number
	places int                // the number of places in all voices

	longest uint32 // the longest duration in any line, packed
}

// voiced is what the lines of one service show. A place is where in the source code a line was
// logged: file and line number, or a logger's name.
type voiced struct {
	period
	lines, noID int64
	requests    int64            // a request counts twice if two sources have its line
	places      map[string]int64 // lines without an ID, by place
	elsewhere   int64            // lines without an ID at places that are not kept
}

// period is the time from the first line to the last. The zero value contains no time.
type period struct {
	from, until int64
	any         bool
}

// add extends the period to include a time.
func (p *period) add(at int64) {
	switch {
	case at == never:
	case !p.any:
		p.from, p.until, p.any = at, at, true
	default:
		p.from, p.until = min(p.from, at), max(p.until, at)
	}
}

// covers reports whether a row begins and ends in the period, with a margin for clocks that differ
// a little. A row without a time is in no period.
func (p *period) covers(r *row) bool {
	if !p.any || r.at == never {
		return false
	}
	apart := min(int64(2*time.Second), (p.until-p.from)/10)
	return r.begin() >= p.from+apart && r.at <= p.until-apart
}

// mostPlaces is how many places that log without an ID are kept.
const mostPlaces = 4_000

func newHeard() heard { return heard{voices: map[uint16]*voiced{}} }

// voice returns what the lines of a service show. A new service has counts of zero.
func (h *heard) voice(service uint16) *voiced {
	v := h.voices[service]
	if v == nil {
		v = &voiced{places: map[string]int64{}}
		h.voices[service] = v
	}
	return v
}

// noPlace counts n lines without an ID that a service has written at a place.
func (h *heard) noPlace(v *voiced, place string, n int64) {
	if _, ok := v.places[place]; !ok {
		if h.places == mostPlaces {
			v.elsewhere += n
			return
		}
		h.places++
	}
	v.places[place] += n
}

// merge adds everything from other.
func (h *heard) merge(other *heard) {
	h.longest = max(h.longest, other.longest)
	for service, v := range other.voices {
		all := h.voice(service)
		if v.any {
			all.add(v.from)
			all.add(v.until)
		}
		all.lines += v.lines
		all.noID += v.noID
		all.requests += v.requests
		all.elsewhere += v.elsewhere
		for place, n := range v.places {
			h.noPlace(all, place, n)
		}
	}
}
