package timeline_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

const (
	head  = `{"level":"info","service":"shop","time":"2026-11-26T22:46:25.123456Z",`
	ids   = `"trace_id":"` + id128 + `","span_id":"` + spanID + `",`
	route = `"route":"GET /products/{id}",`
)

// ourLines are lines as logctx writes them. The last one is a line of slog.
var ourLines = []string{
	head + `"method":"GET","path":"/products/1234",` + route + `"status":200,"bytes":5120,"duration_ms":4.711,"remote":"192.0.2.17:54321",` +
		`"parent_id":"` + id64 + `","sampled":true,` + ids + `"message":"request"}`,
	head + `"method":"GET","path":"/products/1234","status":500,"bytes":0,"duration_ms":12,"remote":"192.0.2.17:54321",` + ids + `"message":"request"}`,
	head + `"method":"GET","host":"stock","path":"/stock/1234","status":200,"duration_ms":3.2,"body_ms":3.3,"attempt":1,"parent_id":"` + id64 + `",` + ids + `"message":"call"}`,
	head + `"method":"GET","host":"stock","path":"/","duration_ms":3.2,"attempt":2,"error":"dial: \"refused\"",` + ids + `"message":"call"}`,
	head + `"method":"SELECT","host":"db","duration_ms":0.004,` + ids + `"message":"call"}`,
	head + `"job":"sweep","duration_ms":4.711,"scheduled_by":"` + id64 + `",` + ids + `"message":"job"}`,
	head + ids + `"price":12.5,"ok":true,"message":"sold \"a\" cabbage"}`,
	`{"time":"2026-11-26T22:46:25.123456789Z","level":"INFO","msg":"sold","trace_id":"` + low + `","span_id":"` + spanID + `"}`,
}

// glances are lines that Glance and Parse must read in the same way.
var glances = append([]string{
	head + `"message":"no ID"}`,
	head + ids + `"dd.trace_id":"7","dd.span_id":"8","duration":5,"message":"x"}`,
	head + ids + `"traceId":"` + id64 + `","spanId":"` + id64 + `","parentId":"` + id64 + `","message":"x"}`,
	head + ids + `"trace_id":"` + id64 + `","message":"the last of two"}`,
	head + ids + `"trace_id":null,"message":"x"}`,
	head + ids + `"msg":"request","message":"x"}`,
	head + ids + `"method":"GET","message":"request"}`,
	head + ids + `"method":"GET","path":"/","status":"200","bytes":5,"duration_ms":1,"remote":"r","message":"request"}`,
	head + ids + `"method":"GET","path":"/","status":200,"bytes":5,"duration_ms":"1","remote":"r","message":"request"}`,
	head + ids + `"method":"GET","path":"/","status":200,"bytes":5,"duration_ms":1e3,"remote":"r","message":"request"}`,
	head + ids + `"method":"GET","path":"/","status":-1,"bytes":5,"duration_ms":-1.5,"remote":"r","message":"request"}`,
	head + ids + `"method":"GET","path":"/","status":200,"bytes":5,"duration_ms":1.0000005,"remote":"r","message":"request"}`,
	head + ids + `"method":"GET","path":"/é","status":200,"bytes":5,"duration_ms":1,"remote":"r","message":"request"}`,
	head + ids + `"method":"GET","path":"/\u0041","status":200,"bytes":5,"duration_ms":1,"remote":"r","route":"","message":"request"}`,
	head + ids + `"method":"GET","path":"/","status":200,"bytes":5,"duration_ms":1,"remote":"r","route":7,"message":"request"}`,
	head + ids + `"method":"GET","host":"h","status":200,"duration_ms":1,"message":"call"}`,
	head + ids + `"job":"j","parent_id":"` + id64 + `","duration_ms":1,"message":"job"}`,
	head + ids + `"message":"x","a":{"b":1}}`,
	head + ids + `"message":"x","a":[1,"}"]}`,
	head + ids + `"message":"x"} `,
	head + ids + `"message":"x"}}`,
	head + ids + `"message":"x",}`,
	head + ids + `"message":"\x"}`,
	head + ids + `"message":"x","a":01}`,
	head + ids + `"message":"x","a":1.}`,
	head + ids + `"message":"x","a":tru}`,
	head + ids + `"message":"x","app":"y"}`,
	`{"severity":"warn","traceId":"` + id64 + `",` + head[1:] + ids + `"message":"x"}`,
	`{"severity":"warn",` + head[1:] + ids + `"message":"x"}`,
	`{"traceId":"` + id64 + `",` + head[1:] + ids + `"message":"x"}`,
	head + ids + `"message":"x","ts":5}`,
	head + `"trace_id":"` + id128 + `","dd.span_id":"8","duration":5,"http.method":"a","http.status_code":7,"error.message":"b","job":"j","duration_ms":1,"message":"job"}`,
	head + `"trace_id":"1234567890123456","dd.span_id":"8","duration":5,"http.method":"a","http.status_code":7,"message":"x"}`,
	strings.Replace(head, "shop", "caf\xe9", 1) + ids + `"message":"x"}`,
	`{"time":1795733185,"trace_id":"` + id128 + `"}`,
	`{"time":"2026-11-31T22:46:25Z","trace_id":"` + id128 + `"}`,
	`{"time":"2026-11-26T22:46:25.Z","trace_id":"` + id128 + `"}`,
	`{"time":"2026-11-26T22:46:25.1234567891Z","trace_id":"` + id128 + `"}`,
	`{"time":"2026-11-26T24:46:25Z","trace_id":"` + id128 + `"}`,
	`{"time":"2026/11/26T22:46:25Z","trace_id":"` + id128 + `"}`,
	`{"time":"2026-11-26T22:46:25+01:00","trace_id":"` + strings.ToUpper(id128) + `"}`,
	`{"time":"2026-11-26T22:46:25Z","level":7,"service":7,"trace_id":"` + strings.Repeat("0", 16) + `"}`,
	`{"time":"2026-11-26T22:46:25Z","trace_id":"1234567890123456","span_id":"` + span10 + `"}`,
	`{"app":"shop","time":"2026-11-26T22:46:25Z","tid":"` + id128 + `"}`,
	`{}`, `{`, `{"`, `{"a`, `{"a":`, `{"a":"`, `{"a":-}`, ``,
}, ourLines...)

