package timeline_test

import (
	"slices"
	"testing"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A treeCase makes lines, and has the outline that their tree must have.
type treeCase struct {
	name  string
	lines func(*log)
	want  string
}

// testTree makes the tree of each case, with the lines in two orders, and checks its outline.
func testTree(t *testing.T, tests []treeCase) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l log
			tt.lines(&l)
			for range 3 {
				tree := l.tree()
				assert.Equal(t, tt.want, outline(tree))
				assertWhole(t, l.entries, tree)
				slices.Reverse(l.entries)
			}
		})
	}
}

// served adds the lines of a request of service a, of a call that the request makes, and of the
// request of service b that answers the call.
func served(l *log) {
	l.request("a", "1", "", 0, 100*ms, line.Request{})
	l.call("a", "2", "1", 10*ms, 50*ms, line.Call{})
	l.request("b", "3", "2", 20*ms, 30*ms, line.Request{CallerParentID: number("1")})
}

// Spans are under the parents that lines name.
func TestTreeParents(t *testing.T) { testTree(t, treeParents) }

var treeParents = []treeCase{
	{"nothing", func(l *log) {}, ""},
	{"parents", served, "a server 1\n  a client 2\n    b server 3\n"},
	{"lines under their spans, in the order of time", func(l *log) {
		l.say("b", "3", 40*ms, "later")
		l.say("b", "3", 30*ms, "sooner")
		served(l)
		l.say("a", "1", 200*ms, "after the answer")
	}, "a server 1 'after the answer'\n  a client 2\n    b server 3 'sooner' 'later'\n"},
	{"without the call's line, the request is under the call's parent", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.request("b", "3", "2", 20*ms, 30*ms, line.Request{CallerParentID: number("1")})
	}, "a server 1\n  b server 3\n"},
	{"retries are siblings", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.call("a", "2", "1", 10*ms, 5*ms, line.Call{Attempt: 1, Error: "refused"})
		l.call("a", "3", "1", 20*ms, 5*ms, line.Call{Attempt: 2, Status: 200})
	}, "a server 1\n  a client 2 failed\n  a client 3\n"},
	{"Finagle's call and request have one ID", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.call("a", "2", "1", 10*ms, 50*ms, line.Call{})
		l.request("b", "2", "1", 20*ms, 30*ms, line.Request{})
		l.call("b", "4", "2", 25*ms, ms, line.Call{})
		l.say("b", "2", 22*ms, "in b")
		l.say("a", "2", 22*ms, "in a")
	}, "a server 1\n  a client 2 'in a'\n    b server 2 'in b'\n      b client 4\n"},
	{"a job is a root", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.job("a", "2", 10*ms, 5*ms, line.Run{Job: "j"}).Parent = id("1")
	}, "a server 1\na job 2\n"},
}

// Spans that no line reports are made from the lines and spans that name them.
func TestTreeMade(t *testing.T) { testTree(t, treeMade) }

var treeMade = []treeCase{
	{"lines name the span and its parent", func(l *log) {
		served(l)
		l.say("b", "4", 25*ms, "inside").Parent = id("3")
	}, "a server 1\n  a client 2\n    b server 3\n      b internal 4 made 'inside'\n"},
	{"lines name the span, and its parent is guessed", func(l *log) {
		served(l)
		l.say("b", "4", 25*ms, "inside")
		l.say("b", "4", 28*ms, "again")
	}, "a server 1\n  a client 2\n    b server 3\n      b internal 4 made guess 'inside' 'again'\n"},
	{"lines name the span, and a request is below it", func(l *log) {
		l.say("java", "2", 10*ms, "calls")
		l.request("b", "3", "2", 20*ms, 30*ms, line.Request{})
	}, "java internal 2 made 'calls'\n  b server 3\n"},
	{"an unknown parent", func(l *log) {
		l.request("b", "3", "2", 20*ms, 30*ms, line.Request{})
		l.request("c", "4", "2", 60*ms, 30*ms, line.Request{})
	}, "? client 2 missing\n  b server 3\n  c server 4\n"},
}

// A request without a known parent is put under the only span that fits.
func TestTreeGuesses(t *testing.T) { testTree(t, treeGuesses) }

