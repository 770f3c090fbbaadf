package main

// This file stands in for the engine: it reads lines of JSON and shows a plain listing.

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

type traceID = timeline.ID

var idForm = regexp.MustCompile(`(?:^|[^0-9A-Fa-f])((?:[0-9A-Fa-f]{16}){1,2})(?:$|[^0-9A-Fa-f])`)

// parseID finds an ID in a text.
func parseID(text string) (traceID, error) {
	m := idForm.FindStringSubmatch(text)
	if m == nil {
		return traceID{}, errors.New("no trace ID")
	}
	b, err := hex.DecodeString(m[1])
	if err != nil {
		return traceID{}, err
	}
	id := traceID{Low: binary.BigEndian.Uint64(b[len(b)-8:])}
	if len(b) == 16 {
		id.High = binary.BigEndian.Uint64(b)
	}
	return id, nil
}

func formsOf(id traceID) [][]byte {
	return [][]byte{fmt.Appendf(nil, "%016x", id.Low), fmt.Appendf(nil, "%d", id.Low)}
}

// entry is a line that was read.
type entry struct {
	Time    time.Time `json:"time"`
	Service string    `json:"service,omitempty"`
	Level   string    `json:"level,omitempty"`
	Message string    `json:"message"`
	Trace   string    `json:"trace,omitempty"`
	Source  string    `json:"source"`
	Number  int       `json:"number"`
	id      traceID
}

// counts are what was not understood.
type counts struct{ NoLine int }

func (c counts) wrong() bool { return c.NoLine > 0 }

func (c counts) String() string {
	if c.NoLine == 0 {
		return ""
	}
	return fmt.Sprintf("%d lines were not understood", c.NoLine)
}

// engine reads lines and shows what they tell.
type engine struct {
	query  query
	view   view
	search *timeline.Search
	parts  []*part
	live   *writer // of --follow

	mu   sync.Mutex
	seen counts
}

func newEngine(q query, v view, live *writer) *engine {
	return &engine{query: q, view: v, search: timeline.NewSearch(formsOf(q.id)), live: live}
}

// part is what one source has. Parts are shown in the order in which they were made.
type part struct {
	engine  *engine
	name    string
	entries []*entry
}

func (e *engine) part(name string) *part {
	p := &part{engine: e, name: name}
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

func (p *part) parse(r io.Reader, number int) error {
	lines := bufio.NewReader(r)
	for ; ; number++ {
		text, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(text)) > 0 {
			p.line(text, number)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *part) line(text []byte, number int) {
	l, err := line.Parse(text)
	if err != nil || !l.JSON {
		p.engine.mu.Lock()
		p.engine.seen.NoLine++
		p.engine.mu.Unlock()
		return
	}
	id, err := parseID(l.TraceID)
	q := p.engine.query
	if err != nil || q.one && !id.Same(q.id) || q.service != "" && l.Service != q.service ||
		!q.since.IsZero() && l.Time.Before(q.since) || !q.until.IsZero() && l.Time.After(q.until) {
		return
	}
	e := &entry{l.Time, l.Service, l.Level, l.Message, l.TraceID, p.name, number, id}
	p.entries = append(p.entries, e)
	if q.follow && !p.engine.view.json {
		fmt.Fprint(p.engine.live, e.text())
		p.engine.live.flush()
	}
}

func (e *entry) text() string {
	return printable(fmt.Sprintf("%s %s %s %s", e.Time.Format(time.RFC3339Nano), e.Service, e.Level, e.Message)) + "\n"
}

// show writes the answer.
func (e *engine) show(w io.Writer) (found bool, err error) {
	var all []*entry
	for _, p := range e.parts {
		all = append(all, p.entries...)
	}
	slices.SortStableFunc(all, func(a, b *entry) int { return a.Time.Compare(b.Time) })
	switch {
	case e.view.json:
		if all == nil {
			all = []*entry{}
		}
		err = json.NewEncoder(w).Encode(map[string]any{"lines": all})
	case e.query.follow:
	case e.query.one:
		for _, l := range all {
			if _, err = io.WriteString(w, l.text()); err != nil {
				break
			}
		}
	default:
		err = e.list(w, all)
	}
	return len(all) > 0, err
}

// list lists the traces, newest first.
func (e *engine) list(w io.Writer, all []*entry) error {
	type trace struct {
		id    string
		first time.Time
		lines int
	}
	var traces []*trace
	known := map[uint64]*trace{}
	for _, l := range all {
		t := known[l.id.Low]
		if t == nil {
			t = &trace{id: l.Trace, first: l.Time}
			known[l.id.Low] = t
			traces = append(traces, t)
		}
		t.lines++
	}
	slices.SortStableFunc(traces, func(a, b *trace) int { return cmp.Or(b.first.Compare(a.first), strings.Compare(a.id, b.id)) })
	if limit := e.query.limit; limit > 0 && len(traces) > limit {
		traces = traces[:limit]
	}
	for _, t := range traces {
		if _, err := fmt.Fprintf(w, "%s %s %d lines\n", t.first.Format(time.RFC3339Nano), t.id, t.lines); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) counts() counts { return e.seen }
