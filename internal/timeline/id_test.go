package timeline_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/testkit"
	"example.com/clew/internal/timeline"
)

const (
	id128   = testkit.ID128
	low     = testkit.LowID
	decimal = testkit.DecimalLow
	spanID  = testkit.SpanID
	id64    = testkit.ID64
	span10  = testkit.DecimalSpan
)

var (
	traceID = timeline.ID{High: 0x5759e988bd862e3f, Low: 0xe1be46a994272793}
	lowID   = timeline.ID{Low: 0xe1be46a994272793}
	otherID = timeline.ID{Low: 0x463ac35c9f6413ad}
)

func TestIDString(t *testing.T) {
	assert.Equal(t, id128, traceID.String())
	assert.Equal(t, low, lowID.String())
	assert.Equal(t, "0000000000000007", timeline.ID{Low: 7}.String())
	assert.Equal(t, "00000000000000010000000000000000", timeline.ID{High: 1}.String())
}

func TestIDSame(t *testing.T) {
	assert.True(t, traceID.Same(lowID))
	assert.True(t, lowID.Same(traceID))
	assert.True(t, traceID.Same(traceID))
	assert.False(t, traceID.Same(timeline.ID{High: 1, Low: traceID.Low}))
	assert.False(t, lowID.Same(otherID))
}

func TestIDForms(t *testing.T) {
	want := []string{low, strings.ToUpper(low), decimal}
	assert.Equal(t, want, traceID.Forms())
	assert.Equal(t, want, lowID.Forms())
	assert.Equal(t, []string{"1234567890123456", "1311768467284833366"}, timeline.ID{Low: 0x1234567890123456}.Forms())
}

// idTexts are texts that contain an ID, or look as if they did.
var idTexts = []struct {
	name, text string
	in128      bool // text contains the ID of 32 digits
	in64       bool // text contains the ID without its high half
}{
	{"32 digits", id128, true, true},
	{"16 digits", low, true, true},
	{"padded", strings.Repeat("0", 16) + low, true, true},
	{"upper case", strings.ToUpper(id128), true, true},
	{"mixed case", "5759E988bd862e3fE1BE46a994272793", true, true},
	{"decimal", "dd.trace_id=" + decimal, true, true},
	{"a resource name", "projects/p/traces/" + id128, true, true},
	{"b3", "b3: " + id128 + "-" + spanID + "-1", true, true},
	{"traceparent", "00-" + id128 + "-" + spanID + "-01", true, true},
	{"X-Ray", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", true, true},
	{"between letters", "x" + id128 + "z", true, true},
	{"decimal between letters", "a" + decimal + "f", true, true},
	{"at the end", "x [" + id128, true, true},
	{"another high half", "1" + id128[1:], false, true},
	{"X-Ray, another high half", "1-1759e988-bd862e3fe1be46a994272793", false, true},
	{"a digit before it", "0" + id128, false, false},
	{"a digit behind it", id128 + "a", false, false},
	{"16 digits and one more", low + "0", false, false},
	{"24 digits", id128[8:], false, false},
	{"decimal and one more digit", decimal + "0", false, false},
	{"the high half", id128[:16], false, false},
	{"another ID", id64, false, false},
	{"cut", id128[:31], false, false},
	{"nothing", "", false, false},
}

func TestIDIn(t *testing.T) {
	for _, tt := range idTexts {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.in128, traceID.In([]byte(tt.text)), "%v in %q", traceID, tt.text)
			assert.Equal(t, tt.in64, lowID.In([]byte(tt.text)), "%v in %q", lowID, tt.text)
			assert.False(t, timeline.ID{}.In([]byte(tt.text)), "the zero ID in %q", tt.text)
		})
	}
	assert.False(t, timeline.ID{Low: 7}.In([]byte("took 7 ms")), "a short decimal number")
	assert.True(t, timeline.ID{Low: 7}.In([]byte("[0000000000000007]")))
}

