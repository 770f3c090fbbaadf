package doctor

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/clew/internal/canary"
	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

// quiet is how long after the last line an entry has ended.
const quiet = 50 * time.Millisecond

const (
	maxEntries = 200     // that are kept of a canary
	maxText    = 4 << 20 // bytes of their text, of all canaries
)

// Log is the lines that a service writes while canaries are sent. The zero value is ready. It may
// be used by several goroutines at once.
type Log struct {
	mu      sync.Mutex
	known   known
	entries map[*probe][]logged
	current map[*probe]bool // those that are sent now
	lines   int             // that came meanwhile, and are about no others
	text    int             // bytes of the entries that are kept

	path   string            // of the URL whose canaries are sent
	others []*timeline.Entry // lines that have the path, and nothing of a canary
	owed   map[string]int    // by path: requests to targets before, whose lines may still come
}

// logged is a line about a canary.
type logged struct {
	entry *timeline.Entry
	said  string // the canary's ID, wherever it stands; "": the line is known by something else

	// Both are without the request's headers, if the line shows them.
	shows bool
	trace timeline.ID
	ids   []mention // of the canary's trace
}

// expect says which canaries are sent from now on, and to which path.
func (l *Log) expect(path string, probes []*probe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.path, l.others, l.lines = path, nil, 0
	l.known.add(probes)
	l.current = map[*probe]bool{}
	for _, p := range probes {
		l.current[p] = true
	}
	l.entries, l.text = map[*probe][]logged{}, 0
}

// Read reads a source to its end, and keeps what is about canaries. Config has the source's name
// and service.
func (l *Log) Read(r io.Reader, config timeline.ParserConfig) error {
	var mu sync.Mutex // of the parser
	parser := timeline.NewParser(config)
	flush := func() {
		mu.Lock()
		defer mu.Unlock()
		for e := parser.Flush(); e != nil; e = parser.Flush() {
			l.add(e)
		}
	}
	timer := time.AfterFunc(time.Hour, flush)
	defer timer.Stop()
	lines := timeline.NewReader(r, time.Time{})
	for {
		raw, err := lines.Next()
		if err != nil {
			flush()
			if err == io.EOF {
				return nil
			}
			return err
		}
		mu.Lock()
		if e := parser.Parse(*raw); e != nil {
			l.add(e)
		}
		mu.Unlock()
		timer.Reset(quiet)
	}
}

// add keeps an entry if it is about a canary.
func (l *Log) add(e *timeline.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.known.find(e.Text)
	var p *probe
	if len(found) > 0 {
		p = found[0].probe
	} else if p = l.known.tagged(e.Text); p == nil {
		p = l.known.span(e.Text)
	}
	if p == nil || l.current[p] {
		l.lines++
	}
	if l.text+len(e.Text) > maxText {
		return
	}
	if p == nil && len(l.others) < maxEntries && hasPath(e.Text, l.path) {
		l.others = append(l.others, e)
		l.text += len(e.Text)
	}
	if p == nil || len(l.entries[p]) >= maxEntries {
		return
	}
	l.text += len(e.Text)
	one := logged{entry: e, trace: e.Trace}
	if len(found) > 0 {
		one.said = found[0].text
	}
	if bare := p.withoutHeaders(e.Text); bare != e.Text {
		one.shows, one.trace, found = true, traceOf(bare), l.known.find(bare)
	}
	for _, m := range found {
		if m.probe == p {
			one.ids = append(one.ids, m)
		}
	}
	l.entries[p] = append(l.entries[p], one)
}

// aboutAsMany tells whether lines may be those of the requests: more would be somebody else's.
func aboutAsMany(lines, requests int) bool { return lines >= requests && 2*lines <= 3*requests }

// hasPath tells whether a path stands in a text, with no more of a path around it.
func hasPath(text, path string) bool {
	for rest := text; path != ""; {
		at := strings.Index(rest, path)
		if at < 0 {
			return false
		}
		end := at + len(path)
		if at > 0 && strings.IndexByte(` "'=`, rest[at-1]) >= 0 && (end == len(rest) || strings.IndexByte(` "'?,`, rest[end]) >= 0) {
			return true
		}
		rest = rest[end:]
	}
	return false
}

