package main

import (
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/clew/internal/timeline"
)

type traceID = timeline.ID

// engine reads lines and shows the answer: the tree of one trace, or the list of traces.
type engine struct {
	query  query
	view   view
	search *timeline.Search
	parts  []*part
	live   *writer // where --follow writes

	mu     sync.Mutex
	lister *timeline.Lister
	keeper *timeline.Keeper // has the lines of the trace that is asked for
	store  *timeline.Store  // has the lines of the traces of a list, if whole traces are shown
	noRoom int              // traces of the list whose lines the store has not kept
	traces []timeline.Summary
	left   timeline.Left
	built  *timeline.Tree // of the trace that is asked for; nil: it is not built yet
}

func newEngine(q query, v view, live *writer) *engine {
	var forms [][]byte
	for _, form := range q.id.Forms() {
		forms = append(forms, []byte(form))
	}
	filter := timeline.Filter{
		Service: q.service, Route: q.route, Statuses: q.statuses, Slower: q.slower,
		Error: q.failed, Marked: len(q.where) > 0, Since: q.since, Until: q.until,
	}
	return &engine{
		query: q, view: v, search: timeline.NewSearch(forms), live: live,
		lister: timeline.NewLister(filter, 0), keeper: timeline.NewKeeper(0), store: timeline.NewStore(v.room),
	}
}

// part reads one source. Parts are shown in the order in which they were made.
type part struct {
	input
	engine *engine

	// mu guards the fields below and the parser, because a timer of --follow uses them, too.
	mu sync.Mutex
	// A glance is what a list needs of a line. The lister has not got these glances yet.
	glances []timeline.Glance
	// An entry is a log line with the lines that continue it, such as a stack trace. The field
	// found counts the entries of the trace that is asked for.
	found int
}

// part returns a part for a source. The parameter service is the service to assume for lines that
// name none.
func (e *engine) part(name, service string) reader {
	p := &part{engine: e, input: newInput(name, timeline.ParserConfig{Service: service, Keys: e.query.keys, Trace: e.query.id})}
	e.parts = append(e.parts, p)
	return p
}

// read reads a source.
func (p *part) read(r io.Reader) error {
	if p.engine.query.one && !p.engine.query.follow {
		_, err := timeline.Find(r, p.engine.search, nil, p.parse)
		return err
	}
	return p.parse(r, 1)
}

// parse reads whole lines. The parameter number is the line number of the first one.
func (p *part) parse(r io.Reader, number int) error {
	lines := timeline.NewReader(r, p.when)
	defer func() { p.dropped += lines.Dropped() }()
	quiet := p.endsWhenQuiet()
	defer quiet()
	for {
		raw, err := lines.Next()
		if err != nil {
			p.end()
			if err == io.EOF {
				return nil
			}
			return err
		}
		raw.Number += number - 1
		p.line(*raw)
		quiet()
	}
}

// line adds the next line of the source.
func (p *part) line(raw timeline.Raw) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.entire() {
		p.take(p.parser.Parse(raw))
		return
	}
	if g, ok := p.parser.Glance(raw); ok {
		p.glance(g)
	}
}

// entire reports whether lines are read as entries. For a list, glances are enough.
func (p *part) entire() bool {
	return p.engine.query.one || len(p.engine.query.where) > 0 || p.engine.view.whole
}

// end ends the entry that is being read. The next line begins another one.
func (p *part) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.parser == nil { // the timer of --follow has fired after finish
		return
	}
	for e := p.parser.Flush(); e != nil; e = p.parser.Flush() {
		p.take(e)
	}
	p.list()
}

// endsWhenQuiet returns a function to call after each line of a source that is followed. An entry
// ends when no other line comes for a while.
func (p *part) endsWhenQuiet() func() {
	if !p.engine.query.follow {
		return func() {}
	}
	timer := time.AfterFunc(time.Hour, p.end)
	return func() { timer.Reset(50 * time.Millisecond) }
}

// take adds an entry. A nil entry adds nothing.
func (p *part) take(e *timeline.Entry) {
	q := p.engine.query
	switch {
	case e == nil:
	case !q.one:
		if e.Trace != (traceID{}) {
			p.glance(timeline.GlanceOf(e))
			if p.engine.view.whole {
				p.engine.keep(e)
			}
			if hasFields(e, q.where) {
				p.list()
				p.engine.mark(e.Trace)
			}
		}
	case e.Trace.Same(q.id) && q.spans(e.Time):
		p.engine.keep(e)
		p.found++
		if q.follow {
			p.engine.live.Write(p.engine.view.line(e))
			p.engine.live.flush()
		}
	}
}

// hasFields reports whether an entry has all these fields.
func hasFields(e *timeline.Entry, fields map[string]string) bool {
	for key, want := range fields {
		found := false
		for _, f := range e.Fields {
			found = found || f.Key == key && f.Value == want
		}
		if !found {
			return false
		}
	}
	return len(fields) > 0
}

