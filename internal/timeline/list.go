package timeline

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/clew/internal/line"
)

// Filter says which traces are listed: those in which one line has all that is asked for. The zero
// value is all traces. Service alone may be that of any line. With a route, a status or a
// duration, the line is one of a request or a job.
type Filter struct {
	Service              string        // "": any
	Route                string        // "": any
	MinStatus, MaxStatus int           // zero: any
	Slower               time.Duration // than this; zero: any
	Error                bool          // traces in which something failed, or a line is at the level of errors
	Marked               bool          // traces that are marked; see [Lister.Mark]
	Since, Until         time.Time     // the trace began no earlier, and before; zero: any
}

// ParseStatus returns the statuses that a text means: "404", or "5xx".
func ParseStatus(text string) (low, high int, err error) {
	if len(text) == 3 && strings.EqualFold(text[1:], "xx") && text[0] >= '1' && text[0] <= '9' {
		low = int(text[0]-'0') * 100
		return low, low + 99, nil
	}
	low, err = strconv.Atoi(text)
	if err != nil || low < 100 || low > 999 {
		return 0, 0, errors.New("timeline: a status is three digits, or a digit and xx")
	}
	return low, low, nil
}

// Summary is a trace in a list.
type Summary struct {
	ID         ID
	Start, End time.Time // zero: no line has a time
	Record     string    // the message of the root's line: a request, call or job; "": no line reports one
	Service    string    // of the root; without one, of the first line
	Operation  string    // of the root
	Status     int
	Duration   time.Duration // of the root; without one, from the first line to the last
	Services   []string      // in the order of their names
	More       int           // lines of services that are not among them: more than maxNamed
	Spans      int           // that lines report
	Lines      int
	Errors     int // failed spans, and lines at the level of errors that report none
}

// maxNamed is how many services of a trace are kept.
const maxNamed = 32

// DefaultTraces is how many traces a [Lister] keeps, if it is not told: with about 300 bytes each,
// they are 300 MB.
const DefaultTraces = 1_000_000

// Lister lists traces. It is fed glances of lines in any order, and keeps the newest traces, as
// many as it may. It is not for concurrent use. Make it by [NewLister].
type Lister struct {
	filter Filter
	most   int

	open   map[ID]*summary
	low    map[uint64]*summary // one with this low half; the one without a high half, if there is
	names  map[string]string   // of services
	before int64               // traces that begin no later are not kept any more
	out    Left
}

// Left is what a list leaves out.
type Left struct {
	NoID    int       // lines without a trace ID
	Traces  int       // older traces that there was no room for
	Lines   int       // lines of theirs
	Before  time.Time // these began no later; zero: there are none
	Limited int       // traces that match, beyond the limit
}

// summary is a trace that is being summed up.
type summary struct {
	id                   ID
	first, last          int64 // of lines, in nanoseconds since 1970; none: never
	begin                int64 // of the root
	took                 time.Duration
	record               string // of the root, as the next two
	service, operation   string
	services             []string
	status               int32
	spans, lines, errors uint32
	more                 uint32
	root, match, marked  bool
}

const never = math.MaxInt64

// NewLister returns a lister that keeps so many traces; 0: DefaultTraces.
func NewLister(filter Filter, traces int) *Lister {
	if traces <= 0 {
		traces = DefaultTraces
	}
	return &Lister{
		filter: filter, most: traces, before: math.MinInt64,
		open: map[ID]*summary{}, low: map[uint64]*summary{}, names: map[string]string{},
	}
}

// Add takes a line.
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
		s = &summary{id: g.Trace, first: never, last: math.MinInt64, begin: never}
		l.open[g.Trace] = s
		if before := l.low[g.Trace.Low]; before == nil || g.Trace.High == 0 {
			l.low[g.Trace.Low] = s
		}
	}
	l.sum(s, g)
	if len(l.open) > l.most {
		l.drop()
	}
}

// find returns the trace with this ID; nil: it is not kept.
func (l *Lister) find(id ID) *summary {
	if s := l.open[id]; s != nil {
		return s
	}
	s := l.low[id.Low]
	switch {
	case s == nil || !s.id.Same(id):
		return nil
	case s.id.High == 0: // now its other half is known
		delete(l.open, s.id)
		s.id = id
		l.open[id] = s
	}
	return s
}

// sum adds a line to its trace.
func (l *Lister) sum(s *summary, g *Glance) {
	s.lines++
	at := nanoseconds(g.Time)
	if at != never {
		s.first, s.last = min(s.first, at), max(s.last, at)
	}
	if g.isError() {
		s.errors++
	}
	s.match = s.match || l.filter.matches(g)
	l.serves(s, g.Service)
	if g.Record != "" {
		s.spans++
		l.root(s, g, at)
	}
}

// isError tells whether something failed.
func (g *Glance) isError() bool { return isError(g.Level) || g.Record != "" && g.Status >= 500 }

// Mark marks the trace with this ID, if there is one, for Filter.Marked: one of its lines has
// something that a glance does not show.
func (l *Lister) Mark(id ID) {
	if s := l.find(id); s != nil && id != (ID{}) {
		s.marked = true
	}
}

// serves adds a service.
func (l *Lister) serves(s *summary, service string) {
	if service == "" || slices.Contains(s.services, service) {
		return
	}
	if len(s.services) == maxNamed {
		s.more++
		return
	}
	s.services = append(s.services, l.name(service))
}