var treeGuesses = []treeCase{
	{"a call answered by the only request in it", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.call("a", "2", "1", 10*ms, 50*ms, line.Call{})
		l.request("b", "3", "e", 20*ms, 30*ms, line.Request{CallerParentID: number("d")}) // behind proxies
	}, "a server 1\n  a client 2\n    b server 3 guess\n"},
	{"two calls fit, so the guess is the request that made both", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.call("a", "2", "1", 10*ms, 50*ms, line.Call{})
		l.call("a", "3", "1", 10*ms, 50*ms, line.Call{})
		l.request("b", "4", "e", 20*ms, 30*ms, line.Request{})
	}, "a server 1\n  a client 2\n  a client 3\n  b server 4 guess\n"},
	{"an answered call has no second answer", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.call("a", "2", "1", 10*ms, 50*ms, line.Call{})
		l.request("b", "3", "2", 20*ms, 10*ms, line.Request{})
		l.request("c", "4", "e", 40*ms, 10*ms, line.Request{})
	}, "a server 1\n  a client 2\n    b server 3\n  c server 4 guess\n"},
	{"a guess never puts a span below itself", func(l *log) {
		l.request("b", "1", "e", 20*ms, 10*ms, line.Request{})
		l.call("b", "2", "1", 20*ms, 10*ms, line.Call{})
		l.request("c", "3", "2", 20*ms, 5*ms, line.Request{})
		l.call("c", "4", "3", 20*ms, 80*ms, line.Call{})
	}, "? client e missing\n  b server 1\n    b client 2\n      c server 3\n        c client 4\n"},
	{"two services fit, so there is no guess", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.request("c", "2", "", 0, 100*ms, line.Request{})
		l.request("b", "4", "e", 20*ms, 30*ms, line.Request{})
	}, "a server 1\nc server 2\n? client e missing\n  b server 4\n"},
	{"a root has no guess", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.request("b", "2", "", 20*ms, 30*ms, line.Request{})
	}, "a server 1\nb server 2\n"},
}

// Lines without a span are put under the only span that fits, or under the trace itself.
func TestTreeLoose(t *testing.T) { testTree(t, treeLoose) }

var treeLoose = []treeCase{
	{"lines without a span", func(l *log) {
		served(l)
		l.say("b", "", 25*ms, "in b")
		l.say("b", "", 80*ms, "not in b")
		l.say("nginx", "", 25*ms, "nobody's")
		l.request("a", "9", "", 0, 30*ms, line.Request{})
		l.say("a", "", 25*ms, "either's")
		l.say("a", "", 70*ms, "in a")
	}, "a server 1 'in a'\n  a client 2\n    b server 3 'in b'\na server 9\n'either's'\n'nobody's'\n'not in b'\n"},
	{"a service without requests has its lines under the only call to it", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.call("a", "2", "1", 10*ms, 20*ms, line.Call{Host: "java.prod.svc.cluster.local:8080"})
		l.call("a", "3", "1", 10*ms, 50*ms, line.Call{Host: "node"})
		l.call("a", "4", "1", 40*ms, 20*ms, line.Call{Host: "java:8080"})
		l.say("java", "", 20*ms, "first")
		l.say("java", "", 35*ms, "between")
		l.say("java", "", 50*ms, "second")
		l.say("node", "", 20*ms, "other")
		l.say("jav", "", 20*ms, "nobody's")
	}, "a server 1\n  a client 3 'other'\n  a client 2 'first'\n  a client 4 'second'\n'nobody's'\n'between'\n"},
	{"two calls fit, or another service has answered, so the lines are loose", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.call("a", "2", "1", 10*ms, 50*ms, line.Call{Host: "java"})
		l.call("a", "3", "1", 10*ms, 50*ms, line.Call{Host: "java:8080"})
		l.call("a", "4", "1", 70*ms, 20*ms, line.Call{Host: "java"})
		l.request("proxy", "5", "4", 72*ms, 10*ms, line.Request{})
		l.say("java", "", 20*ms, "either's")
		l.say("java", "", 75*ms, "answered")
	}, "a server 1\n  a client 2\n  a client 3\n  a client 4\n    proxy server 5\n'either's'\n'answered'\n"},
	{"a service with requests has no lines under calls", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.call("a", "2", "1", 10*ms, 20*ms, line.Call{Host: "b"})
		l.call("a", "3", "1", 40*ms, 20*ms, line.Call{Host: "b"})
		l.request("b", "4", "2", 12*ms, 10*ms, line.Request{})
		l.say("b", "", 50*ms, "in no request")
	}, "a server 1\n  a client 2\n    b server 4\n  a client 3\n'in no request'\n"},
	{"lines without a span and with inexact times", func(l *log) {
		l.request("a", "1", "", 500*ms, 300*ms, line.Request{})
		l.say("b", "", 400*ms, "exact")
		l.say("c", "", 0, "in this second").Precision = time.Second
	}, "a server 1\n'exact'\n'in this second'\n"},
}

