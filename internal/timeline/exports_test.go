package timeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exported is a span in Zipkin's or OpenTelemetry's form.
type exported struct {
	TraceID, ID, ParentID, Kind, Name, Service, Remote string
	Shared                                             bool
	Start, End                                         int64 // in microseconds for Zipkin, in nanoseconds for OTLP
	Tags                                               map[string]string
	Notes                                              []string
	Left                                               int
}

// strict reads JSON, and fails for an unknown field.
func strict(t testing.TB, text []byte, to any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(to), "%.1000s", text)
}

type endpoint struct{ ServiceName string }

func zipkinOf(t testing.TB, tree *timeline.Tree) (spans []exported) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, timeline.ZipkinJSON(&out, slices.Values([]*timeline.Tree{tree})))
	assertHarmless(t, out.String())
	var all []struct {
		TraceID, ID, ParentID, Kind, Name string
		Timestamp, Duration               int64
		Shared                            bool
		LocalEndpoint, RemoteEndpoint     *endpoint
		Annotations                       []struct {
			Timestamp int64
			Value     string
		}
		Tags map[string]string
	}
	strict(t, out.Bytes(), &all)
	for _, z := range all {
		s := exported{TraceID: z.TraceID, ID: z.ID, ParentID: z.ParentID, Kind: z.Kind, Name: z.Name, Shared: z.Shared, Start: z.Timestamp, End: z.Timestamp + z.Duration, Tags: z.Tags}
		if z.LocalEndpoint != nil {
			s.Service = z.LocalEndpoint.ServiceName
			require.NotEmpty(t, s.Service)
		}
		if z.RemoteEndpoint != nil {
			s.Remote = z.RemoteEndpoint.ServiceName
		}
		require.Contains(t, []string{"", "CLIENT", "SERVER"}, s.Kind)
		require.GreaterOrEqual(t, z.Timestamp, int64(0))
		require.Equal(t, z.Timestamp > 0, z.Duration > 0)
		seen := map[string]bool{}
		for _, a := range z.Annotations {
			same := fmt.Sprint(a.Timestamp, a.Value)
			require.False(t, seen[same], "a span has two equal annotations, and Zipkin drops one of them: %s", same)
			seen[same] = true
			require.Positive(t, a.Timestamp)
			s.Notes = append(s.Notes, a.Value)
		}
		s.Left, _ = strconv.Atoi(z.Tags["clew.lines_left"])
		spans = append(spans, s)
	}
	return spans
}

type otlpAttributes []struct {
	Key   string
	Value struct{ StringValue, IntValue string }
}

func (all otlpAttributes) tags() map[string]string {
	tags := map[string]string{}
	for _, a := range all {
		tags[a.Key] = a.Value.StringValue + a.Value.IntValue
	}
	return tags
}

func otlpOf(t testing.TB, tree *timeline.Tree) (spans []exported) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, timeline.OTLPJSON(&out, slices.Values([]*timeline.Tree{tree})))
	assertHarmless(t, out.String())
	require.Equal(t, 1, strings.Count(out.String(), "\n"), "number of lines of the OTLP view")
	var request struct {
		ResourceSpans []struct {
			Resource   struct{ Attributes otlpAttributes }
			ScopeSpans []struct {
				Scope struct{ Name string }
				Spans []struct {
					TraceID, SpanID, ParentSpanID, Name string
					Kind, DroppedEventsCount            int
					StartTimeUnixNano, EndTimeUnixNano  int64 `json:",string"`
					Attributes                          otlpAttributes
					Status                              *struct {
						Message string
						Code    int
					}
					Events []struct {
						TimeUnixNano int64 `json:",string"`
						Name         string
						Attributes   otlpAttributes
					}
				}
			}
		}
	}
	strict(t, out.Bytes(), &request)
	for _, r := range request.ResourceSpans {
		for _, scope := range r.ScopeSpans {
			for _, o := range scope.Spans {
				s := exported{
					TraceID: o.TraceID, ID: o.SpanID, ParentID: o.ParentSpanID, Kind: strconv.Itoa(o.Kind), Name: o.Name,
					Service: r.Resource.Attributes.tags()["service.name"], Start: o.StartTimeUnixNano, End: o.EndTimeUnixNano,
					Tags: o.Attributes.tags(), Left: o.DroppedEventsCount,
				}
				if o.Status != nil {
					s.Tags["status"] = fmt.Sprint(o.Status.Code, " ", o.Status.Message)
				}
				require.LessOrEqual(t, s.Start, s.End)
				require.GreaterOrEqual(t, s.Start, int64(0))
				for _, e := range o.Events {
					require.GreaterOrEqual(t, e.TimeUnixNano, int64(0))
					s.Notes = append(s.Notes, e.Name)
				}
				spans = append(spans, s)
			}
		}
	}
	return spans
}

