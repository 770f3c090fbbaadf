package timeline_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

// htmlPage is the part of a page's data that the tests read.
type htmlPage struct {
	After  string
	List   json.RawMessage
	Traces []struct {
		Tree   json.RawMessage
		Zipkin string
		Shares []struct {
			Operation string
			Percent   int
		}
		Causes []struct {
			Span  string
			Times int
		}
		Left struct{ Spans, Lines int }
	}
}

var dataForm = regexp.MustCompile(`(?s)<script id="data" type="application/json">(.*?)</script>`)

// readPage returns the data of a page, and the rest of the page. If the rest is the same for all
// pages, the values of lines are only in the data.
func readPage(t *testing.T, page string) (data htmlPage, frame string) {
	t.Helper()
	found := dataForm.FindAllStringSubmatchIndex(page, -1)
	require.Len(t, found, 1)
	text := page[found[0][2]:found[0][3]]
	assert.NotContains(t, text, "<", "a < in the data could end the element")
	require.NoError(t, json.Unmarshal([]byte(text), &data))
	return data, page[:found[0][2]] + page[found[0][3]:]
}

func htmlOf(t *testing.T, tree *timeline.Tree, config timeline.HTMLConfig) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, tree.HTML(&b, config))
	return b.String()
}

func jsonOf(t *testing.T, tree *timeline.Tree) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, tree.JSON(&b))
	return b.String()
}

// failing is a trace in which a call failed twice.
func failing() *log {
	l := &log{}
	l.request("shop", "1", "", 0, 100*ms, line.Request{Status: 500})
	l.call("shop", "2", "1", 10*ms, 20*ms, line.Call{Status: 503})
	l.call("shop", "3", "1", 40*ms, 20*ms, line.Call{Status: 503})
	l.say("shop", "1", 50*ms, "hello")
	return l
}

func TestHTML(t *testing.T) {
	l := failing()
	l.entries[0].Sampled = true
	tree := l.tree()
	data, _ := readPage(t, htmlOf(t, tree, timeline.HTMLConfig{UI: "https://zipkin.example/", After: "logs/ 'a b'"}))
	require.Len(t, data.Traces, 1)
	trace := data.Traces[0]
	assert.JSONEq(t, jsonOf(t, tree), string(trace.Tree), "the JSON view")
	assert.Equal(t, "https://zipkin.example/zipkin/traces/5759e988bd862e3fe1be46a994272793", trace.Zipkin)
	assert.Equal(t, "logs/ 'a b'", data.After)
	assert.Empty(t, data.List)
	assert.Equal(t, 60, trace.Shares[0].Percent)
	require.Len(t, trace.Causes, 1)
	assert.Equal(t, 2, trace.Causes[0].Times)
	assert.Zero(t, trace.Left)
}

func TestHTMLCausesAlike(t *testing.T) {
	l := &log{}
	for i := range 50 {
		l.call("shop", fmt.Sprintf("%x", i+2), "1", 10*ms, 20*ms, line.Call{Status: 503, Path: fmt.Sprint("/p/", i)})
		l.call("shop", fmt.Sprintf("%x", i+100), "1", 10*ms, 20*ms, line.Call{Status: 503, Path: "/" + strings.Repeat("q", i)})
	}
	data, _ := readPage(t, htmlOf(t, l.tree(), timeline.HTMLConfig{}))
	require.Len(t, data.Traces[0].Causes, 20)
	assert.Equal(t, 50, data.Traces[0].Causes[0].Times)
}

// A trace has no link if it is not sampled, or if the address is not a URL of http or https.
func TestHTMLZipkin(t *testing.T) {
	for _, ui := range []string{"", "javascript:alert(1)//", "JavaScript://x/%0aalert(1)", "data:text/html,x", "file:///etc/passwd", "//x", "http:", "http://", "http://[", "zipkin:9411", "\x00"} {
		l := failing()
		l.entries[0].Sampled = true
		data, _ := readPage(t, htmlOf(t, l.tree(), timeline.HTMLConfig{UI: ui}))
		assert.Empty(t, data.Traces[0].Zipkin, "%q", ui)
	}
	data, _ := readPage(t, htmlOf(t, failing().tree(), timeline.HTMLConfig{UI: "http://zipkin"}))
	assert.Empty(t, data.Traces[0].Zipkin, "not sampled")
}