// Lines with faults make a tree, too.
func TestTreeFaulty(t *testing.T) { testTree(t, treeFaulty) }

var treeFaulty = []treeCase{
	{"a span that is its own parent", func(l *log) { l.request("a", "1", "1", 0, ms, line.Request{}) }, "a server 1\n"},
	{"a circle of parents", func(l *log) {
		l.request("a", "1", "3", 0, 100*ms, line.Request{})
		l.call("a", "2", "1", 10*ms, 50*ms, line.Call{})
		l.request("b", "3", "2", 20*ms, 30*ms, line.Request{})
	}, "a server 1\n  a client 2\n    b server 3\n"},
	{"a span reported twice", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.request("a", "1", "", 0, 101*ms, line.Request{})
	}, "a server 1 'request'\n"},
	{"two services with one span ID", func(l *log) {
		l.request("a", "1", "", 0, 100*ms, line.Request{})
		l.request("b", "1", "", 0, 101*ms, line.Request{})
		l.say("b", "1", 5*ms, "b's")
	}, "b server 1 'b's'\na server 1\n"},
	{"no span ID", func(l *log) { l.request("a", "", "", 0, ms, line.Request{}); l.call("a", "", "", 0, ms, line.Call{}) }, "a server \na client \n"},
	{"no times", func(l *log) {
		served(l)
		for _, e := range l.entries {
			e.Time = time.Time{}
		}
	}, "a server 1\n  a client 2\n    b server 3\n"},
}

// Failed spans are marked.
func TestTreeFailures(t *testing.T) { testTree(t, treeFailures) }

var treeFailures = []treeCase{
	{"failures", func(l *log) {
		l.request("a", "1", "", 0, ms, line.Request{Status: 503})
		l.request("a", "2", "", 10*ms, ms, line.Request{Panicked: true})
		l.request("a", "3", "", 20*ms, ms, line.Request{Status: 404})
		l.job("a", "4", 30*ms, ms, line.Run{Panicked: true})
		l.call("a", "5", "", 40*ms, ms, line.Call{Status: 502})
	}, "a server 1 failed\na server 2 failed\na server 3\na job 4 failed\na client 5 failed\n"},
}

// If no line reports a span, the trace lasts from its first line to its last. A span that only a
// few lines name says little about the length of the trace.
func TestExtentWithoutReports(t *testing.T) {
	var l log
	l.say("gw", "", 0, "begins")
	l.say("py", "1", 3*time.Second, "x")
	l.say("gw", "", 8*time.Second, "ends")
	tree := l.tree()
	assert.Equal(t, noon, tree.Start)
	assert.Equal(t, 8*time.Second, tree.Duration)
	l.request("a", "2", "", time.Second, time.Second, line.Request{})
	assert.Equal(t, 2*time.Second, l.tree().Duration, "duration of a trace with one reported span: that span alone must decide")
}

// A pattern of net/http includes the method, so the operation does not repeat the method.
func TestOperation(t *testing.T) {
	for route, want := range map[string]string{"GET /a/{id}": "GET /a/{id}", "/a/{id}": "GET /a/{id}", "GETAWAY": "GET GETAWAY"} {
		var l log
		e := l.request("a", "1", "", 0, ms, line.Request{Method: "GET", Route: route})
		assert.Equal(t, want, l.tree().Roots[0].Operation)
		lister := timeline.NewLister(timeline.Filter{}, 0)
		g := timeline.GlanceOf(e)
		lister.Add(&g)
		traces, _ := lister.List(0)
		assert.Equal(t, want, traces[0].Operation)
	}
}