// maxServiceNames is how many names of services are kept for all traces together. More would be an
// attack.
const maxServiceNames = 1 << 16

// name returns a copy of a service's name, one for all traces. A very long name is shortened.
func (l *Lister) name(service string) string {
	if name, ok := l.names[service]; ok {
		return name
	}
	name := short256(service)
	if len(l.names) < maxServiceNames && name == service {
		l.names[name] = name
	}
	return name
}

// short256 returns a copy of s, or of its first 256 bytes.
func short256(s string) string {
	if len(s) <= 256 {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:256], "") + "…"
}

// root takes the line for the trace's root, if it is a better one than that which it has: the line
// names no parent, or began earlier. A call is one only without any request or job.
func (l *Lister) root(s *summary, g *Glance, at int64) {
	begin := at
	if at != never {
		begin = earlierBy(at, g.Duration)
	}
	is := rank(g.Record, g.Parent == 0)
	if was := rank(s.record, s.root); is < was || is == was && begin >= s.begin {
		return
	}
	s.record, s.root, s.begin, s.took, s.status = g.Record, g.Parent == 0, begin, max(g.Duration, 0), int32(g.Status)
	s.service, s.operation = l.name(g.Service), short256(join(g.Method, g.Route))
}

// rank orders spans by how likely they are the root.
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

// matches tells whether a line has all that is asked of one.
func (f *Filter) matches(g *Glance) bool {
	if f.Service != "" && f.Service != g.Service || f.Error && !g.isError() {
		return false
	}
	if f.Route == "" && f.MinStatus == 0 && f.Slower == 0 {
		return true
	}
	return g.Record != "" && g.Record != line.MessageCall && (f.Route == "" || f.Route == g.Route) &&
		(f.MinStatus == 0 || g.Status >= f.MinStatus && g.Status <= max(f.MaxStatus, f.MinStatus)) && g.Duration >= f.Slower
}

// drop leaves out the oldest quarter of the traces. Lines of such traces that come later are left
// out as well, if they are as old: a list of newest traces has none of which a part is missing,
// whatever order the sources are read in.
func (l *Lister) drop() {
	starts := make([]int64, 0, len(l.open))
	for _, s := range l.open {
		starts = append(starts, s.start())
	}
	slices.Sort(starts)
	l.before = starts[len(starts)/4]
	for id, s := range l.open {
		if s.start() > l.before {
			continue
		}
		l.out.Traces++
		l.out.Lines += int(s.lines)
		delete(l.open, id)
		if l.low[id.Low] == s {
			delete(l.low, id.Low)
		}
	}
}

// start is when the trace began.
func (s *summary) start() int64 { return min(s.begin, s.first) }

// nanoseconds returns a time since 1970, and never for the zero time. Times that are too far away
// are the nearest that are not.
func nanoseconds(t time.Time) int64 {
	switch {
	case t.IsZero():
		return never
	case t.Year() < 1680:
		return math.MinInt64 + 1
	case t.Year() > 2260:
		return never - 1
	}
	return t.UnixNano()
}

// earlierBy returns a time that is so much earlier.
func earlierBy(at int64, d time.Duration) int64 {
	if d <= 0 || at-int64(d) > at {
		return at
	}
	return at - int64(d)
}

// List returns the traces that match, the newest first, no more than limit; 0: all. Left says what
// is missing.
func (l *Lister) List(limit int) ([]Summary, Left) {
	var matching []*summary
	for _, s := range l.open {
		if l.wants(s) {
			matching = append(matching, s)
		}
	}
	slices.SortFunc(matching, func(a, b *summary) int {
		return cmp.Or(cmp.Compare(b.known(), a.known()), cmp.Compare(a.id.High, b.id.High), cmp.Compare(a.id.Low, b.id.Low))
	})
	left := l.out
	if l.before != math.MinInt64 {
		left.Before = time.Unix(0, l.before).UTC()
	}
	if limit > 0 && len(matching) > limit {
		left.Limited = len(matching) - limit
		matching = matching[:limit]
	}
	all := make([]Summary, len(matching))
	for i, s := range matching {
		all[i] = s.summary()
	}
	return all, left
}

// known is when the trace began; traces without a time are the oldest.
func (s *summary) known() int64 {
	if start := s.start(); start != never {
		return start
	}
	return math.MinInt64
}

// wants tells whether a trace matches the filter.
func (l *Lister) wants(s *summary) bool {
	f := &l.filter
	start := s.known()
	return s.match && (!f.Marked || s.marked) &&
		(f.Since.IsZero() || start >= nanoseconds(f.Since)) && (f.Until.IsZero() || start < nanoseconds(f.Until))
}

func (s *summary) summary() Summary {
	r := Summary{
		ID: s.id, Record: s.record, Service: s.service, Operation: s.operation, Status: int(s.status), Duration: s.took,
		Services: slices.Sorted(slices.Values(s.services)), More: int(s.more), Spans: int(s.spans), Lines: int(s.lines), Errors: int(s.errors),
	}
	if start := s.start(); start != never {
		r.Start, r.End = time.Unix(0, start).UTC(), time.Unix(0, max(s.last, start)).UTC()
	}
	if s.record == "" {
		r.Duration = r.End.Sub(r.Start)
		if len(s.services) > 0 {
			r.Service = s.services[0]
		}
	}
	return r
}
