package httpmw_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
)

// huge returns headers of about a mebibyte. Each key names the shape of its headers: which of them
// are long or many.
func huge() map[string]http.Header {
	const size = 1 << 20
	traceparent := []string{"00-" + id128 + "-" + spanID + "-01"} // without it, no tracestate is read
	multi := func(name, value string) http.Header {
		h := testkit.Header("X-B3-TraceId", id128, "X-B3-SpanId", spanID)
		h.Set(name, value)
		return h
	}
	repeated := func(value string) []string { return slices.Repeat([]string{value}, 20_000) }
	many := http.Header{"B3": {id128 + "-" + spanID + "-1"}}
	foreign := http.Header{}
	for i := range 10_000 {
		key := fmt.Sprintf("X-Header-%05d", i)
		many[key] = []string{strings.Repeat("v", 90)}
		foreign[key] = many[key]
	}
	digits, dashes := strings.Repeat("7", size), strings.Repeat("-", size)
	return map[string]http.Header{
		"b3":                              testkit.Header("b3", strings.Repeat("a", size)),
		"b3 of dashes":                    testkit.Header("b3", dashes),
		"b3 and spaces":                   testkit.Header("b3", strings.Repeat(" ", size/2)+id128+"-"+spanID+"-1"+strings.Repeat("\t", size/2)),
		"X-B3-TraceId":                    multi("X-B3-TraceId", digits),
		"X-B3-ParentSpanId":               multi("X-B3-ParentSpanId", digits),
		"X-B3-Sampled":                    multi("X-B3-Sampled", strings.Repeat("true", size/4)),
		"X-B3-Flags, digits":              multi("X-B3-Flags", digits),
		"X-B3-Flags, letters":             multi("X-B3-Flags", strings.Repeat("d", size)),
		"10,000 headers":                  foreign,
		"10,000 headers and b3":           many,
		"20,000 times b3":                 {"B3": repeated(id128 + "-" + spanID + "-1")},
		"20,000 times baggage":            {"Baggage": repeated("k=v")},
		"20,000 times tracestate":         {"Traceparent": traceparent, "Tracestate": repeated("k=v")},
		"20,000 times traceparent":        {"Traceparent": repeated(traceparent[0])},
		"baggage":                         {"Baggage": {"k=" + strings.Repeat("v", size)}},
		"traceparent":                     {"Traceparent": {traceparent[0] + "-" + strings.Repeat("0", size)}},
		"traceparent of dashes":           {"Traceparent": {dashes}},
		"traceparent of a future version": {"Traceparent": {"cc" + traceparent[0][2:] + dashes}},
		"tracestate":                      {"Traceparent": traceparent, "Tracestate": {"k=" + strings.Repeat("v", size)}},
		"tracestate, commas":              {"Traceparent": traceparent, "Tracestate": {strings.Repeat(",", size)}},
		"tracestate, members":             {"Traceparent": traceparent, "Tracestate": {strings.TrimSuffix(strings.Repeat("kkkkk=vvvv,", 100_000), ",")}},
		"tracestate beside B3":            {"B3": {id128 + "-" + spanID + "-1"}, "Traceparent": traceparent, "Tracestate": {strings.TrimSuffix(strings.Repeat("kkkkk=vvvv,", 100_000), ",")}},
	}
}

// allocated returns the number of bytes that f allocates. It takes the least of four runs, since
// other goroutines may allocate too. ReadMemStats stops the world, so its count is exact.
func allocated(f func()) int {
	least := math.MaxInt
	for range 4 { // the first run fills pools
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, int(after.TotalAlloc-before.TotalAlloc))
	}
	return least
}

// TestTortureHugeHeaders: clew allocates at most 16 KiB for a request with a mebibyte of headers.
// A copy of the headers is not included: New copies them under TrustNone and TrustIDs, and
// httpclient always does. After many such requests the heap has grown by at most 256 KiB.
func TestTortureHugeHeaders(t *testing.T) {
	const most, growth = 16 << 10, 256 << 10
	logger := logctx.New(io.Discard)
	shapes := huge()
	type way struct {
		name    string
		request func(http.Header)
		copies  func(http.Header) bool
	}
	var ways []way
	for name, p := range map[string]trace.Propagator{"": {}, ", W3C": {W3C: true}} {
		for trust, text := range []string{"TrustNone", "TrustIDs", "TrustAll"} {
			in := get(nil)
			var seen http.Header
			h := httpmw.New(httpmw.Config{Propagator: p, Trust: trusting(httpmw.Trust(trust)), Logger: &logger, ResponseHeader: "X-B3-TraceId"})(
				httpmw.AccessLog(httpmw.AccessLogConfig{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header })))
			request := func(hdr http.Header) {
				in.Header = hdr
				h.ServeHTTP(minimal{http.Header{}}, in)
			}
			ways = append(ways, way{text + name, request, func(hdr http.Header) bool {
				request(hdr)
				defer func() { seen = nil }()
				return fmt.Sprintf("%p", seen) != fmt.Sprintf("%p", hdr)
			}})
		}
		out := get(nil).WithContext(trace.NewContext(context.Background(), testkit.B3(id128+"-"+spanID+"-1")))
		transport := httpclient.NewTransport(downstream(func(*http.Request) {}), httpclient.Config{Propagator: p})
		ways = append(ways, way{"client" + name, func(hdr http.Header) {
			out.Header = hdr
			if _, err := transport.RoundTrip(out); err != nil {
				panic(err)
			}
		}, func(http.Header) bool { return true }})
	}

	worst, where := 0, ""
	for name, h := range shapes {
		var sink http.Header
		clone := allocated(func() { sink = h.Clone() })
		runtime.KeepAlive(sink)
		for _, way := range ways {
			copies := way.copies(h)
			got := allocated(func() { way.request(h) })
			if copies {
				got -= clone
			}
			if got > worst {
				worst, where = got, way.name+", "+name
			}
			if !raceEnabled { // with the race detector, its own bytes would be included
				assert.LessOrEqual(t, got, most, "%s, %s: bytes of a request, besides the copy of the headers (%v)", way.name, name, copies)
			}
		}
	}

	names := slices.Sorted(maps.Keys(shapes))
	requests := torture.Size(2_000, 100_000)
	before := torture.Heap()
	for i := range requests {
		ways[i%len(ways)].request(shapes[names[i/len(ways)%len(names)]])
	}
	grown := torture.Heap() - before
	runtime.KeepAlive(shapes)
	if !raceEnabled {
		assert.LessOrEqual(t, grown, growth, "bytes by which the heap has grown after %d requests", requests)
	}
	torture.Row(t, "Huge headers", "%d shapes of 1 MiB, %d ways: at most %d bytes a request (%s) besides the copy of the headers; heap grown by %d bytes after %d requests",
		len(shapes), len(ways), worst, where, grown, requests)
}
