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

// sameSight fails if Sight and Parse differ on a line.
func sameSight(t *testing.T, text []byte) {
	t.Helper()
	if bytes.IndexByte(text, '\n') >= 0 {
		return
	}
	config := timeline.ParserConfig{Reference: reference}
	slow, quick := timeline.NewParser(config), timeline.NewParser(config)
	raw := timeline.Raw{Text: text, Service: "pod"}
	if slow.Parse(raw) != nil {
		t.Fatal("Parse returns an entry for the first line of a source")
	}
	var s timeline.Sight
	ok := quick.Sight(&raw, &s)
	e := slow.Flush()
	if e == nil {
		if ok {
			t.Fatalf("sight of %q: %+v, although Parse and Flush return no entry", text, s)
		}
		return
	}
	if !ok {
		if !json.Valid(text) {
			return // JSON that may go on in the next line
		}
		t.Fatalf("sight of %q: Sight returns false", text)
	}
	if want := slow.SightOf(e); s != want {
		t.Fatalf("sight of %q:\n got %+v\nwant %+v", text, s, want)
	}
}

// sights are lines with values that a sight has and a glance lacks. The lines in the variable
// glances follow them.
var sights = append([]string{
	head + `"method":"GET","path":"/","status":0,"bytes":0,"duration_ms":1,"remote":"r","hijacked":true,` + ids + `"message":"request"}`,
	head + `"method":"GET","path":"/","status":200,"bytes":7,"duration_ms":1,"remote":"r","panicked":true,"caller_parent_id":"` + id64 + `",` + ids + `"message":"request"}`,
	head + `"method":"GET","path":"/","status":200,"bytes":7,"duration_ms":1,"remote":"r","untrusted_trace_id":"` + id128 + `",` + ids + `"message":"request"}`,
	head + `"method":"GET","path":"/","status":200,"bytes":7,"duration_ms":1,"remote":"r","caller_parent_id":7,"untrusted_trace_id":"x",` + ids + `"message":"request"}`,
	head + `"method":"GET","host":"h","path":"/","duration_ms":1,"attempt":3,"error":"dial tcp: lookup h: no such host",` + ids + `"message":"call"}`,
	head + `"method":"GET","host":"h","path":"/","duration_ms":1,"body_ms":"x","attempt":"3","error":7,` + ids + `"message":"call"}`,
	head + `"method":"GET","host":"h","path":"/","duration_ms":-1,"body_ms":2.5,"attempt":-3,"error":"a \"quoted\" one",` + ids + `"message":"call"}`,
	head + `"job":"sweep","duration_ms":1,"panicked":true,"sampled":true,` + ids + `"message":"job"}`,
	head + `"caller":"/home/x/shop/main.go:42","message":"no ID"}`,
	head + `"source":{"function":"main.main","file":"/home/x/main.go","line":42},"message":"no ID"}`,
	head + `"logger":"com.example.Shop","thread":"main","message":"no ID"}`,
	head + `"name":"shop.db","message":"no ID"}`,
	head + `"caller":["a"],"message":"no ID"}`,
	head + `"caller":"` + strings.Repeat("x", 200) + `","message":"no ID"}`,
	`{"level":30,"time":1795687861999,"pid":7,"hostname":"cart-0","name":"cart","msg":"collected garbage"}`,
	`time=2026-11-26T22:46:25Z level=info service=shop caller=main.go:7 msg="no ID"`,
	`2026-11-26 10:11:01,200 [main] INFO  c.e.price.Prices - started`,
	`2026-11-26T10:11:01Z main.go:23: started`,
	`2026-11-26 10:11:01,200 [` + id128 + `] INFO c.e.Prices - x`, `2026-11-26 10:11:01,200 [` + low + `,` + spanID + `] INFO c.e.Prices - x`,
	`2026-11-26 10:11:01,200 trace_id=` + low + ` x`, `2026-11-26 10:11:01,200 b3: ` + low + `-` + spanID + `-1 x`,
	`{"time":"2026-11-26T22:46:25Z","traceparent":"00-` + id128 + `-` + spanID + `-01","message":"x"}`,
	`{"time":"2026-11-26T22:46:25Z","logging.googleapis.com/trace":"` + id128 + `","message":"x"}`,
	`{"time":"2026-11-26T22:46:25Z","dd.trace_id":"1234567890123456789","message":"x"}`,
}, glances...)