// assertWhole asserts that each entry and each span is in the tree exactly once.
func assertWhole(t testing.TB, entries []*timeline.Entry, tree *timeline.Tree) {
	t.Helper()
	want := map[*timeline.Entry]bool{}
	for _, e := range entries {
		if e != nil {
			want[e] = true
		}
	}
	require.Len(t, tree.Entries, len(want)-tree.Doubles, "number of lines of the trace, without %d doubles", tree.Doubles)
	seen := map[*timeline.Line]bool{}
	stand := func(l *timeline.Line, s *timeline.Span) {
		require.False(t, seen[l], "a line is in the tree twice: %q", l.Text)
		require.Same(t, s, l.Span)
		seen[l] = true
		require.True(t, want[l.Entry], "the tree has a line that no entry has: %q", l.Text)
	}
	for _, l := range tree.Loose {
		stand(l, nil)
	}
	place, keys := map[*timeline.Span]bool{}, map[string]bool{}
	below := 0
	for _, s := range tree.Spans {
		require.False(t, place[s], "a span is in the tree twice")
		require.False(t, keys[s.Key()], "two spans are called %s", s.Key())
		if s.Parent != nil {
			require.True(t, place[s.Parent], "%s is in Spans before its parent", s.Key())
			require.Contains(t, s.Parent.Children[:min(len(s.Parent.Children), 1000)], s.Parent.Children[0])
		}
		require.True(t, s.Duration >= 0, "duration of %s: %v", s.Key(), s.Duration)
		place[s], keys[s.Key()] = true, true
		below += len(s.Children)
		for _, l := range s.Lines {
			stand(l, s)
		}
	}
	require.Len(t, seen, len(tree.Entries), "number of lines in the tree")
	require.Equal(t, len(tree.Spans), below+len(tree.Roots), "number of spans that are a root or a child")
}

func TestDoubles(t *testing.T) {
	var l log
	at := func(source string, n int, text string) {
		for range n {
			l.add(timeline.Entry{Source: source, Message: text, Text: text}, "a", "1", ms)
		}
	}
	at("a.log", 3, "tick")
	at("copy.log", 2, "tick")
	at("copy.log", 1, "tock")
	tree := l.tree()
	assert.Equal(t, "a internal 1 made 'tick' 'tick' 'tick' 'tock'\n", outline(tree))
	assert.Equal(t, 2, tree.Doubles, "number of doubles")
	assertWhole(t, l.entries, tree)
}

func TestLinesWithInexactTimes(t *testing.T) {
	var l log
	l.request("a", "1", "", 500*ms, 300*ms, line.Request{})
	l.say("a", "1", 600*ms, "exact")
	for _, text := range []string{"first", "second"} {
		e := l.say("a", "1", 0, text)
		e.Precision, e.Source = time.Second, "seconds.log"
	}
	e := l.say("a", "1", 0, "no time")
	e.Source, e.Time = "seconds.log", time.Time{}
	tree := l.tree()
	assert.Equal(t, "a server 1 'first' 'second' 'no time' 'exact'\n", outline(tree))
	for i, written := range []time.Time{noon, noon, {}} {
		assert.Equal(t, noon.Add(500*ms), tree.Entries[i].At, "%s", tree.Entries[i].Message)
		assert.Equal(t, written, tree.Entries[i].Time, "%s: the time as it was written", tree.Entries[i].Message)
	}
}