// sameGlance fails if Glance and Parse read a source of one line differently, or if sameSight
// fails. Of a source of several lines, it compares only the number of lines.
func sameGlance(t *testing.T, source []byte) {
	t.Helper()
	sameSight(t, source)
	lines := bytes.Split(source, []byte("\n"))
	config := timeline.ParserConfig{Reference: reference}
	slow, quick := timeline.NewParser(config), timeline.NewParser(config)
	for _, text := range lines {
		raw := timeline.Raw{Text: text, Service: "pod"}
		if slow.Parse(raw) != nil {
			t.Fatal("Parse returns an entry, although Flush has returned the entry of the line before")
		}
		g, ok := quick.Glance(raw)
		e := slow.Flush()
		if len(lines) > 1 {
			continue // a line that belongs to the line before has no glance
		}
		if e == nil {
			if ok {
				t.Fatalf("glance of %q: %+v, although Parse and Flush return no entry", text, g)
			}
			return
		}
		want := slow.GlanceOf(e)
		if ok != (e.Trace != timeline.ID{}) && quick.Counts().Lines == 1 {
			if _, open := bytes.CutPrefix(bytes.TrimSpace(text), []byte("{")); open && !ok && !json.Valid(text) {
				return // JSON that may go on in the next line
			}
			t.Fatalf("glance of %q: ok is %v, and the trace of its entry is %v", text, ok, e.Trace)
		}
		if ok && g != want {
			t.Fatalf("glance of %q:\n got %+v\nwant %+v", text, g, want)
		}
		quick.Flush() // JSON that may go on in the next line
		if slow.Counts() != quick.Counts() {
			t.Fatalf("counts of %q: got %+v, want %+v", text, quick.Counts(), slow.Counts())
		}
	}
	if got := quick.Counts().Lines; got != len(lines) {
		t.Fatalf("the source has %d lines, and Counts returns %d", len(lines), got)
	}
}