// A text with an ID contains one of the forms of the ID, in upper or lower case. Search relies on
// this.
func TestIDFormsFindAll(t *testing.T) {
	for _, tt := range idTexts {
		if !tt.in64 {
			continue
		}
		found := false
		for _, form := range lowID.Forms() {
			found = found || strings.Contains(strings.ToLower(tt.text), strings.ToLower(form))
		}
		assert.True(t, found, "one of the forms of %v must be in %q", lowID, tt.text)
	}
}

// pasted are texts that people may pass to ParseID.
var pasted = []struct {
	name, text string
	want       timeline.ID // zero: an error
}{
	{"32 digits", id128, traceID},
	{"16 digits", low, lowID},
	{"upper case", strings.ToUpper(id128), traceID},
	{"white space", " \t" + id128 + "\r\n", traceID},
	{"quotes", `"` + id128 + `",`, traceID},
	{"brackets", "[" + id128 + "]", traceID},
	{"padded", strings.Repeat("0", 16) + low, lowID},
	{"decimal", decimal, lowID},
	{"16 decimal digits", "1234567890123456", timeline.ID{Low: 0x1234567890123456}},
	{"a resource name", "projects/shop/traces/" + id128, traceID},
	{"b3", id128 + "-" + spanID + "-1", traceID},
	{"b3, no state", low + "-" + spanID, lowID},
	{"b3, a parent", id128 + "-" + spanID + "-d-" + id64, traceID},
	{"b3 with its name", "b3: " + id128 + "-" + spanID + "-1", traceID},
	{"X-B3-TraceId", "X-B3-TraceId: " + low, lowID},
	{"traceparent", "00-" + id128 + "-" + spanID + "-01", traceID},
	{"traceparent with its name", "traceparent: 00-" + id128 + "-" + spanID + "-00", traceID},
	{"traceparent of a later version", "01-" + id128 + "-" + spanID + "-01-x", traceID},
	{"uber-trace-id", "uber-trace-id: " + low + ":" + spanID + ":0:1", lowID},
	{"uber-trace-id without zeros", "7b:5:0:1", timeline.ID{Low: 0x7b}},
	{"X-Cloud-Trace-Context", id128 + "/123;o=1", traceID},
	{"X-Ray", "1-5759e988-bd862e3fe1be46a994272793", traceID},
	{"X-Amzn-Trace-Id", "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=" + spanID + ";Sampled=1", traceID},
	{"trace_id=", "trace_id=" + id128, traceID},
	{"traceId:", "traceId: " + low, lowID},
	{"a part of JSON", `"trace_id":"` + id128 + `","span_id":"` + spanID + `"`, traceID},
	{"Zipkin", "http://zipkin:9411/zipkin/traces/" + id128, traceID},
	{"Zipkin's API", "http://zipkin:9411/api/v2/trace/" + low + "?raw", lowID},
	{"Jaeger", "http://localhost:16686/trace/" + id128 + "?uiFind=" + spanID, traceID},
	{"Jaeger without a zero", "http://localhost:16686/trace/63ac35c9f6413ad", timeline.ID{Low: 0x63ac35c9f6413ad}},
	{"Datadog", "https://app.datadoghq.com/apm/trace/" + decimal, lowID},
	{"a URL with a query", "http://x/search?limit=20&traceID=" + id128, traceID},
	{"our line", `{"level":"info","time":"2026-11-26T22:46:25Z","trace_id":"` + id128 + `","span_id":"` + spanID + `","message":"request"}`, traceID},
	{"a line of Datadog's", `{"dd.trace_id":"` + decimal + `","dd.span_id":"` + span10 + `","msg":"x"}`, lowID},
	{"a line of logfmt", "time=2026-11-26T22:46:25Z level=INFO msg=x trace_id=" + id128 + " span_id=" + spanID, traceID},
	{"a line of text", "2026-11-26 22:46:25,123 [" + id128 + "] [main] INFO c.e.Shop - sold", traceID},
	{"a line with an ID without a name", "2026-11-26 22:46:25,123 sold in " + id128 + " by " + spanID, traceID},
	{"JSON over several lines", "{\n  \"trace_id\": \"" + id128 + "\",\n  \"span_id\": \"" + spanID + "\"\n}", traceID},
	{"a stack trace", "2026-11-26 22:46:25,123 [" + low + "] failed\n\tat com.example", lowID},

	{"nothing", "", timeline.ID{}},
	{"a word", "trace", timeline.ID{}},
	{"zero", strings.Repeat("0", 32), timeline.ID{}},
	{"zero, 16 digits", strings.Repeat("0", 16), timeline.ID{}},
	{"15 digits", low[1:], timeline.ID{}},
	{"33 digits", id128 + "0", timeline.ID{}},
	{"too large for decimal", "18446744073709551616", timeline.ID{}},
	{"a short number", "1234567", timeline.ID{}},
	{"a b3 header with only a sampling state", "1", timeline.ID{}},
	{"several IDs", id128 + " " + strings.Repeat("1", 32), timeline.ID{}},
	{"a UUID", "5759e988-bd86-2e3f-e1be-46a994272793", timeline.ID{}},
	{"hostile", "\x1b]0;x\x07\u202e</script>\n", timeline.ID{}},
	{"too long", strings.Repeat("x", timeline.MaxLine+1), timeline.ID{}},
}

