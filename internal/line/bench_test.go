package line_test

import (
	"testing"

	"example.com/clew/internal/line"
)

// accessLine is the line of a request, as logctx writes it.
const accessLine = `{"level":"info","service":"shop","time":"2026-11-26T10:11:12.123456Z","method":"GET","path":"/products/1234",` +
	`"route":"GET /products/{id}","status":200,"bytes":5120,"duration_ms":4.711,"remote":"192.0.2.17:54321",` +
	`"parent_id":"463ac35c9f6413ad","sampled":true,"trace_id":"5759e988bd862e3fe1be46a994272793","span_id":"a2fb4a1d1a96d312",` +
	`"message":"request"}` + "\n"

const (
	textLine = `time=2026-11-26T10:11:12.123Z level=INFO msg=request trace_id=5759e988bd862e3fe1be46a994272793 span_id=a2fb4a1d1a96d312 ` +
		`method=GET path=/products/1234 route="GET /products/{id}" status=200 bytes=5120 duration_ms=4.711 remote=192.0.2.17:54321 ` +
		`parent_id=463ac35c9f6413ad sampled=true` + "\n"
	consoleLine = `10:11:12.123456 INF shop 5759e988bd862e3fe1be46a994272793 request bytes=5120 duration_ms=4.711 method=GET ` +
		`parent_id=463ac35c9f6413ad path=/products/1234 remote=192.0.2.17:54321 route="GET /products/{id}" sampled=true ` +
		`span_id=a2fb4a1d1a96d312 status=200` + "\n"
	googleLine = `{"level":"info","time":"2026-11-26T10:11:12.123456Z","httpRequest":{"requestMethod":"GET","requestUrl":"/products/1234",` +
		`"status":200,"responseSize":5120,"latency":"0.004711s","remoteIp":"192.0.2.17:54321"},"route":"GET /products/{id}",` +
		`"parent_id":"463ac35c9f6413ad","logging.googleapis.com/trace":"projects/shop/traces/5759e988bd862e3fe1be46a994272793",` +
		`"logging.googleapis.com/spanId":"a2fb4a1d1a96d312","logging.googleapis.com/trace_sampled":true,"message":"request"}` + "\n"
)

var benchLines = []struct {
	name, text string
}{
	{"access", accessLine},
	{"text", textLine},
	{"console", consoleLine},
	{"google", googleLine},
}

func BenchmarkParse(b *testing.B) {
	for _, bb := range benchLines {
		text := []byte(bb.text)
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := line.Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, bb := range benchLines {
		b.Run(bb.name, func(b *testing.B) {
			var l line.Line
			b.SetBytes(int64(len(bb.text)))
			b.ReportAllocs()
			for b.Loop() {
				if err := l.Read(bb.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