// unrelated returns what lines tell that have the path, where none has anything of a canary: if
// there are as many as requests, they are the requests' lines. Where lines of a target before may
// still come, nobody can tell whose they are.
func (l *Log) unrelated(probes []*probe) (all []seen) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owed[l.path] > 0 {
		return nil
	}
	var sent []*probe
	for _, p := range probes {
		if len(l.entries[p]) > 0 {
			return nil
		}
		if p.answer.err == nil {
			sent = append(sent, p)
		}
	}
	with, without := map[timeline.ID]*timeline.Entry{}, []*timeline.Entry{}
	for _, e := range l.others {
		if e.Trace == (timeline.ID{}) {
			without = append(without, e)
		} else if with[e.Trace] == nil {
			with[e.Trace] = e
		}
	}
	kind, what := Restarted, ""
	switch {
	case aboutAsMany(len(with), len(sent)):
		for id, e := range with {
			what = fmt.Sprintf("none of its %d lines about %s has the ID; one, %s, has %v", len(l.others), l.path, place(e), id)
			break
		}
	case aboutAsMany(len(without), len(sent)):
		kind, what = Dropped, fmt.Sprintf("none of its %d lines about %s has an ID", len(without), l.path)
	default:
		return nil
	}
	for _, p := range sent {
		if p.TraceID != "" && !p.Hostile {
			all = append(all, seen{probe: p, where: inLogs, kind: kind, what: what})
		}
	}
	return all
}

// owe notes how many lines of a target may still come.
func (l *Log) owe(probes []*probe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	owed := -len(l.others)
	for _, p := range probes {
		if p.answer.err == nil && len(l.entries[p]) == 0 {
			owed++
		}
	}
	if l.owed == nil {
		l.owed = map[string]int{}
	}
	l.owed[l.path] += max(owed, 0)
}

func (l *Log) has(p *probe) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries[p]) > 0
}

// unrelatedLines counts the lines that have the path alone.
func (l *Log) unrelatedLines() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.others)
}

// inLog returns what the lines tell of a canary. A service that has the ID in one of its lines has
// not lost it, whatever other lines it writes. One that logs at debug without being asked to does
// not believe anybody.
func (l *Log) inLog(p *probe) (all []seen) {
	l.mu.Lock()
	defer l.mu.Unlock()
	has, dumps := map[string]bool{}, l.dumps()
	for _, e := range l.entries[p] {
		for _, s := range p.inEntry(e) {
			s.writer = writer(e.entry)
			if kept(s.kind) && dumps[s.writer] && access.MatchString(e.entry.Text) {
				s.kind = repeated // by another field of the same format
			}
			has[s.writer] = has[s.writer] || kept(s.kind) || s.kind == Restarted
			all = append(all, s)
		}
	}
	return slices.DeleteFunc(all, func(s seen) bool {
		return s.kind == Dropped && has[s.writer] || s.kind == DebugBelieved && l.alwaysDebugs(s.writer)
	})
}

// dumps are the writers that write the request's headers into their lines.
func (l *Log) dumps() map[string]bool {
	by := map[string]bool{}
	for _, entries := range l.entries {
		for _, e := range entries {
			if e.shows && e.trace == (timeline.ID{}) {
				by[writer(e.entry)] = true
			}
		}
	}
	return by
}

// alwaysDebugs tells whether a writer has lines at debug of canaries that do not ask for it.
func (l *Log) alwaysDebugs(by string) bool {
	for p, entries := range l.entries {
		if p.State != canary.Debug && slices.ContainsFunc(entries, func(e logged) bool { return writer(e.entry) == by && isDebug(e.entry) }) {
			return true
		}
	}
	return false
}

func isDebug(e *timeline.Entry) bool { return e.Level == "debug" || e.Level == "trace" }