var (
	traceForm = regexp.MustCompile(`^([0-9a-f]{16}|[0-9a-f]{32})$`)
	spanForm  = regexp.MustCompile(`^[0-9a-f]{16}$`)

	inertForm   = `(?:[\p{L}\p{N} /._,()=?-]|#[0-9]+;)+`
	diagramForm = regexp.MustCompile(`^sequenceDiagram\n  title trace [0-9a-f]+\n(?:  participant S\d+ as ` + inertForm +
		`\n|  S\d+(?:->>|-->>|--x)S\d+: ` + inertForm + `\n|  Note over S\d+: ` + inertForm + `\n)*$`)
)

// assertExports asserts that the Zipkin view and the OTLP view contain each span and each line
// once, and that each span has a valid and unique ID. It also asserts that a Mermaid diagram has
// only valid statements.
func assertExports(t testing.TB, tree *timeline.Tree) {
	t.Helper()
	loose, lines, spans := map[string]bool{}, len(tree.Loose), 0
	for _, l := range tree.Loose {
		loose[l.Service] = true
	}
	for _, s := range tree.Spans {
		lines += len(s.Lines)
		if s.Report != nil {
			lines--
		}
		if !s.Missing() {
			spans++
		}
	}
	for form, all := range map[string][]exported{"Zipkin": zipkinOf(t, tree), "OTLP": otlpOf(t, tree)} {
		require.Len(t, all, spans+len(loose), "%s: number of spans", form)
		parents, told := map[string]string{}, 0
		for _, s := range all { // plain ifs, because there may be a million spans
			if !traceForm.MatchString(s.TraceID) || !spanForm.MatchString(s.ID) || s.ParentID != "" && !spanForm.MatchString(s.ParentID) {
				t.Fatalf("%s: a span has an invalid ID: %+v", form, s)
			}
			told += len(s.Notes) + s.Left
			before, twice := parents[s.ID]
			switch {
			case s.Shared && s.ParentID != before:
				t.Fatalf("%s: a call and its answer have different parents: %+v", form, s)
			case s.Shared:
				continue
			case twice:
				t.Fatalf("%s: two spans have the ID %s", form, s.ID)
			case s.ID == s.ParentID:
				t.Fatalf("%s: %s is its own parent", form, s.ID)
			}
			parents[s.ID] = s.ParentID
		}
		require.Equal(t, lines, told, "%s: number of lines", form)
		seen := map[string]string{}
		for id := range parents {
			for at := id; at != "" && seen[at] != "whole"; at = parents[at] {
				if seen[at] == id {
					t.Fatalf("%s: the parents of span %s form a circle", form, at)
				}
				seen[at] = id
			}
			for at := id; at != "" && seen[at] == id; at = parents[at] {
				seen[at] = "whole"
			}
		}
	}
	var out bytes.Buffer
	require.NoError(t, tree.Mermaid(&out))
	require.Less(t, out.Len(), 50_000, "bytes of a diagram: Mermaid refuses a larger one")
	require.Regexp(t, diagramForm, out.String())
	require.NotContains(t, out.String(), "ﬂ", "the diagram must not contain ﬂ, with which Mermaid marks its entity codes")
}