// The page allows only its own script and style, by their hashes. It names no other file, and no
// attribute of its elements is a script or a style.
func TestHTMLPolicy(t *testing.T) {
	page := htmlOf(t, failing().tree(), timeline.HTMLConfig{})
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`).FindStringSubmatch(page)
	require.Len(t, policy, 2)
	hash := func(form string) string {
		found := regexp.MustCompile(form).FindAllStringSubmatch(page, -1)
		require.Len(t, found, 1)
		sum := sha256.Sum256([]byte(found[0][1]))
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	assert.Equal(t, "default-src 'none'; script-src 'sha256-"+hash(`(?s)<script>(.*?)</script>`)+"'; style-src 'sha256-"+hash(`(?s)<style>(.*?)</style>`)+
		"'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'", policy[1])
	assert.Less(t, strings.Index(page, "Content-Security-Policy"), strings.Index(page, "<style>"), "the policy must come before the style, because it applies only to what follows")

	_, frame := readPage(t, page)
	assert.NotRegexp(t, `(?i)https?://|src=|href=|@import|url\(|<link|<iframe|<base|\son[a-z]+=|\sstyle=`, frame)
	assert.NotRegexp(t, `innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|setAttribute\("(?:on|href|style|src)`, strings.ReplaceAll(frame, "Never use innerHTML", ""))
	assert.NotContains(t, frame, "*/DATA")
	assert.Equal(t, 2, strings.Count(frame, "<script"))
	assert.Equal(t, 2, strings.Count(frame, "</script>"))
	assert.Equal(t, 1, strings.Count(frame, "<style>"))
	assert.True(t, strings.HasPrefix(frame, "<!doctype html>\n"))
	assert.True(t, strings.HasSuffix(frame, "</html>\n"))
}

var pageHostile = []string{
	"</script><script>alert(1)</script>", "</SCRIPT >", "<!--<script>", "-->", "]]>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "/*DATA*/", "STYLE-HASH", "/*SCRIPT*/", "\u2028\u2029",
	"\x1b[31m", "\u009b", "\u202e", "\ufeff", "\x00", "\r\n", "\xff\xfe", "\xed\xa0\x80", "\U000e0001", `\`, `"`, "`${1}`", "&lt;", strings.Repeat("<", 3000),
}

// The values of lines change only the data of the page, even if they are hostile. The data is JSON
// that no parser of HTML mistakes for anything else.
func TestHTMLHostile(t *testing.T) {
	_, want := readPage(t, htmlOf(t, failing().tree(), timeline.HTMLConfig{}))
	for _, value := range pageHostile {
		l := &log{}
		l.request(value, "1", "", 0, 100*ms, line.Request{Method: value, Route: value, Status: 500, UntrustedTraceID: value}).Parent = value
		l.call(value, "2", "1", 0, 10*ms, line.Call{Host: value, Error: value})
		said := l.say(value, "1", 5*ms, value)
		said.Level, said.Span = value, value
		l.add(timeline.Entry{Source: value, Text: value, Level: value, Message: value}, "shop", "1", 7*ms)
		tree := l.tree()
		page := htmlOf(t, tree, timeline.HTMLConfig{UI: value, After: value})
		require.True(t, utf8.ValidString(page))
		data, frame := readPage(t, page)
		assert.Equal(t, want, frame)
		assert.Equal(t, timeline.Visible(value), data.After)
		assert.JSONEq(t, jsonOf(t, tree), string(data.Traces[0].Tree))
		for _, r := range page {
			if r != '\n' && r != '\t' && !unicode.IsGraphic(r) {
				t.Fatalf("the page contains the character %q of the value %q", r, value)
			}
		}
	}
}

// A page contains no more spans and lines than a browser can load, and states how many it leaves
// out.
func TestHTMLBounded(t *testing.T) {
	const most, more = 300, 7
	entries := make([]*timeline.Entry, most+more)
	for i := range entries {
		entries[i] = &timeline.Entry{Source: "a", Number: i, Time: noon.Add(time.Duration(i)), Service: "shop", Message: "x", Text: "x", Span: fmt.Sprintf("%016x", i+1)}
	}
	var b bytes.Buffer
	require.NoError(t, timeline.NewTree(timeline.NewTrace(traceID, entries)).HTMLUpTo(&b, most))
	data, _ := readPage(t, b.String())
	assert.Equal(t, 300_000, timeline.MaxPage, "the limit that the manual states")
	var tree struct{ Spans, Lines []struct{} }
	require.NoError(t, json.Unmarshal(data.Traces[0].Tree, &tree))
	assert.Len(t, tree.Spans, most)
	assert.Len(t, tree.Lines, most)
	assert.Equal(t, more, data.Traces[0].Left.Spans)
	assert.Equal(t, more, data.Traces[0].Left.Lines)
}

