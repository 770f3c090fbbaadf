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

// The program rejects a variant that loses spans or makes too many, because it does another job.
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
		{"queue that is too small", sampled, recorder{to: small, server: clewServer, sees: seesOTel(true, true)}, "512 of 1024 spans were posted"},
		{"server without instrumentation", sampled, recorder{to: byClew, server: func(export) middleware { return bareWay }, sees: seesRequest}, "0 of 1024 spans were posted"},
		{"server that records a denied request", denied, recorder{to: byOTel, server: func(e export) middleware {
			return func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					r.Header = sampled.header
					otelhttpServer(e)(next).ServeHTTP(w, r)
				})
			}
		}, sees: seesRequest}, "of a trace that is not sampled"},
		{"server that starts another trace", sampled, recorder{to: all, server: func(e export) middleware {
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

// While the collector does not accept spans, a service holds no more spans than its queue. If it
// kept the spans of 30,000 requests, they would need 14 MB. The heap may also contain one or two
// gzip writers, each of 1.4 MB.
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
			assert.EqualValues(t, 4*step, s.Ended, "number of ended spans")
			assert.Less(t, heap[3], heap[0]+slack, "the heap grows: after each %d requests it is %v", step, heap)
			t.Logf("heap after each %d requests: %v; %+v", step, heap, s)
		})
	}
}