func spanOf(t testing.TB, spans []exported, service, name string) exported {
	t.Helper()
	i := slices.IndexFunc(spans, func(s exported) bool { return s.Service == service && strings.EqualFold(s.Name, name) })
	require.GreaterOrEqual(t, i, 0, "%s %s in %+v", service, name, spans)
	return spans[i]
}

// story is a trace with many kinds of spans: a call and its request, a call and a request that
// share an ID as Finagle's do, an unanswered call, a job, a made span with a guessed parent, and
// lines without a span.
func story() *log {
	l := &log{}
	l.request("Shop", "1", "", 0, 100*ms, line.Request{Route: "/cart/{id}", Path: "/cart/7", Status: 503})
	l.call("Shop", "2", "1", 10*ms, 20*ms, line.Call{Host: "price:8080", Path: "/p", Status: 200})
	l.request("price", "3", "2", 15*ms, 10*ms, line.Request{Route: "/p"})
	l.call("Shop", "4", "1", 40*ms, 20*ms, line.Call{Host: "stock", Path: "/s", Status: 200, Attempt: 2})
	l.request("stock", "4", "1", 45*ms, 10*ms, line.Request{Route: "/s"})
	l.call("Shop", "5", "1", 70*ms, 5*ms, line.Call{Host: "[::1]:90", Path: "/x", Error: "refused"})
	l.job("mail", "6", 80*ms, 5*ms, line.Run{Job: "send", Panicked: true})
	l.say("price", "3", 18*ms, "looked up\n\x1b[31mtwice").Level = "error"
	l.say("price", "7", 19*ms, "inside")
	l.say("nginx", "", 50*ms, "nobody's")
	return l
}

func TestZipkin(t *testing.T) {
	tree := story().tree()
	assertExports(t, tree)
	spans := zipkinOf(t, tree)
	at := func(d time.Duration) int64 { return noon.Add(d).UnixMicro() }
	assert.Equal(t, exported{
		TraceID: "5759e988bd862e3fe1be46a994272793", ID: id("1"), Kind: "SERVER", Name: "get /cart/{id}", Service: "shop", Start: at(0), End: at(100 * ms),
		Tags: map[string]string{"http.method": "GET", "http.path": "/cart/7", "http.route": "/cart/{id}", "http.status_code": "503", "error": "503"},
	}, spanOf(t, spans, "shop", "GET /cart/{id}"))
	assert.Equal(t, exported{
		TraceID: "5759e988bd862e3fe1be46a994272793", ID: id("2"), ParentID: id("1"), Kind: "CLIENT", Name: "get price:8080/p", Service: "shop", Remote: "price",
		Start: at(10 * ms), End: at(30 * ms), Tags: map[string]string{"http.method": "GET", "http.path": "/p", "http.status_code": "200"},
	}, spanOf(t, spans, "shop", "GET price:8080/p"))
	price := spanOf(t, spans, "price", "GET /p")
	assert.Equal(t, id("2"), price.ParentID)
	assert.Equal(t, []string{`ERR looked up\n\x1b[31mtwice`}, price.Notes)
	assert.False(t, price.Shared)

	call, answer := spanOf(t, spans, "shop", "GET stock/s"), spanOf(t, spans, "stock", "GET /s")
	assert.Equal(t, []string{id("4"), id("1"), id("4"), id("1")}, []string{call.ID, call.ParentID, answer.ID, answer.ParentID})
	assert.True(t, answer.Shared, "the answer must share the call's ID")
	assert.False(t, call.Shared)
	assert.Equal(t, "2", call.Tags["clew.attempt"])

	refused := spanOf(t, spans, "shop", "GET [::1]:90/x")
	assert.Equal(t, "::1", refused.Remote)
	assert.Equal(t, "refused", refused.Tags["error"])
	job := spanOf(t, spans, "mail", "send")
	assert.Equal(t, []string{"", "", "panicked"}, []string{job.Kind, job.ParentID, job.Tags["error"]})
	made := spanOf(t, spans, "price", "")
	assert.Equal(t, []string{id("7"), id("3")}, []string{made.ID, made.ParentID})
	assert.NotEmpty(t, made.Tags["clew.made"])
	assert.NotEmpty(t, made.Tags["clew.guessed"])
	loose := spanOf(t, spans, "nginx", "lines of no span")
	assert.Equal(t, []string{"INF nobody's"}, loose.Notes)
	assert.Empty(t, loose.ParentID)
	assert.Equal(t, at(50*ms), loose.Start)
}