func TestHTMLEmpty(t *testing.T) {
	data, _ := readPage(t, htmlOf(t, (&log{}).tree(), timeline.HTMLConfig{}))
	require.Len(t, data.Traces, 1)
	var b bytes.Buffer
	require.NoError(t, timeline.ListHTML(&b, nil, timeline.Left{}, nil, timeline.HTMLConfig{}))
	data, _ = readPage(t, b.String())
	assert.NotEmpty(t, data.List)
	assert.Empty(t, data.Traces)
}

func TestListHTML(t *testing.T) {
	tree := failing().tree()
	traces := []timeline.Summary{{ID: traceID, Lines: 4}, {ID: timeline.ID{Low: 7}, Lines: 9}}
	left := timeline.Left{NoID: 3, Limited: 2}
	var b, want bytes.Buffer
	require.NoError(t, timeline.ListHTML(&b, traces, left, func(s *timeline.Summary) *timeline.Tree {
		if s.ID == traceID {
			return tree
		}
		return nil
	}, timeline.HTMLConfig{}))
	require.NoError(t, timeline.ListJSON(&want, traces, left))
	data, _ := readPage(t, b.String())
	assert.JSONEq(t, want.String(), string(data.List))
	require.Len(t, data.Traces, 1)
	assert.JSONEq(t, jsonOf(t, tree), string(data.Traces[0].Tree))
}

// broken is a writer that fails once, as soon as it gets more than room bytes.
type broken struct {
	room   int
	failed bool
}

var errBroken = errors.New("broken")

func (b *broken) Write(p []byte) (int, error) {
	if b.room -= len(p); b.room < 0 && !b.failed {
		b.failed = true
		return 0, errBroken
	}
	return len(p), nil
}

func TestHTMLWriteError(t *testing.T) {
	size := len(htmlOf(t, failing().tree(), timeline.HTMLConfig{}))
	for room := 0; room < size; room += 500 {
		assert.ErrorIs(t, failing().tree().HTML(&broken{room: room}, timeline.HTMLConfig{}), errBroken)
	}
}

func TestStore(t *testing.T) {
	entry := func(low uint64, at time.Duration, text string) *timeline.Entry {
		return &timeline.Entry{Trace: timeline.ID{Low: low}, Time: noon.Add(at), Text: text, Source: "a"}
	}
	summary := func(low uint64, lines int) *timeline.Summary {
		return &timeline.Summary{ID: timeline.ID{Low: low}, Lines: lines}
	}
	k := timeline.NewStore(100_000)
	for i := range 100 { // there is room for fewer than half of these traces
		k.Add(entry(uint64(1+i), time.Duration(i)*time.Second, strings.Repeat("x", 1000)))
		k.Add(entry(uint64(1+i), time.Duration(i)*time.Second, "y"))
	}
	k.Add(&timeline.Entry{Text: "no ID"})
	k.Add(entry(1, time.Hour, "the rest of one that was dropped"))
	kept := 0
	for i := range 100 {
		if tree := k.Tree(summary(uint64(1+i), 2)); tree != nil {
			kept++
			assert.Len(t, tree.Entries, 2)
			assert.GreaterOrEqual(t, i, 20, "number of a kept trace: only the newest traces are kept")
		}
	}
	assert.Greater(t, kept, 20)
	assert.Less(t, kept, 50, "number of kept traces: there is no room for more")
	assert.NotNil(t, k.Tree(summary(100, 2)))
	assert.Nil(t, k.Tree(summary(1, 3)), "a trace of which the store has dropped lines")
	assert.NotNil(t, k.Tree(summary(1, 1)), "a trace of which the store has all lines that the summary counts")
	assert.Nil(t, k.Tree(summary(0, 1)), "the zero ID")
	assert.Nil(t, k.Tree(&timeline.Summary{ID: timeline.ID{High: 5, Low: 99}, Lines: 3}))
}