func TestGlance(t *testing.T) {
	for _, text := range glances {
		sameGlance(t, []byte(text))
	}
	for _, tt := range formats {
		sameGlance(t, []byte(tt.text))
	}
	p := timeline.NewParser(timeline.ParserConfig{})
	g, ok := p.Glance(timeline.Raw{Text: []byte(ourLines[0]), Service: "pod"})
	require.True(t, ok)
	assert.Equal(t, timeline.Glance{Time: at("2026-11-26T22:46:25.123456Z"), Trace: traceID, Span: 0xa2fb4a1d1a96d312, Parent: otherID.Low, Service: "shop", Level: "info",
		Record: line.MessageRequest, Method: "GET", Route: "GET /products/{id}", Status: 200, Duration: 4711 * time.Microsecond}, g)
	g, ok = p.Glance(timeline.Raw{Text: []byte(`{"time":"2026-11-26T22:46:25Z","trace_id":"` + id128 + `"}`), Service: "pod"})
	require.True(t, ok)
	assert.Equal(t, "pod", g.Service, "the shipper's service, for a line without a service")
}

// Glance reads our own lines without Parse and without an allocation.
func TestGlanceQuick(t *testing.T) {
	p := timeline.NewParser(timeline.ParserConfig{})
	for _, text := range ourLines {
		assert.True(t, p.Quick([]byte(text)), "quick does not read this line, so Glance needs Parse: %s", text)
	}
	var raws []timeline.Raw
	for _, text := range ourLines[:7] {
		raws = append(raws, timeline.Raw{Text: []byte(text)})
	}
	allocs := testing.AllocsPerRun(100, func() {
		for _, raw := range raws {
			p.Glance(raw)
		}
	})
	assert.Zero(t, allocs, "allocations of %d lines", len(raws))
}

// Glance uses the keys that the user has chosen.
func TestGlanceKeys(t *testing.T) {
	p := timeline.NewParser(timeline.ParserConfig{Keys: timeline.Keys{Trace: []string{"order"}, Service: []string{"who"}}})
	g, ok := p.Glance(timeline.Raw{Text: []byte(head + `"order":"` + low + `","who":"stock",` + ids + `"message":"x"}`)})
	require.True(t, ok)
	assert.Equal(t, lowID, g.Trace)
	assert.Equal(t, "stock", g.Service)
}

// Glance returns one glance for an entry of several lines.
func TestGlanceGroups(t *testing.T) {
	for _, tt := range groups {
		t.Run(tt.name, func(t *testing.T) {
			entries, _, _ := parse(timeline.ParserConfig{}, tt.lines...)
			want := 0
			for _, e := range entries {
				first, _, _ := strings.Cut(e.Text, "\n")
				if e.Trace != (timeline.ID{}) && (strings.Contains(first, e.Trace.String()) || strings.HasPrefix(first, "{")) {
					want++
				}
			}
			p := timeline.NewParser(timeline.ParserConfig{Reference: reference})
			got := 0
			for _, text := range tt.lines {
				if g, ok := p.Glance(timeline.Raw{Text: []byte(text)}); ok {
					assert.NotZero(t, g.Trace)
					got++
				}
			}
			assert.Equal(t, want, got, "number of glances")
			assert.Equal(t, len(tt.lines), p.Counts().Lines)
		})
	}
}

// Unfinished JSON is counted. At the end of the source, Flush returns it.
func TestGlanceFlush(t *testing.T) {
	p := timeline.NewParser(timeline.ParserConfig{Reference: reference})
	cut := timeline.Raw{Text: []byte(`{"time":"2026-11-26T22:46:25Z","trace_id":"` + id128 + `",`), Number: 1}
	whole := timeline.Raw{Text: []byte(ourLines[0])}
	_, ok := p.Glance(cut)
	assert.False(t, ok)
	_, ok = p.Glance(whole)
	assert.True(t, ok)
	assert.Nil(t, p.Flush(), "Flush must not return a line that Glance has read")
	_, ok = p.Glance(cut)
	assert.False(t, ok)
	e := p.Flush()
	require.NotNil(t, e)
	assert.Equal(t, traceID, e.Trace)
	assert.Nil(t, p.Flush())
	assert.Equal(t, timeline.Counts{Lines: 3, NoID: 1, NoTime: 1, NoLine: 2}, p.Counts())
	_, ok = p.Glance(timeline.Raw{Text: []byte(`{"time":"2026-11-26T22:46:25Z","trace_id":"` + id128 + `","mess`)})
	assert.True(t, ok, "JSON that was cut inside a string cannot continue in the next line")
}