func TestOTLP(t *testing.T) {
	spans := otlpOf(t, story().tree())
	at := func(d time.Duration) int64 { return noon.Add(d).UnixNano() }
	assert.Equal(t, exported{
		TraceID: "5759e988bd862e3fe1be46a994272793", ID: id("1"), Kind: "2", Name: "GET /cart/{id}", Service: "Shop", Start: at(0), End: at(100 * ms),
		Tags: map[string]string{"http.request.method": "GET", "url.path": "/cart/7", "http.route": "/cart/{id}", "http.response.status_code": "503", "error.type": "503", "status": "2 503"},
	}, spanOf(t, spans, "Shop", "GET /cart/{id}"))
	call, answer := spanOf(t, spans, "Shop", "GET stock/s"), spanOf(t, spans, "stock", "GET /s")
	assert.Equal(t, "3", call.Kind)
	assert.Equal(t, id("4"), call.ID)
	assert.Equal(t, id("4"), answer.ParentID)
	assert.NotEqual(t, id("4"), answer.ID, "in OTLP, an answer must not share the call's ID")
	assert.Equal(t, id("4"), answer.Tags["clew.span_id"])
	assert.Equal(t, "1", spanOf(t, spans, "mail", "send").Kind)
	assert.Equal(t, "::1", spanOf(t, spans, "Shop", "GET [::1]:90/x").Tags["server.address"])
}

// A span without a valid and unique ID gets a new one. The new ID does not depend on other lines.
func TestExportedIDs(t *testing.T) {
	l := &log{}
	for range 3 { // the same text
		l.request("a", "", "", 0, 10*ms, line.Request{Route: "/a"}).Text = "same"
	}
	l.request("b", "", "", 5*ms, ms, line.Request{Route: "/b"}).Text = "b"
	l.request("c", "1", "", 0, 10*ms, line.Request{Route: "/c"})
	l.request("d", "1", "", 0, 10*ms, line.Request{Route: "/d"}) // the ID of another span
	l.request("e", "not hex", "", 0, ms, line.Request{Route: "/e"}).Span = "\x1b[0123456789abc"
	tree := l.tree()
	assertExports(t, tree)
	before := zipkinOf(t, tree)
	assert.Equal(t, id("1"), spanOf(t, before, "d", "GET /d").Tags["clew.span_id"])
	assert.Equal(t, `\x1b[0123456789abc`, spanOf(t, before, "e", "GET /e").Tags["clew.span_id"])
	l.request("0", "", "", -50*ms, ms, line.Request{})
	after := zipkinOf(t, l.tree())
	for _, name := range []string{"b", "d", "e"} {
		assert.Equal(t, spanOf(t, before, name, "GET /"+name).ID, spanOf(t, after, name, "GET /"+name).ID)
	}
	taken := spanOf(t, before, "b", "GET /b").ID
	l.request("f", taken, "", 0, ms, line.Request{}) // now a line has the ID that b got
	assertExports(t, l.tree())
	assert.NotEqual(t, taken, spanOf(t, zipkinOf(t, l.tree()), "b", "GET /b").ID)
}

// The times in the views are corrected, because Zipkin and OpenTelemetry cannot correct them.
// Zipkin recognizes clocks by the addresses of services, and lines do not contain the addresses.
func TestExportedSkew(t *testing.T) {
	l := &log{}
	l.call("a", "1", "", 0, 20*ms, line.Call{Host: "b"})
	l.request("b", "2", "1", time.Hour+5*ms, 10*ms, line.Request{Route: "/b"})
	l.say("b", "2", time.Hour+7*ms, "then")
	spans := zipkinOf(t, l.tree())
	b := spanOf(t, spans, "b", "GET /b")
	assert.Equal(t, noon.Add(5*ms).UnixMicro(), b.Start)
	assert.Equal(t, "3600000", b.Tags["clew.skew_ms"])
	assert.Equal(t, noon.Add(5*ms).UnixNano(), spanOf(t, otlpOf(t, l.tree()), "b", "GET /b").Start)
}

