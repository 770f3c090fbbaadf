package timeline

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"example.com/clew/internal/line"
)

// DefaultTraces is the number of traces that a [Lister] keeps by default. So many traces usually
// need 250 MB, and never more than 320 MB.
const DefaultTraces = 1_000_000

const (
	// traceBytes is the largest average memory of a trace. If long texts make the average larger,
	// fewer traces are kept.
	traceBytes = 320

	// summaryBytes is the memory of a trace. It includes the trace's place in the map, but not its
	// texts.
	summaryBytes = 250
)

// Lister lists traces. It accepts the glances of lines in any order. If there are more traces than
// its limit, it keeps the newest ones. A Lister is not safe for concurrent use. Make one with
// [NewLister].
type Lister struct {
	filter Filter
	most   int

	open   map[uint64]*tally // the first trace for each low half of an ID
	n      int               // the number of open traces
	chunks [][]tally         // all tallies; a tally in use has an ID
	free   []*tally          // tallies that are no longer in use
	bytes  int               // the memory of the open traces

	names      nameList             // of services
	operations map[operation]string // recent names of operations

	before int64 // a trace that began at this time or earlier is no longer kept
	out    Left
}

// operation is the name of an operation in two parts.
type operation struct{ method, route string }

// NewLister returns a lister that keeps at most that many traces; 0 means DefaultTraces.
func NewLister(filter Filter, traces int) *Lister {
	if traces <= 0 {
		traces = DefaultTraces
	}
	return &Lister{
		filter: filter, most: traces, before: math.MinInt64,
		open: map[uint64]*tally{}, operations: map[operation]string{},
	}
}

// Add adds the line that has the glance g.
func (l *Lister) Add(g *Glance) {
	if g.Trace == (ID{}) {
		l.out.NoID++
		return
	}
	s := l.find(g.Trace)
	if s == nil {
		at := nanoseconds(g.Time)
		if at <= l.before {
			l.out.Lines++
			return
		}
		s = l.begin(g.Trace)
	}
	l.sum(s, g)
	if l.n > l.most || l.bytes > l.most*traceBytes {
		l.drop()
	}
}

// begin opens a trace.
func (l *Lister) begin(id ID) *tally {
	s := l.room()
	*s = tally{id: id, first: never, last: math.MinInt64, begin: never}
	l.bytes += summaryBytes
	l.n++
	if first := l.open[id.Low]; first != nil {
		s.next, first.next = first.next, s
	} else {
		l.open[id.Low] = s
	}
	return s
}

// room returns an unused tally. It allocates many tallies at a time.
func (l *Lister) room() (s *tally) {
	if n := len(l.free); n > 0 {
		s, l.free = l.free[n-1], l.free[:n-1]
		return s
	}
	last := len(l.chunks) - 1
	if last < 0 || len(l.chunks[last]) == cap(l.chunks[last]) {
		l.chunks = append(l.chunks, make([]tally, 0, min(l.most+1, 512)))
		last++
	}
	chunk := l.chunks[last]
	chunk = chunk[:len(chunk)+1]
	l.chunks[last] = chunk
	return &chunk[len(chunk)-1]
}

// all yields the open traces in the order of their addresses in memory. A walk through the map
// would take much longer.
func (l *Lister) all(yield func(*tally) bool) {
	for _, chunk := range l.chunks {
		for i := range chunk {
			if s := &chunk[i]; s.id != (ID{}) && !yield(s) {
				return
			}
		}
	}
}

// find returns the trace with this ID; nil: it is not kept. If a high half is unknown, find
// returns the first trace with the same low half.
func (l *Lister) find(id ID) *tally {
	for s := l.open[id.Low]; s != nil; s = s.next {
		if s.id.Same(id) {
			s.id.High |= id.High // the high half is known now
			return s
		}
	}
	return nil
}

// sum adds a line to its trace.
func (l *Lister) sum(s *tally, g *Glance) {
	s.lines++
	at := nanoseconds(g.Time)
	if at != never {
		s.first, s.last = min(s.first, at), max(s.last, at)
	}
	if g.isError() {
		s.errors++
	}
	s.match = s.match || l.filter.matches(g)
	l.serves(s, g.Service, at)
	if g.Record != "" {
		s.spans++
		l.root(s, g, at)
	}
}

// isError reports whether the line is at the level of errors, or is a record with a status of 500
// or more.
func (g *Glance) isError() bool { return isError(g.Level) || g.Record != "" && g.Status >= 500 }

// Mark marks the trace with this ID, if the trace is kept. Filter.Marked selects the marked
// traces. So a caller can select traces by a property of lines that a glance does not show.
func (l *Lister) Mark(id ID) {
	if s := l.find(id); s != nil && id != (ID{}) {
		s.marked = true
	}
}

