package main

import (
	"net/http"
	"runtime"
	"testing"

	"example.com/clew/httpmw"
	clewzipkin "example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A variant that loses or invents spans does another job, so it is refused.
func TestWrongExportIsRefused(t *testing.T) {
	small := exporting{begin: func(_ float64, via http.RoundTripper) export {
		p := must(clewzipkin.NewProvider(clewzipkin.Config{Service: serviceName, Endpoint: collectorURL, Client: &http.Client{Transport: via}, QueueSpans: batchSpans / 2}))
		return export{provider: p, sent: func() int64 { return p.Stats().Sent }, flush: func() error { p.ForceFlush(t.Context()); return nil }, close: func() { end(p) }}
	}}
	all := exporting{begin: func(_ float64, via http.RoundTripper) export { return clewExport(1, via) }}
	for _, tt := range []struct {
		name string
		in   input
		way  recorder
		says string
	}{
		{"a queue too small", sampled, recorder{to: small, server: clewServer, sees: seesOTel(true, true)}, "512 of 1024 spans were posted"},
		{"no instrumentation", sampled, recorder{to: byClew, server: func(export) middleware { return bareWay }, sees: seesRequest}, "0 of 1024 spans were posted"},
		{"it records what is denied", denied, recorder{to: byOTel, server: func(e export) middleware {
			return func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					r.Header = sampled.header
					otelhttpServer(e)(next).ServeHTTP(w, r)
				})
			}
		}, sees: seesRequest}, "of a trace that is not sampled"},
		{"another trace", sampled, recorder{to: all, server: func(e export) middleware {
			return httpmw.New(httpmw.Config{TracerProvider: e.provider, Trust: func(*http.Request) httpmw.Trust { return httpmw.TrustNone }})
		}, sees: seesRequest}, "trace ID is"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := recordedIn(tt.in, tt.way)
			defer w.end()
			assert.ErrorContains(t, w.verify(), tt.says)
		})
	}
}

// While the collector is gone, a service holds no more spans than its queue. Spans of 30,000
// requests held for ever would be 14 MB. A gzip writer is 1.4 MB, and the number of them varies
// from none to two.
func TestHeapIsFlat(t *testing.T) {
	const step, slack = 10_000, 4 << 20
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			url, gone := f.begin()
			defer gone()
			p, err := clewzipkin.NewProvider(clewzipkin.Config{Service: serviceName, Endpoint: url, Ratio: 1, QueueSpans: step / 10})
			require.NoError(t, err)
			defer end(p)
			w := serve(undecided, httpmw.New(httpmw.Config{TracerProvider: p}), seesRequest)
			var heap []uint64
			for range 4 {
				w.op(step)
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				heap = append(heap, m.HeapAlloc)
			}
			s := p.Stats()
			assert.EqualValues(t, 4*step, s.Ended, "spans")
			assert.Less(t, heap[3], heap[0]+slack, "heap after each %d requests: %v", step, heap)
			t.Logf("heap after each %d requests: %v; %+v", step, heap, s)
		})
	}
}