func TestSight(t *testing.T) {
	for _, text := range sights {
		sameSight(t, []byte(text))
	}
	for _, tt := range formats {
		sameSight(t, []byte(tt.text))
	}
}

// A sight has the fields of a line that a map needs.
func TestSightFields(t *testing.T) {
	see := func(text string) (s timeline.Sight) {
		p := timeline.NewParser(timeline.ParserConfig{Reference: reference})
		require.True(t, p.Sight(&timeline.Raw{Text: []byte(text)}, &s), text)
		s.Glance = timeline.Glance{}
		return s
	}
	us := time.Microsecond
	tests := []struct {
		text string
		want timeline.Sight
	}{
		{ourLines[0], timeline.Sight{Digits: 32, Precision: us, Took: 4711 * us, Bytes: 5120, Pattern: true, Sampled: true}},
		{ourLines[1], timeline.Sight{Digits: 32, Precision: us, Took: 12000 * us, Failed: true}},
		{ourLines[2], timeline.Sight{Digits: 32, Precision: us, Took: 3300 * us, Host: "stock", Attempt: 1}},
		{ourLines[3], timeline.Sight{Digits: 32, Precision: us, Took: 3200 * us, Host: "stock", Attempt: 2, Failed: true}},
		{ourLines[4], timeline.Sight{Digits: 32, Precision: us, Took: 4 * us, Host: "db"}},
		{ourLines[7], timeline.Sight{Digits: 16}},
		{sights[0], timeline.Sight{Digits: 32, Precision: us, Took: 1000 * us}},
		{sights[1], timeline.Sight{Digits: 32, Precision: us, Took: 1000 * us, Bytes: 7, Failed: true, CallerParent: otherID.Low}},
		{sights[2], timeline.Sight{Digits: 32, Precision: us, Took: 1000 * us, Bytes: 7, Untrusted: traceID}},
		{sights[4], timeline.Sight{Digits: 32, Precision: us, Took: 1000 * us, Host: "h", Attempt: 3, Failed: true, Refused: true}},
		{sights[7], timeline.Sight{Digits: 32, Precision: us, Took: 1000 * us, Sampled: true, Failed: true}},
		{sights[8], timeline.Sight{Precision: us, Place: "main.go:42"}},
		{sights[9], timeline.Sight{Precision: us, Place: "main.go:42"}},
		{sights[10], timeline.Sight{Precision: us, Place: "com.example.Shop"}},
		{sights[11], timeline.Sight{Precision: us, Place: "shop.db"}},
		{sights[14], timeline.Sight{Precision: time.Millisecond}},
		{sights[16], timeline.Sight{Precision: time.Millisecond, Place: "c.e.price.Prices"}},
		{sights[17], timeline.Sight{Precision: time.Second, Place: "main.go:23"}},
		{sights[18], timeline.Sight{Digits: 32, Precision: time.Millisecond}},
		{sights[19], timeline.Sight{Digits: 16, Precision: time.Millisecond}},
		{sights[20], timeline.Sight{Digits: 16, Precision: time.Millisecond}},
		{sights[22], timeline.Sight{Precision: time.Second}},
		{sights[23], timeline.Sight{Precision: time.Second}},
		{sights[24], timeline.Sight{Precision: time.Second}},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, see(tt.text), tt.text)
	}
}

// Sight reads our own lines without Parse and without an allocation.
func TestSightQuick(t *testing.T) {
	p := timeline.NewParser(timeline.ParserConfig{})
	lines := append(ourLines[:3:3], sights[7], sights[8], sights[9], sights[10])
	var s timeline.Sight
	allocs := testing.AllocsPerRun(100, func() {
		for _, text := range lines {
			if !p.Sight(&timeline.Raw{Text: []byte(text)}, &s) {
				t.Fatal("a line has no sight")
			}
		}
	})
	assert.LessOrEqual(t, allocs, float64(len(lines)), "allocations: only the copy of each line may need one")
	assert.Equal(t, line.MessageRequest, func() string { p.Sight(&timeline.Raw{Text: []byte(ourLines[0])}, &s); return s.Record }())
}