func TestSkew(t *testing.T) {
	tests := []struct {
		name        string
		skew        time.Duration // of b's clock
		took        time.Duration // of b's requests, in calls of 50 ms
		wantB       time.Duration // the skew that the tree must find for b
		wantStarted time.Duration // from noon to the corrected beginning of b's first request
	}{
		{"no skew", 0, 30 * ms, 0, 20 * ms},
		{"ahead", 3 * time.Second, 30 * ms, 3 * time.Second, 20 * ms},
		{"behind", -time.Hour, 30 * ms, -time.Hour, 20 * ms},
		{"too small to be seen", 500 * time.Microsecond, 40 * ms, 0, 20*ms + 500*time.Microsecond},
		{"requests that are longer than their calls", 0, 70 * ms, 0, 20 * ms},
		{"requests that are longer than their calls, and a clock that is behind", -15 * ms, 70 * ms, -5 * ms, 10 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l log
			l.request("a", "1", "", 0, time.Second, line.Request{})
			for i := range 5 {
				at := time.Duration(i) * 100 * ms
				call, request := string(rune('a'+i)), string(rune('2'+i))
				l.call("a", call, "1", at+10*ms, 50*ms, line.Call{})
				l.request("b", request, call, at+20*ms+tt.skew, tt.took, line.Request{})
				l.say("b", request, at+20*ms+tt.skew, "in b")
			}
			l.say("c", "", ms, "another clock")
			tree := l.tree()
			got := map[string]time.Duration{}
			for _, s := range tree.Services {
				got[s.Name] = s.Skew
			}
			assert.Equal(t, map[string]time.Duration{"a": 0, "b": tt.wantB, "c": 0}, got)
			first := find(tree, "2")
			assert.Equal(t, noon.Add(tt.wantStarted), first.Start, "corrected time when b began")
			assert.Equal(t, noon.Add(tt.wantStarted), first.Lines[0].At, "corrected time of b's first line")
			assert.Equal(t, noon.Add(20*ms+tt.skew), first.Lines[0].Time, "time of b's first line, as it was written")
			assertWhole(t, l.entries, tree)
		})
	}
}

// If one request of five is late, the cause is not the clock.
func TestSkewOfFew(t *testing.T) {
	var l log
	l.request("a", "1", "", 0, time.Second, line.Request{})
	for i, late := range []time.Duration{0, 0, 40 * ms, 0, 0} {
		at := time.Duration(i) * 100 * ms
		call := string(rune('a' + i))
		l.call("a", call, "1", at, 50*ms, line.Call{})
		l.request("b", string(rune('2'+i)), call, at+10*ms+late, 30*ms, line.Request{})
	}
	for _, s := range l.tree().Services {
		assert.Zero(t, s.Skew, "%s", s.Name)
	}
}

// In a chain of services, the skew of a clock adds up from the skews along the chain.
func TestSkewAddsUp(t *testing.T) {
	var l log
	l.request("z", "1", "", 0, 100*ms, line.Request{})
	l.call("z", "2", "1", 10*ms, 80*ms, line.Call{})
	l.request("b", "3", "2", 20*ms+time.Minute, 60*ms, line.Request{})
	l.call("b", "4", "3", 30*ms+time.Minute, 40*ms, line.Call{})
	l.request("c", "5", "4", 40*ms-time.Hour, 20*ms, line.Request{})
	tree := l.tree()
	assert.Equal(t, noon.Add(20*ms), find(tree, "3").Start)
	assert.Equal(t, noon.Add(40*ms), find(tree, "5").Start)
	assert.Equal(t, 100*ms, tree.Duration)
}

// slog's text handler writes whole milliseconds, and rounds the time of a line down. A request
// must not seem to begin before its call for that reason alone.
func TestInexactSpans(t *testing.T) {
	var l log
	l.call("a", "1", "", 10*ms, 5*ms, line.Call{})
	e := l.request("b", "2", "1", 10*ms+100*time.Microsecond, ms*3/2, line.Request{})
	e.Time, e.Precision = e.Time.Truncate(ms), ms
	assert.Equal(t, noon.Add(10*ms), find(l.tree(), "2").Start)
	e.Precision = 0
	assert.Equal(t, noon.Add(9500*time.Microsecond), find(l.tree(), "2").Start, "the request's beginning, if its time is exact")
}

func TestTraceOrder(t *testing.T) {
	var l log
	l.say("b", "", 3*ms, "third")
	l.say("a", "", 2*ms, "second")
	l.say("a", "", 4*ms, "fourth")
	l.say("b", "", 1*ms, "first")
	e := l.say("c", "", 0, "last: no time")
	e.Time = time.Time{}
	var got []string
	for _, line := range timeline.NewTrace(traceID, l.entries).Entries {
		got = append(got, line.Message)
	}
	assert.Equal(t, []string{"first", "second", "third", "fourth", "last: no time"}, got)
}

