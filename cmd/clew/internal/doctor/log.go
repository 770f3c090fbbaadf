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
	"example.com/clew/internal/timeline"
)

// An entry is a log line with the lines that continue it, such as a stack trace. entryPause is how
// long to wait for a further line. If none comes in that time, the entry has ended.
const entryPause = 50 * time.Millisecond

// Limits of the entries that are kept.
const (
	maxEntries = 200     // entries of one canary
	entryBytes = 4 << 20 // bytes in the texts of all entries
)

// Log holds the lines that a service writes while canaries are sent. A canary is a test request of
// clew doctor. The zero value is ready. A Log is safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	known   known
	entries map[*probe][]logged
	current map[*probe]bool // the canaries of the present target
	// lines is how many lines have come since the last call of expect. Lines about the canaries of
	// earlier targets do not count.
	lines int
	bytes int // of the entries that are kept

	path string // of the present target
	// others are lines that contain the path, but nothing that belongs to a canary, such as its
	// ID.
	others []*timeline.Entry
	// owed is how many requests to earlier targets have no line so far. The keys are paths.
	owed map[string]int
}

// expect sets the canaries that are sent next, and their path.
func (l *Log) expect(path string, probes []*probe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.path, l.others, l.lines = path, nil, 0
	l.known.add(probes)
	l.current = map[*probe]bool{}
	for _, p := range probes {
		l.current[p] = true
	}
	l.entries, l.bytes = map[*probe][]logged{}, 0
}

// Read reads a source to its end, and keeps the lines about canaries. The parameter config names
// the source and its service.
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
		timer.Reset(entryPause)
	}
}

// add keeps an entry if it is about a canary.
func (l *Log) add(e *timeline.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.known.find(e.Text)
	p := l.whose(found, e.Text)
	if p == nil || l.current[p] {
		l.lines++
	}
	switch {
	case l.bytes+len(e.Text) > entryBytes:
	case p == nil && len(l.others) < maxEntries && hasPath(e.Text, l.path):
		l.others = append(l.others, e)
		l.bytes += len(e.Text)
	case p != nil && len(l.entries[p]) < maxEntries:
		l.entries[p] = append(l.entries[p], l.read(p, e, found))
		l.bytes += len(e.Text)
	}
}

// whose returns the canary that a text is about, or nil. The parameter found has the trace IDs in
// the text. They decide first, then the user agent, then the span's ID.
func (l *Log) whose(found []mention, text string) *probe {
	if len(found) > 0 {
		return found[0].probe
	}
	if p := l.known.tagged(text); p != nil {
		return p
	}
	return l.known.span(text)
}

// read reads the line of a canary. The parameter found has the trace IDs in the line.
func (l *Log) read(p *probe, e *timeline.Entry, found []mention) logged {
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
	return one
}

// aboutAsMany reports whether so many lines may be the lines of so many requests. If there are
// more than 1.5 lines for each request, some of the lines belong to other requests.
func aboutAsMany(lines, requests int) bool { return lines >= requests && 2*lines <= 3*requests }

// hasPath reports whether a text contains a path as a whole, not as a part of a longer path.
func hasPath(text, path string) bool {
	for path != "" {
		at := strings.Index(text, path)
		if at < 0 {
			return false
		}
		end := at + len(path)
		if at > 0 && strings.IndexByte(` "'=`, text[at-1]) >= 0 && (end == len(text) || strings.IndexByte(` "'?,`, text[end]) >= 0) {
			return true
		}
		text = text[end:]
	}
	return false
}

// unrelated returns what the lines in l.others show. They contain the path, but nothing that
// belongs to a canary. They count as the lines of the canaries if no line is about a canary, and
// if there are about as many lines as canaries. While lines of an earlier target may still come,
// unrelated returns nothing, because the lines may be about that target.
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
		if p.answered() {
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
			what = fmt.Sprintf("none of its %d lines about %s has the ID; for example, %s the ID is %v", len(l.others), l.path, place(e), id)
			break
		}
	case aboutAsMany(len(without), len(sent)):
		kind, what = Dropped, fmt.Sprintf("none of its %d lines about %s has an ID", len(without), l.path)
	default:
		return nil
	}
	for _, p := range sent {
		if p.TraceID != "" && !p.Hostile {
			all = append(all, p.saw(inLogs, kind, what))
		}
	}
	return all
}

// owe is called after the target was judged. It notes how many of the target's lines may still
// come.
func (l *Log) owe(probes []*probe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	owed := -len(l.others)
	for _, p := range probes {
		if p.answered() && len(l.entries[p]) == 0 {
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

// unrelatedLines returns how many lines contain the path, but nothing that belongs to a canary.
func (l *Log) unrelatedLines() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.others)
}

// inLog returns what is seen of a canary in the lines. If one line of a service has the ID, the
// service has not lost it, even if other lines lack it. If a service writes lines of the level
// debug even for canaries without the debug flag, its debug lines do not show that it obeys the
// flag.
func (l *Log) inLog(p *probe) (all []seen) {
	l.mu.Lock()
	defer l.mu.Unlock()
	has, dumps := map[string]bool{}, l.dumps()
	for _, e := range l.entries[p] {
		for _, s := range p.inEntry(e) {
			s.writer = writer(e.entry)
			if kept(s.kind) && dumps[s.writer] && access.MatchString(e.entry.Text) {
				s.kind = repeated // another field of the log's format repeats the header
			}
			has[s.writer] = has[s.writer] || kept(s.kind) || s.kind == Restarted
			all = append(all, s)
		}
	}
	return slices.DeleteFunc(all, func(s seen) bool {
		return s.kind == Dropped && has[s.writer] || s.kind == DebugBelieved && l.alwaysDebugs(s.writer)
	})
}

// dumps returns the writers that write the request's headers into lines without a trace ID. A
// writer is the service of a line, or the source of a line that names no service.
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

// alwaysDebugs reports whether a writer has lines of the level debug about canaries without the
// debug flag.
func (l *Log) alwaysDebugs(by string) bool {
	for p, entries := range l.entries {
		if p.State != canary.Debug && slices.ContainsFunc(entries, func(e logged) bool { return writer(e.entry) == by && isDebug(e.entry) }) {
			return true
		}
	}
	return false
}

func isDebug(e *timeline.Entry) bool { return e.Level == "debug" || e.Level == "trace" }

// writer returns the service of a line, else the source of the line.
func writer(e *timeline.Entry) string { return cmp.Or(e.Service, e.Source) }