func TestParseID(t *testing.T) {
	for _, tt := range pasted {
		t.Run(tt.name, func(t *testing.T) {
			got, err := timeline.ParseID(tt.text)
			if tt.want == (timeline.ID{}) {
				require.Error(t, err, "ParseID(%.100q)", tt.text)
				lineAssertHarmless(t, err.Error())
				return
			}
			require.NoError(t, err, "ParseID(%.100q)", tt.text)
			assert.Equal(t, tt.want, got, "ParseID(%.100q)", tt.text)
		})
	}
}

// lineAssertHarmless fails if a message is not short printable ASCII.
func lineAssertHarmless(t *testing.T, message string) {
	t.Helper()
	assert.Less(t, len(message), 300)
	for _, c := range []byte(message) {
		if c < ' ' || c > '~' {
			t.Errorf("the message contains byte %#x: %q", c, message)
		}
	}
}

func FuzzParseID(f *testing.F) {
	for _, tt := range pasted {
		f.Add(tt.text[:min(len(tt.text), 1000)])
	}
	for _, tt := range idTexts {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := timeline.ParseID(text)
		if err != nil {
			lineAssertHarmless(t, err.Error())
			return
		}
		if id == (timeline.ID{}) {
			t.Fatalf("ParseID(%q) returns the zero ID without an error", text)
		}
		again, err := timeline.ParseID(id.String())
		if err != nil || again != id {
			t.Fatalf("ParseID(%v) returns %v and the error %v", id, again, err)
		}
		if !id.In([]byte("[" + id.String() + "]")) {
			t.Fatalf("%v.In does not find the ID in its own String", id)
		}
		for _, form := range id.Forms() {
			if len(form) >= 10 && id.Low != 0 && !id.In([]byte(form)) {
				t.Fatalf("%v.In does not find the ID in its form %s", id, form)
			}
		}
	})
}

func BenchmarkIDIn(b *testing.B) {
	text := bytes.Repeat([]byte("2026-11-26 22:46:25,123 [main] INFO c.e.Shop - sold a cabbage for 12 to somebody\n"), 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if traceID.In(text) {
			b.Fatal("In finds an ID that the text does not contain")
		}
	}
}

// IDDigits reads eight digits at once. The test tries each byte in each place of an ID.
func TestIDDigits(t *testing.T) {
	for _, whole := range []string{low, id128} {
		for i := range whole {
			for c := range 256 {
				text := []byte(whole)
				text[i] = byte(c)
				want, err := strconv.ParseUint(string(text[len(text)-16:]), 16, 64)
				high, err2 := strconv.ParseUint("0"+string(text[:len(text)-16]), 16, 64)
				id, ok := timeline.IDDigits(text)
				require.Equal(t, err == nil && err2 == nil, ok, "%q", text)
				if ok {
					require.Equal(t, timeline.ID{High: high, Low: want}, id, "%q", text)
				}
			}
		}
	}
	for _, text := range []string{"", low[1:], low + "0", id128[1:], id128 + "0", strings.Repeat("0", 16), strings.Repeat("0", 32)} {
		_, ok := timeline.IDDigits([]byte(text))
		assert.False(t, ok, "%q", text)
	}
}