// A user may ask for an ID of 16 digits although the lines have 32. The views then have 32 digits,
// too. With 16 digits, a backend that already has the trace would show a second one.
func TestExportedTraceID(t *testing.T) {
	l := &log{}
	l.request("a", "1", "", 0, ms, line.Request{}).Trace.High = 0
	short := timeline.ID{Low: traceID.Low}
	tree := timeline.NewTree(timeline.NewTrace(short, l.entries))
	assert.Equal(t, "e1be46a994272793", zipkinOf(t, tree)[0].TraceID)
	assert.Equal(t, "0000000000000000e1be46a994272793", otlpOf(t, tree)[0].TraceID)
	l.say("a", "1", 0, "more")
	tree = timeline.NewTree(timeline.NewTrace(short, l.entries))
	assert.Equal(t, "5759e988bd862e3fe1be46a994272793", zipkinOf(t, tree)[0].TraceID)
	assert.Equal(t, "5759e988bd862e3fe1be46a994272793", otlpOf(t, tree)[0].TraceID)
}

// If a span has very many lines, the views contain its errors, the first ones of its other lines,
// and the number of omitted lines.
func TestExportedLines(t *testing.T) {
	l := &log{}
	l.request("a", "1", "", 0, 10*time.Second, line.Request{})
	for i := range 3000 {
		l.say("a", "1", time.Duration(i)*ms, fmt.Sprint("line ", i, strings.Repeat("\U000e0041", 300)))
	}
	l.say("a", "1", 4*time.Second, "last").Level = "error"
	tree := l.tree()
	assertExports(t, tree)
	s := zipkinOf(t, tree)[0]
	assert.Equal(t, 2001, s.Left)
	assert.Len(t, s.Notes, 1000)
	assert.Equal(t, "ERR last", s.Notes[999])
	assert.Less(t, len(s.Notes[0]), 2000)
	for text := range tree.ZipkinSpans() {
		assert.Less(t, len(text), 4<<20, "bytes of a span: a server limits the size of a request")
	}
}

// Equal annotations get different numbers, because Zipkin drops an annotation that equals another
// one.
func TestZipkinNumbersEqualLines(t *testing.T) {
	l := &log{}
	l.request("a", "1", "", 0, time.Second, line.Request{})
	for i, text := range []string{"x", "x (2)", "x", "x", "x (2)"} {
		l.say("a", "1", ms, text).Text = fmt.Sprint(i)
	}
	l.say("a", "1", 2*ms, "x")
	assert.Equal(t, []string{"INF x", "INF x (2)", "INF x (3)", "INF x (4)", "INF x (2) (2)", "INF x"}, zipkinOf(t, l.tree())[0].Notes)
}

func TestExportedTimes(t *testing.T) {
	tests := []struct {
		name       string
		at         time.Time
		took       time.Duration
		start, end int64 // in nanoseconds
	}{
		{"before 1970", time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), time.Second, 0, 0},
		{"1970", time.Unix(1, 0), time.Second, 0, 1e9},
		{"2262", time.Date(2262, 4, 11, 23, 47, 17, 0, time.UTC), time.Second, 9223372036000000000, 1<<63 - 1},
		{"9999", time.Date(9999, 4, 11, 23, 47, 17, 0, time.UTC), time.Second, 1<<63 - 1, 1<<63 - 1},
		{"a negative duration", time.Unix(10, 0), -time.Second, 10e9, 10e9},
		{"a duration that reaches back before 1970", time.Unix(10, 0), 1<<63 - 1, 0, 10e9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &log{}
			l.request("a", "1", "", 0, 0, line.Request{})
			l.entries[0].Time, l.entries[0].Record.(*line.Request).Duration = tt.at.UTC(), tt.took
			tree := l.tree()
			assertExports(t, tree)
			s := otlpOf(t, tree)[0]
			assert.Equal(t, []int64{tt.start, tt.end}, []int64{s.Start, s.End})
		})
	}
}