// writer is the service that has written a line, or the source that it stands in.
func writer(e *timeline.Entry) string { return cmp.Or(e.Service, e.Source) }

// inEntry returns what a line tells of a canary.
func (p *probe) inEntry(e logged) (all []seen) {
	if p.Mark != "" && strings.Contains(e.entry.Text, p.Mark) {
		all = append(all, seen{probe: p, where: inLogs, kind: Echoed, what: place(e.entry)})
	}
	if p.TraceID == "" {
		if refused(e, p) {
			all = append(all, seen{probe: p, where: inLogs, kind: Misread, what: fmt.Sprintf("%s is %v, out of a malformed header", place(e.entry), e.trace)})
		}
		return all
	}
	s := p.inLine(e)
	return append(append(all, s), p.lineDecision(e.entry, s.kind)...)
}

// inLine tells what has become of the trace that a line is of.
func (p *probe) inLine(e logged) seen {
	where := place(e.entry)
	id := e.trace
	want, _ := timeline.ParseID(p.TraceID)
	switch {
	case id == (timeline.ID{}) && e.said != "":
		return seen{probe: p, where: inLogs, kind: repeated, what: where + " is " + e.said}
	case id == (timeline.ID{}):
		return seen{probe: p, where: inLogs, kind: Dropped, what: where}
	case !id.Same(want):
		what := fmt.Sprintf("%s is %v", where, id)
		if r, ok := e.entry.Record.(*line.Request); ok && sameLow(r.UntrustedTraceID, p.TraceID) {
			what += ", and the caller's ID is noted as not believed"
		}
		return seen{probe: p, where: inLogs, kind: Restarted, what: what}
	}
	kind, text := Restarted, ""
	for _, m := range e.ids { // an ID as it was sent goes before one that is padded
		if k := p.matched(inLogs, m, "").kind; text == "" || k == Adopted {
			kind, text = k, m.text
		}
	}
	return seen{probe: p, where: inLogs, kind: kind, what: where + " is " + text}
}

// lineDecision tells what a line says of the decision, if it says anything: lines of our own about
// requests do, and others that have a field for it.
func (p *probe) lineDecision(e *timeline.Entry, kind Kind) []seen {
	if !kept(kind) {
		return nil
	}
	_, says := e.Record.(*line.Request)
	sampled := e.Sampled
	for _, f := range e.Fields {
		if value := strings.ToLower(f.Value); slices.Contains(decisionFields, f.Key) && slices.Contains(decisionValues, value) {
			says, sampled = true, value != "false" && strings.Trim(value, "0") != ""
		}
	}
	switch {
	case p.State == canary.Debug && isDebug(e):
		return []seen{{probe: p, where: inLogs, kind: DebugBelieved, what: place(e) + " is at the level " + e.Level}}
	case !says && !sampled:
		return nil
	case p.State == canary.Deny && sampled:
		return []seen{{probe: p, where: inLogs, kind: Resampled, what: "deny came in, and " + place(e) + " is sampled"}}
	case p.State == canary.Accept && !sampled:
		return []seen{{probe: p, where: inLogs, kind: Resampled, what: "accept came in, and " + place(e) + " is not sampled"}}
	case p.State == canary.Deny || p.State == canary.Accept:
		return []seen{{probe: p, where: inLogs, kind: obeyed}}
	}
	return nil
}

// The fields of others in which a decision stands, and their values.
var (
	decisionFields = []string{line.Ours.Key(line.Sampled), "traceSampled", line.GoogleSampled, "trace_flags", "traceFlags"}
	decisionValues = []string{"true", "false", "0", "1", "00", "01"}
)

func refused(e logged, p *probe) bool {
	id, err := timeline.ParseID(p.Refused)
	return p.Refused != "" && err == nil && e.trace == id
}

// place says which line it is.
func place(e *timeline.Entry) string {
	if e.Service != "" {
		return "in a line of " + e.Service
	}
	return fmt.Sprintf("in %s:%d", e.Source, e.Number)
}