// serves adds to the trace s a service that has written a line. The parameter at is the line's
// time.
func (l *Lister) serves(s *tally, service string, at int64) {
	if service == "" {
		return
	}
	id := l.names.of(service)
	// Sources are read at the same time, so two lines with the same time may come in either order.
	if s.named == 0 || at < s.namedAt || at == s.namedAt && service < l.names.name(s.named) {
		s.named, s.namedAt = id, at
	}
	for i := range s.few {
		switch s.few[i] {
		case id:
			return
		case 0:
			s.few[i] = id
			return
		}
	}
	switch {
	case slices.Contains(s.others, id):
	case len(s.few)+len(s.others) == maxNamed:
		s.more++
	default:
		s.others = append(s.others, id)
		l.bytes += 4 // twice the size of an ID, because append makes room for more
	}
}

// operation returns the name of an operation. Most traces share this text with others.
func (l *Lister) operation(method, route string) string {
	key := operation{method, route}
	if name, ok := l.operations[key]; ok {
		return name
	}
	if len(l.operations) == maxOperations {
		clear(l.operations)
	}
	name := short256(join(method, route))
	if len(method)+len(route) <= len(name) {
		l.operations[operation{strings.Clone(method), strings.Clone(route)}] = name
	}
	return name
}

// maxOperations is the largest number of names that are kept for later traces. It is limited,
// because a path with an ID never occurs again.
const maxOperations = 1024

// short256 returns a copy of s, or of its first 256 bytes.
func short256(s string) string {
	if len(s) <= 256 {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:256-len("…")], "") + "…"
}

// root makes the line the root of the trace, if the line is a better root than the present one. A
// line without a parent is better than a line with one. If both or none have a parent, a request
// or a job is better than a call. If that does not decide either, the earlier line is better.
func (l *Lister) root(s *tally, g *Glance, at int64) {
	begin := at
	if at != never {
		begin = earlierBy(at, g.Duration)
	}
	is := rank(g.Record, g.Parent == 0)
	if was := rank(records[s.record], s.root); is < was || is == was && begin >= s.begin {
		return
	}
	s.record, s.root, s.begin, s.took, s.status = recordOf(g.Record), g.Parent == 0, begin, max(g.Duration, 0), int32(g.Status)
	l.bytes -= len(s.operation)
	s.service, s.operation = l.names.of(g.Service), l.operation(g.Method, g.Route)
	l.bytes += len(s.operation)
}

// rank returns a higher number for a span that is more likely the root.
func rank(record string, root bool) int {
	r := 0
	switch {
	case record == "":
		return -1
	case root:
		r = 2
	}
	if record != line.MessageCall {
		r++
	}
	return r
}

// drop leaves out the oldest quarter of the traces. If Add gets further lines of these traces, it
// leaves them out as well. So each trace in the list is complete, whatever the order of the
// sources.
func (l *Lister) drop() {
	starts := make([]int64, 0, l.n)
	for s := range l.all {
		starts = append(starts, s.start())
	}
	slices.Sort(starts)
	l.before = starts[len(starts)/4]
	for s := range l.all {
		if s.start() > l.before {
			continue
		}
		l.out.Traces++
		l.out.Lines += int(s.lines)
		l.bytes -= s.bytes()
		l.close(s)
		*s = tally{}
		l.free = append(l.free, s)
	}
}

// close removes a trace from the open ones.
func (l *Lister) close(s *tally) {
	l.n--
	before := l.open[s.id.Low]
	switch {
	case before != s:
		for before.next != s {
			before = before.next
		}
		before.next = s.next
	case s.next != nil:
		l.open[s.id.Low] = s.next
	default:
		delete(l.open, s.id.Low)
	}
}

// List returns the traces that match, the newest first. It returns no more than limit traces; a
// limit of 0 means all. The result Left counts what is missing.
func (l *Lister) List(limit int) ([]Summary, Left) {
	matching, n := l.matching(limit)
	left := l.out
	left.Limited = n - len(matching)
	if l.before != math.MinInt64 {
		left.Before = time.Unix(0, l.before).UTC()
	}
	all := make([]Summary, len(matching))
	for i, s := range matching {
		all[i] = l.summary(s)
	}
	return all, left
}

// matching returns the traces that List returns, and the number of all traces that match.
func (l *Lister) matching(limit int) (matching []*tally, n int) {
	for s := range l.all {
		if !l.wants(s) {
			continue
		}
		n++
		matching = append(matching, s)
		if limit > 0 && len(matching) == 2*max(limit, 512) { // a sort of all would take long
			matching = newest(matching, limit)
		}
	}
	return newest(matching, limit), n
}

// newest sorts traces, the newest first. It returns no more than limit of them; 0 means all.
func newest(traces []*tally, limit int) []*tally {
	slices.SortFunc(traces, func(a, b *tally) int {
		return cmp.Or(cmp.Compare(b.known(), a.known()), cmp.Compare(a.id.High, b.id.High), cmp.Compare(a.id.Low, b.id.Low))
	})
	if limit > 0 && len(traces) > limit {
		traces = traces[:limit]
	}
	return traces
}

// wants reports whether a trace matches the filter.
func (l *Lister) wants(s *tally) bool {
	f := &l.filter
	start := s.known()
	return s.match && (!f.Marked || s.marked) &&
		(f.Since.IsZero() || start >= nanoseconds(f.Since)) && (f.Until.IsZero() || start < nanoseconds(f.Until))
}