func BenchmarkGlance(b *testing.B) {
	mixed := ourLines[:7]
	for _, bb := range []struct {
		name  string
		lines []string
	}{
		{"ours", mixed}, {"request", ourLines[:1]}, {"slog", ourLines[7:8]}, {"zap", []string{format("zap")}}, {"logback", []string{format("logback")}},
		{"datadog", []string{format("Datadog")}}, {"nginx", []string{format("nginx")}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			p := timeline.NewParser(timeline.ParserConfig{Reference: reference})
			var raws []timeline.Raw
			size := 0
			for _, text := range bb.lines {
				raws = append(raws, timeline.Raw{Text: []byte(text)})
				size += len(text) + 1
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, raw := range raws {
					if _, ok := p.Glance(raw); !ok {
						b.Fatal("no ID")
					}
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, bb := range []struct{ name, text string }{
		{"ours", ourLines[0]}, {"zap", format("zap")}, {"logfmt", format("logfmt")}, {"logback", format("logback")}, {"nginx", format("nginx")},
	} {
		b.Run(bb.name, func(b *testing.B) {
			p := timeline.NewParser(timeline.ParserConfig{Reference: reference})
			raw := timeline.Raw{Text: []byte(bb.text)}
			b.SetBytes(int64(len(bb.text) + 1))
			b.ReportAllocs()
			for b.Loop() {
				p.Parse(raw)
			}
		})
	}
}

// format returns the line of a logger.
func format(name string) string {
	for _, tt := range formats {
		if tt.name == name {
			return tt.text
		}
	}
	panic("no such format: " + name)
}

// FuzzGlanceAgain checks that Glance and Sight still agree with Parse when they remember earlier
// lines. Some lines repeat the fields of the previous line in the same order, and repeat some of
// its values.
func FuzzGlanceAgain(f *testing.F) {
	for i, text := range sights {
		f.Add(text, text)
		f.Add(text, sights[(i+1)%len(sights)])
		f.Add(ourLines[0], text)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		config := timeline.ParserConfig{Reference: reference}
		slow, quick, sees := timeline.NewParser(config), timeline.NewParser(config), timeline.NewParser(config)
		if !isObject(one) || !isObject(two) { // JSON that may go on in the next line has no entry yet
			for _, text := range []string{ourLines[0], one, two} {
				quick.Glance(timeline.Raw{Text: []byte(text)})
			}
			return
		}
		for _, text := range []string{one, two, one, two, two, one} {
			raw := timeline.Raw{Text: []byte(text)}
			slow.Parse(raw)
			e := slow.Flush()
			if g, ok := quick.Glance(raw); ok != (e.Trace != timeline.ID{}) || ok && g != slow.GlanceOf(e) {
				t.Fatalf("glance of %q:\n got %+v\nwant %+v", text, g, slow.GlanceOf(e))
			}
			var s timeline.Sight
			if ok := sees.Sight(&raw, &s); !ok || s != slow.SightOf(e) {
				t.Fatalf("sight of %q:\n got %+v\nwant %+v", text, s, slow.SightOf(e))
			}
		}
	})
}

// The method quick rejects a line that is cut off at any byte, even if it has read the uncut line
// just before.
func TestGlanceCut(t *testing.T) {
	p := timeline.NewParser(timeline.ParserConfig{Reference: reference})
	for end := range len(ourLines[0]) {
		_, ok := p.Glance(timeline.Raw{Text: []byte(ourLines[0])})
		require.True(t, ok)
		assert.False(t, p.Quick([]byte(ourLines[0][:end])), "quick reads a line that is cut off after %d bytes", end)
	}
}

// isObject reports whether a text is one line with an object.
func isObject(text string) bool {
	return strings.HasPrefix(text, "{") && !strings.ContainsAny(text, "\n\r") && json.Valid([]byte(text))
}
