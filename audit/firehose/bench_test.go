package firehose_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/firehose"
	"github.com/stretchr/testify/require"
)

// BenchmarkSend sends 100,000 events over loopback to a server that discards them and answers. As
// a baseline, it writes the lines of the same events to io.Discard after each sending.
func BenchmarkSend(b *testing.B) {
	events := numbered(0, 100_000)
	answers := map[int]string{}
	const taken = `{"RecordId":"1"}`
	for n, list := 1, taken; n <= 3; n, list = n+1, list+","+taken {
		answers[n] = `{"FailedPutCount":0,"RequestResponses":[` + list + `]}`
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = io.WriteString(w, answers[int(n-1)/(1366<<10)+1]) // a full record has 1,365,336 bytes of base64
	}))
	defer server.Close()
	a := config()
	a.BaseEndpoint = &server.URL
	for _, calls := range []int{1, 4} {
		b.Run(map[int]string{1: "one call", 4: "four calls"}[calls], func(b *testing.B) {
			sink, err := firehose.Open(b.Context(), firehose.Config{Stream: "audit", AWS: &a, Calls: calls})
			require.NoError(b, err)
			defer sink.Close()
			var sending, writing time.Duration
			for b.Loop() {
				start := time.Now()
				sendAll(b, sink, events)
				sent := time.Now()
				discard(events)
				sending, writing = sending+sent.Sub(start), writing+time.Since(sent)
			}
			n := float64(b.N * len(events))
			b.ReportMetric(n/sending.Seconds(), "events/s")
			b.ReportMetric(float64(sink.Stats().Bytes)/1e6/sending.Seconds(), "MB/s")
			b.ReportMetric(sending.Seconds()/writing.Seconds(), "×lines-to-Discard")
			b.ReportMetric(n/float64(sink.Stats().Calls), "events/call")
		})
	}
}

func discard(events []audit.Event) {
	line := firehose.NewLine()
	for e := range slices.Values(events) {
		_, _ = io.Discard.Write(line(&e))
	}
}