func TestMermaid(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, story().tree().Mermaid(&out))
	assert.Equal(t, `sequenceDiagram
  title trace 5759e988bd862e3fe1be46a994272793
  participant S1 as caller
  participant S2 as Shop
  S1->>S2: GET /cart/#123;id#125;
  participant S3 as price
  S2->>S3: GET /p
  Note over S3: ERR looked up
  S3-->>S2: 200, 20.0 ms
  participant S4 as stock
  S2->>S4: GET /s, attempt 2
  S4-->>S2: 200, 20.0 ms
  participant S5 as #58;#58;1
  S2->>S5: GET #91;#58;#58;1#93;#58;90/x
  S5--xS2: 5.00 ms, refused
  participant S6 as mail
  S6->>S6: job send
  S6--xS6: 5.00 ms, panicked
  S2--xS1: 503, 100 ms
`, out.String())

	l := &log{}
	l.request("a", "1", "", 0, 10*time.Second, line.Request{})
	for i := range 300 {
		l.call("a", fmt.Sprintf("%x", i+2), "1", time.Duration(i)*ms, ms/2, line.Call{Host: strings.Repeat("☎", i)})
	}
	l.say("a", "1", 9*time.Second, "late").Level = "fatal"
	tree := l.tree()
	assertExports(t, tree)
	out.Reset()
	require.NoError(t, tree.Mermaid(&out))
	arrows, answers := strings.Count(out.String(), "->>S")-strings.Count(out.String(), "-->>S"), strings.Count(out.String(), "-->>S")
	assert.LessOrEqual(t, arrows+answers, 200)
	assert.Contains(t, out.String(), fmt.Sprintf("not shown are %d more calls, %d more answers, 1 more error\n", 301-arrows, 301-answers))
}

// If a service reports no requests, its lines are shown under the only call to the service, with a
// mark.
func TestGuessedLine(t *testing.T) {
	l := &log{}
	l.request("shop", "1", "", 0, 100*ms, line.Request{})
	l.call("shop", "2", "1", 10*ms, 50*ms, line.Call{Host: "price.prod.svc:80"})
	l.say("price", "", 20*ms, "of price")
	l.say("shop", "", 80*ms, "of shop")
	l.say("shop", "1", 81*ms, "sure")
	tree := l.tree()
	var text, data bytes.Buffer
	require.NoError(t, tree.Text(&text, timeline.Style{}))
	assert.Contains(t, text.String(), "price? INF of price\n")
	assert.Contains(t, text.String(), "of shop\n")
	assert.Contains(t, text.String(), "A service with ?: ")
	require.NoError(t, tree.JSON(&data))
	assert.Regexp(t, `"message":"of price","span":"0{15}2","guess":true,`, data.String())
	assert.Regexp(t, `"message":"of shop","span":"0{15}1","guess":true,`, data.String())
	assert.Regexp(t, `"message":"sure","span":"0{15}1","source"`, data.String())
}

// No character in the name of a service or in a message acts as Mermaid syntax.
func TestMermaidIsInert(t *testing.T) {
	l := &log{}
	for i, text := range append(hostileDiagrams, hostile...) {
		span := fmt.Sprintf("%x", i+1)
		l.request(text, span, "", time.Duration(i)*ms, 10*ms, line.Request{Route: text, Panicked: true})
		l.say(text, span, time.Duration(i)*ms, text).Level = "error"
	}
	assertExports(t, l.tree())
}

var hostileDiagrams = []string{
	"end", "a; b", "a\nS1->>S1: x", "#35;", "#quot;", "%%{init: {\"securityLevel\": \"loose\"}}%%", "%% gone", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
	"click S1 call alert(1)", "link S1: a @ javascript:alert(1)", "as x", "$$x$$", "wrap: x", "ﬂ°°60¶ßscript", "style a:b#c;", "participant S1@{}", "note over S1: x", "autonumber", "```", "&lt;b&gt;",
}
