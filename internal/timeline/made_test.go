package timeline_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

var (
	noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
)

const ms = time.Millisecond

// log makes the entries of a trace. Times are relative to noon.
type log struct{ entries []*timeline.Entry }

func (l *log) add(e timeline.Entry, service, span string, at time.Duration) *timeline.Entry {
	e.Source, e.Number, e.Trace = or(e.Source, service+".log"), len(l.entries)+1, traceID
	e.Time, e.Service, e.Span = noon.Add(at), service, id(span)
	if e.Level == "" {
		e.Level = "info"
	}
	if e.Text == "" {
		e.Text = fmt.Sprint(service, " ", span, " ", at, " ", e.Message)
	}
	l.entries = append(l.entries, &e)
	return l.entries[len(l.entries)-1]
}

// request adds the line of a request, which is written when the request ends.
func (l *log) request(service, span, parent string, begin, took time.Duration, r line.Request) *timeline.Entry {
	r.Duration, r.ParentID = took, number(parent)
	r.Method, r.Status = or(r.Method, "GET"), r.Status+200*zero(r.Status)
	r.Path, r.Route = or(r.Path, "/"+span), or(r.Route, "/"+span)
	return l.add(timeline.Entry{Message: "request", Parent: id(parent), CallerParent: spanText(r.CallerParentID), Record: &r}, service, span, begin+took)
}

func (l *log) call(service, span, parent string, begin, took time.Duration, c line.Call) *timeline.Entry {
	c.Duration, c.ParentID = took, number(parent)
	c.Method, c.Host = or(c.Method, "GET"), or(c.Host, "host")
	return l.add(timeline.Entry{Message: "call", Parent: id(parent), Record: &c}, service, span, begin+took)
}

func (l *log) job(service, span string, begin, took time.Duration, r line.Run) *timeline.Entry {
	r.Duration = took
	return l.add(timeline.Entry{Message: "job", Record: &r}, service, span, begin+took)
}

func (l *log) say(service, span string, at time.Duration, message string) *timeline.Entry {
	return l.add(timeline.Entry{Message: message}, service, span, at)
}

func (l *log) tree() *timeline.Tree {
	return timeline.NewTree(timeline.NewTrace(traceID, l.entries))
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func zero(n int) int {
	if n == 0 {
		return 1
	}
	return 0
}

// id returns a span ID of 16 digits. Tests write only the last one or two.
func id(short string) string {
	if short == "" {
		return ""
	}
	return strings.Repeat("0", 16-len(short)) + short
}

func number(short string) (n [8]byte) {
	if short != "" {
		hex.Decode(n[:], []byte(id(short)))
	}
	return n
}

func spanText(n [8]byte) string {
	if n == [8]byte{} {
		return ""
	}
	return hex.EncodeToString(n[:])
}

// outline returns a tree as text. Each row has a span, and behind it the messages of the span's
// lines. The line that reports the span is left out.
func outline(t *timeline.Tree) string {
	var b strings.Builder
	depth := map[*timeline.Span]int{}
	for _, s := range t.Spans {
		d := 0
		if s.Parent != nil {
			d = depth[s.Parent] + 1
		}
		depth[s] = d
		fmt.Fprintf(&b, "%s%s %s %s", strings.Repeat("  ", d), or(s.Service, "?"), s.Kind, strings.TrimLeft(s.ID, "0"))
		for _, mark := range []struct {
			is   bool
			text string
		}{{s.Missing(), "missing"}, {s.Made && !s.Missing(), "made"}, {s.Guess, "guess"}, {s.Failed, "failed"}} {
			if mark.is {
				b.WriteString(" " + mark.text)
			}
		}
		for _, l := range s.Lines {
			if l != s.Report {
				b.WriteString(" '" + l.Message + "'")
			}
		}
		b.WriteByte('\n')
	}
	for _, l := range t.Loose {
		fmt.Fprintf(&b, "'%s'\n", l.Message)
	}
	return b.String()
}

// fleet makes the lines of a trace with about n spans. Some calls fail.
func fleet(n int) *log {
	rnd := rand.New(rand.NewPCG(uint64(n), 1))
	l := &log{}
	services := []string{"gateway", "checkout", "payments", "stock", "mail"}
	next := 1
	var serve func(service int, parent string, begin, took time.Duration, depth int)
	serve = func(service int, parent string, begin, took time.Duration, depth int) {
		name, span := services[service%len(services)], fmt.Sprintf("%x", next)
		next++
		l.say(name, span, begin+50*time.Microsecond, "begins to work")
		children := 1 + rnd.IntN(4)
		if depth == 1 && n > 100 {
			children = n
		}
		each := (took - ms) / time.Duration(children+1)
		for i := range children {
			if next >= n || depth > 6 || each < 300*time.Microsecond {
				break
			}
			call := fmt.Sprintf("%x", next)
			next++
			at := begin + ms/2 + time.Duration(i)*each
			lasts := each * time.Duration(50+rnd.IntN(50)) / 100
			c := line.Call{Host: services[(service+1)%len(services)] + ":8080", Path: fmt.Sprint("/items/", 1000+i), Status: 200, Attempt: 1}
			if rnd.IntN(40) == 0 {
				c.Status, c.Error = 0, "dial tcp 10.1.2.3:8080: connect: connection refused"
				l.say(name, span, at+lasts, "item not found, trying another").Level = "warn"
			}
			l.call(name, call, span, at, lasts, c)
			if c.Error == "" {
				serve(service+1, call, at+100*time.Microsecond, lasts-200*time.Microsecond, depth+1)
			}
		}
		l.say(name, span, begin+took-60*time.Microsecond, "done, all of it")
		l.request(name, span, parent, begin, took, line.Request{Route: "/items/{id}", Path: "/items/7", Remote: "10.0.0.1:99"})
	}
	took := 40 * ms
	if n > 100 {
		took = time.Duration(n) * 30 * ms
	}
	serve(0, "", 0, took, 0)
	return l
}