// glance keeps a glance for the lister. Parts are read at the same time, so each locks the lister
// rarely, and then gives it many glances.
func (p *part) glance(g timeline.Glance) {
	p.glances = append(p.glances, g)
	switch n := len(p.glances); {
	case n == manyGlances:
		p.list()
	case n >= fewGlances && p.engine.mu.TryLock(): // a part that would have to wait collects more
		p.listLocked()
		p.engine.mu.Unlock()
	}
}

// A part gives its glances to the lister when it has fewGlances and nobody else holds the lock. At
// manyGlances, it waits for the lock.
const (
	fewGlances  = 512
	manyGlances = 4096
)

func (p *part) list() {
	p.engine.mu.Lock()
	defer p.engine.mu.Unlock()
	p.listLocked()
}

func (p *part) listLocked() {
	e := p.engine
	for i := range p.glances {
		e.lister.Add(&p.glances[i])
	}
	p.glances = p.glances[:0]
}

func (e *engine) keep(entry *timeline.Entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.query.one {
		e.keeper.Add(entry)
		return
	}
	e.store.Add(entry)
}

func (e *engine) mark(id traceID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lister.Mark(id)
}

// line returns an entry as --follow shows it. With -o json it is an object on a line.
func (v view) line(e *timeline.Entry) []byte {
	if v.output == "json" {
		return e.AppendJSON(nil)
	}
	return []byte(lineOf(e))
}

// lineOf returns an entry as text.
func lineOf(e *timeline.Entry) string {
	when := ""
	if !e.Time.IsZero() {
		when = e.Time.Format("15:04:05.000000") + " "
	}
	var b strings.Builder
	for i, text := range strings.Split(when+e.Service+" "+e.Level+" "+e.Message, "\n") {
		if i > 0 {
			b.WriteString("    ")
		}
		b.WriteString(printable(strings.ReplaceAll(text, "\t", "    ")) + "\n")
	}
	return b.String()
}

// list returns the traces of the list. It must be called after everything was read.
func (e *engine) list() ([]timeline.Summary, timeline.Left) {
	if e.traces == nil {
		limit := e.query.limit
		if e.view.whole && (limit == 0 || limit > mostWhole) {
			limit = mostWhole
		}
		e.traces, e.left = e.lister.List(limit)
	}
	return e.traces, e.left
}

// show writes the answer.
func (e *engine) show(w io.Writer) (found bool, err error) {
	if exports[e.view.output] {
		return export(w, e.view.output, e.trees())
	}
	style := timeline.Style{Width: e.view.width, Colour: e.view.colour, UI: e.view.zipkinUI}
	if !e.query.one {
		traces, left := e.list()
		if e.view.output == "json" {
			return len(traces) > 0, timeline.ListJSON(w, traces, left)
		}
		if e.view.output == "html" {
			return len(traces) > 0, e.listPage(w, traces, left)
		}
		return len(traces) > 0, timeline.ListText(w, traces, left, style)
	}
	switch tree := e.tree(); {
	case e.query.follow: // its lines were shown before
		return len(tree.Entries) > 0, nil
	case e.view.output == "json":
		return len(tree.Entries) > 0, tree.JSON(w)
	case e.view.output == "html":
		return len(tree.Entries) > 0, tree.HTML(w, e.view.page())
	case len(tree.Entries) > 0:
		return true, tree.Text(w, style)
	}
	return false, nil
}

// tree returns the trace that is asked for. It must be called after everything was read.
func (e *engine) tree() *timeline.Tree {
	if e.built == nil {
		e.mu.Lock()
		all := slices.Clone(e.keeper.Entries())
		e.mu.Unlock()
		e.built = timeline.NewTree(timeline.NewTrace(e.query.id, all))
	}
	return e.built
}

// trees returns the trace that is asked for, or else the traces of the list whose lines the store
// has kept. A trace without a line is left out.
func (e *engine) trees() iter.Seq[*timeline.Tree] {
	return func(yield func(*timeline.Tree) bool) {
		if e.query.one {
			if tree := e.tree(); len(tree.Entries) > 0 {
				yield(tree)
			}
			return
		}
		traces, _ := e.list()
		e.noRoom = 0
		for i := range traces {
			tree := e.store.Tree(&traces[i])
			if tree == nil {
				e.noRoom++
			} else if !yield(tree) {
				return
			}
		}
	}
}

// inputs ends the reading of all sources, and returns their inputs.
func (e *engine) inputs() []*input {
	all := make([]*input, len(e.parts))
	for i, p := range e.parts {
		p.finish()
		all[i] = &p.input
	}
	return all
}

func (e *engine) counts() counts {
	all := countsOf(e.inputs())
	all.one = e.query.one
	for _, p := range e.parts {
		all.found += p.found
	}
	all.left, all.noRoom = e.keeper.Left(), e.noRoom
	if e.view.whole { // whole traces are shown; otherwise the list itself reports these numbers
		_, left := e.list()
		all.limited, all.older = left.Limited, left.Traces
	}
	return all
}

// finish frees the memory that reading has needed.
func (p *part) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.input.finish()
	p.glances = nil
}
