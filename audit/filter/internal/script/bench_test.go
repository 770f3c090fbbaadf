package script_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/audittest"
)

// table is an object literal of 50 clients.
var table = func() string {
	var b strings.Builder
	for i := range 50 {
		fmt.Fprintf(&b, "%q: true, ", fmt.Sprint(3100+2*i))
	}
	return "{" + b.String() + "}"
}()

// BenchmarkFilter measures the cost of an event. The baseline is a Go function.
func BenchmarkFilter(b *testing.B) {
	allowed := map[string]bool{}
	events := make([]audit.Event, 256)
	for i := range events {
		client := fmt.Sprint(3100 + i%100)
		if i%2 == 0 {
			allowed[client] = true
		}
		events[i] = audit.Event{Time: time.UnixMicro(1), Message: "item read", Context: map[string]string{
			"method": "GET", "path": "/items/17", "client_id": client, "status": "200", "duration_ms": "12"}}
	}
	candidates := audittest.Candidates(events...)
	b.Run("go", func(b *testing.B) {
		passed := 0
		for b.Loop() {
			for _, c := range candidates {
				if id, ok := c.Value("client_id"); ok && allowed[id] {
					passed++
				}
			}
		}
		report(b, passed, len(candidates)/2)
	})
	for _, bb := range []struct {
		name, source string
		passed       int
	}{
		{"literal", "function filter(event) { var allowed = " + table + "; return allowed[event.context.get('client_id')] === true }", 128},
		{"literal, changed", "function filter(event) { var allowed = " + table + "; allowed.x = true; return allowed[event.context.get('client_id')] === true }", 128},
		{"hoisted", "var allowed = " + table + "; function filter(event) { return allowed[event.context.get('client_id')] === true }", 128},
		{"set", "var allowed = new Set(Object.keys(" + table + ")); function filter(event) { return allowed.has(event.context.client_id) }", 128},
		{"context.get", body("var client = event.context.get('client_id')\nreturn client != null && client == '3136'"), 3},
		{"property", body("return event.context.client_id == '3136'"), 3},
		{"message", body("return event.message == 'item read'"), 256},
		{"nothing", body("return true"), 256},
	} {
		b.Run(bb.name, func(b *testing.B) {
			s := open(b, bb.source)
			pass := make([]bool, len(candidates))
			passed := 0
			for b.Loop() {
				passed += s.Judge(candidates, pass).Passed
			}
			report(b, passed, bb.passed)
		})
	}
}

// report reports the events per second, and fails if the number of events that passed is wrong.
func report(b *testing.B, passed, want int) {
	b.Helper()
	if passed != b.N*want {
		b.Fatalf("%d events passed in %d batches, want %d in each batch", passed, b.N, want)
	}
	b.ReportMetric(float64(b.N)*256/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkNew measures the cost of a scope.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		s := open(b, body("return true"))
		s.Close()
	}
}