// At most 16 spans share an ID, however many lines report a span with that ID.
func TestManyOfOneID(t *testing.T) {
	var l log
	for i := range 40 {
		l.request(string(rune('A'+i)), "1", "", time.Duration(i)*ms, ms, line.Request{})
	}
	tree := l.tree()
	assert.Len(t, tree.Spans, 16)
	assertWhole(t, l.entries, tree)
}

// A failed request is one error, even if its line is at the level of errors, too.
func TestErrors(t *testing.T) {
	var l log
	l.request("a", "1", "", 0, ms, line.Request{Status: 500}).Level = "error"
	l.say("a", "1", ms/2, "why").Level = "fatal"
	l.say("a", "1", ms/2, "no error").Level = "warn"
	assert.Equal(t, 2, l.tree().Errors())
}

func find(t *timeline.Tree, span string) *timeline.Span {
	for _, s := range t.Spans {
		if s.ID == id(span) {
			return s
		}
	}
	return nil
}

func TestCritical(t *testing.T) {
	var l log
	l.request("a", "1", "", 0, 100*ms, line.Request{})
	l.call("a", "2", "1", 10*ms, 50*ms, line.Call{}) // span 1 waits for 2, and 2 waits for 3
	l.request("b", "3", "2", 20*ms, 30*ms, line.Request{})
	l.call("a", "4", "1", 15*ms, 30*ms, line.Call{})  // at the same time as call 2, and shorter
	l.call("a", "5", "1", 70*ms, 500*ms, line.Call{}) // span 1 ends long before call 5 does, and did not wait for it
	l.call("a", "6", "1", 80*ms, 15*ms, line.Call{Plain: true, Host: "db"})
	l.call("a", "7", "1", 80*ms, 0, line.Call{})
	tree := l.tree()
	got := map[string]time.Duration{}
	sum := time.Duration(0)
	for _, s := range tree.Spans {
		got[s.ID[15:]] = s.Critical
		sum += s.Critical
	}
	assert.Equal(t, map[string]time.Duration{"1": 35 * ms, "2": 20 * ms, "3": 30 * ms, "4": 0, "5": 0, "6": 15 * ms, "7": 0}, got)
	assert.Equal(t, 100*ms, sum, "the sum of all critical times")
	shares := tree.Shares()
	require.Len(t, shares, 4)
	assert.Equal(t, timeline.Share{Service: "a", Operation: "GET /1", Kind: timeline.Server, Spans: 1, Time: 35 * ms}, shares[0])
	assert.True(t, shares[2].Answered, "the share of the call that b answers")
}

func TestCauses(t *testing.T) {
	var l log
	l.request("a", "1", "", 0, 100*ms, line.Request{Status: 500})
	l.call("a", "2", "1", 10*ms, 50*ms, line.Call{Status: 502})
	l.request("b", "3", "2", 20*ms, 30*ms, line.Request{Status: 502})
	l.call("b", "4", "3", 25*ms, 5*ms, line.Call{Error: "refused"})
	l.call("b", "5", "3", 35*ms, 5*ms, line.Call{Status: 200})
	causes := l.tree().Causes()
	require.Len(t, causes, 1)
	assert.Equal(t, id("4"), causes[0].ID)
	assert.Equal(t, 4, l.tree().Errors())
}

func TestLinks(t *testing.T) {
	var l log
	l.request("a", "1", "", 0, ms, line.Request{UntrustedTraceID: "463ac35c9f6413ad"})
	l.request("a", "2", "", 0, ms, line.Request{UntrustedTraceID: "463ac35c9f6413ad"})
	l.job("a", "3", ms, 5*ms, line.Run{ScheduledBy: "7a3c1f0e9d2b4c58"})
	assert.Equal(t, []timeline.Link{{"463ac35c9f6413ad", "untrusted"}, {"7a3c1f0e9d2b4c58", "scheduled by"}}, l.tree().Links)
}
