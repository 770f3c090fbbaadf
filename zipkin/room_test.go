package zipkin

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// A counted span counts how often it is encoded. Each encoding calls Resource once.
type counted struct {
	sdktrace.ReadOnlySpan
	encoded *int
}

func (c counted) Resource() *resource.Resource { *c.encoded++; return c.ReadOnlySpan.Resource() }

const kib = 1 << 10

// spanOf returns a span whose attributes have n bytes of text.
func spanOf(t testing.TB, n int) sdktrace.ReadOnlySpan {
	return spanToEncode(t, oteltrace.SpanKindInternal, "work", func(s oteltrace.Span) {
		for i := 0; n > 0; i, n = i+1, n-8000 {
			s.SetAttributes(attribute.String(string(rune('a'+i)), strings.Repeat("x", min(n, 8000))))
		}
	})
}

// outcome says how many of the spans that ended were encoded, how many were queued, and how many
// were lost.
type outcome struct{ encoded, queued, lost int }

// roomSteps are sequences of spans that end in one pipe. Nobody empties the pipe's queue, except
// before a step whose field sent is true.
var roomSteps = []struct {
	name         string
	spans, bytes int // the bounds of the queue
	steps        []roomStep
}{
	{"a queue full of large spans", 1 << 20, 1 << 20, []roomStep{
		{name: "as many as fit", span: "large", n: 15, want: outcome{15, 15, 0}},
		{name: "a thousand more", span: "large", n: 1000, want: outcome{1, 0, 1000}},
		{name: "small ones still fit", span: "medium", n: 10, want: outcome{10, 10, 0}},
		{name: "small ones, until they do not fit either", span: "medium", n: 1000, want: outcome{4, 3, 997}},
		{name: "large ones still do not fit", span: "large", n: 1000, want: outcome{0, 0, 1000}},
		{name: "tiny ones fit", span: "tiny", n: 3, want: outcome{3, 3, 0}},
		{name: "large ones fit after a batch was sent", span: "large", n: 4, want: outcome{4, 4, 0}, sent: true},
		{name: "large ones, until they do not fit again", span: "large", n: 1000, want: outcome{1, 0, 1000}},
	}},
	{"spans larger than the queue", 1 << 20, 32 * kib, []roomStep{
		{name: "large ones do not fit", span: "large", n: 1000, want: outcome{1, 0, 1000}},
		{name: "smaller ones fit", span: "medium", n: 7, want: outcome{7, 7, 0}},
		{name: "small ones, until they do not fit either", span: "medium", n: 1000, want: outcome{1, 0, 1000}},
		{name: "large ones do not fit after a batch was sent either", span: "large", n: 1000, want: outcome{1, 0, 1000}, sent: true},
		{name: "small ones fit after a batch was sent", span: "medium", n: 2, want: outcome{2, 2, 0}},
	}},
	{"a queue that is nearly full, and a span whose JSON is long", 1 << 20, 16 * kib, []roomStep{
		{name: "two fit", span: "medium", n: 2, want: outcome{2, 2, 0}},
		{name: "one whose JSON is long does not fit", span: "escapes", n: 1, want: outcome{1, 0, 1}},
		{name: "one with more bulk and shorter JSON fits", span: "medium", n: 1, want: outcome{1, 1, 0}},
	}},
	{"a queue with as many spans as it may hold", 3, 1 << 20, []roomStep{
		{name: "as many as fit", span: "tiny", n: 3, want: outcome{3, 3, 0}},
		{name: "a thousand more", span: "tiny", n: 1000, want: outcome{0, 0, 1000}},
		{name: "large ones do not fit either", span: "large", n: 1000, want: outcome{0, 0, 1000}},
		{name: "tiny ones fit after a batch was sent", span: "tiny", n: 3, want: outcome{3, 3, 0}, sent: true},
	}},
}

type roomStep struct {
	name string
	span string // tiny, medium, large, or escapes
	n    int
	want outcome // the outcome of these n spans
	sent bool    // before this step, a batch leaves the queue
}

// This test is in package zipkin, because it passes spans of its own to the pipe, and empties the
// queue itself.
func TestNoRoomIsNotEncoded(t *testing.T) {
	ending := map[string]sdktrace.ReadOnlySpan{
		"tiny": spanOf(t, 0), "medium": spanOf(t, 4*kib), "large": spanOf(t, 64*kib),
		"escapes": spanToEncode(t, oteltrace.SpanKindInternal, "work", func(s oteltrace.Span) {
			s.SetAttributes(attribute.String("a", strings.Repeat("\x01", 2*kib))) // 12 KiB of JSON
		}),
	}
	for _, tt := range roomSteps {
		t.Run(tt.name, func(t *testing.T) {
			p := pipeOf(t, tt.spans, tt.bytes)
			encoded := 0
			for _, step := range tt.steps {
				if step.sent {
					settleBatch(t, p)
				}
				encodedBefore, before := encoded, p.read()
				for range step.n {
					p.OnEnd(counted{ending[step.span], &encoded})
				}
				after := p.read()
				assert.Equal(t, step.want, outcome{encoded - encodedBefore, int(after.queued - before.queued), int(after.full - before.full)}, step.name)
				assert.EqualValues(t, step.n, after.ended-before.ended, "ended: %s", step.name)
			}
		})
	}
}

// settleBatch lets one batch leave the queue of p.
func settleBatch(t testing.TB, p *pipe) {
	t.Helper()
	p.mu.Lock()
	p.seal()
	p.mu.Unlock()
	b, _, _ := p.next()
	require.NotNil(t, b)
	p.settle(b, spans{0, b.len()}, nil)
}

func TestNoRoomIsNotEncodedOfAllSizes(t *testing.T) {
	p, encoded, random := pipeOf(t, 1<<20, 1<<20), 0, rand.New(rand.NewPCG(1, 2))
	some := make([]sdktrace.ReadOnlySpan, 1000)
	for i := range some {
		some[i] = spanOf(t, random.IntN(64*kib))
	}
	for i := range 20_000 {
		p.OnEnd(counted{some[i%1000], &encoded})
	}
	c := p.read()
	t.Logf("%d encoded, %d queued, %d lost", encoded, c.queued, c.full)
	assert.LessOrEqual(t, int64(encoded), c.queued+20, "spans encoded, hardly more than were queued")
	assert.Greater(t, c.bytes, int64(1<<20-2*kib), "bytes queued")
}

// A span did not fit, but giveUpOn is called for it only after other spans have left the queue.
// Then the pipe must not remember the bulk of that span.
func TestNoRoomIsReportedLate(t *testing.T) {
	p, encoded := pipeOf(t, 10, 1500), 0
	small := spanToEncode(t, oteltrace.SpanKindInternal, "work", func(oteltrace.Span) {})
	for range 10 {
		p.OnEnd(counted{small, &encoded})
	}
	p.mu.Lock()
	p.seal()
	before := p.settled
	p.mu.Unlock()
	for b, _, _ := p.next(); b != nil; b, _, _ = p.next() {
		p.settle(b, spans{0, b.len()}, nil)
	}
	p.giveUpOn(1, before)
	queued := p.read().queued
	p.OnEnd(counted{small, &encoded})
	assert.Equal(t, queued+1, p.read().queued, "queued")
}

// A large span does not fit, whatever makes it large. A smaller span that ends later is still
// encoded, and fits.
func TestBulkOfAllKinds(t *testing.T) {
	long, most := strings.Repeat("x", 8000), 20
	repeated := func(kv attribute.KeyValue) (all []attribute.KeyValue) {
		for i := range most {
			all = append(all, attribute.KeyValue{Key: attribute.Key(rune('a' + i)), Value: kv.Value})
		}
		return all
	}
	for name, tell := range map[string]func(oteltrace.Span){
		"texts":       func(s oteltrace.Span) { s.SetAttributes(repeated(attribute.String("", long))...) },
		"bytes":       func(s oteltrace.Span) { s.SetAttributes(repeated(attribute.ByteSlice("", []byte(long)))...) },
		"lists":       func(s oteltrace.Span) { s.SetAttributes(repeated(attribute.StringSlice("", []string{long}))...) },
		"mixed lists": func(s oteltrace.Span) { s.SetAttributes(repeated(attribute.Slice("", attribute.StringValue(long)))...) },
		"maps":        func(s oteltrace.Span) { s.SetAttributes(repeated(attribute.Map("", attribute.String("k", long)))...) },
		"keys":        func(s oteltrace.Span) { s.SetAttributes(repeated(attribute.Map("", attribute.Int(long, 1)))...) },
		"numbers":     func(s oteltrace.Span) { s.SetAttributes(repeated(attribute.Int64Slice("", make([]int64, 4000)))...) },
		"booleans":    func(s oteltrace.Span) { s.SetAttributes(repeated(attribute.BoolSlice("", make([]bool, 4000)))...) },
		"floats": func(s oteltrace.Span) {
			s.SetAttributes(repeated(attribute.Float64Slice("", make([]float64, 4000)))...)
		},
		"events": func(s oteltrace.Span) {
			for range most {
				s.AddEvent(long)
			}
		},
		"attributes of events": func(s oteltrace.Span) {
			for range most {
				s.AddEvent("e", oteltrace.WithAttributes(attribute.String("k", long)))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, encoded := pipeOf(t, 100, 64<<10), 0
			p.OnEnd(counted{spanToEncode(t, oteltrace.SpanKindInternal, "large", tell), &encoded})
			p.OnEnd(counted{spanToEncode(t, oteltrace.SpanKindInternal, "less", func(s oteltrace.Span) {
				s.SetAttributes(repeated(attribute.String("", strings.Repeat("x", 1500)))...)
			}), &encoded})
			c := p.read()
			assert.Equal(t, []int64{2, 1, 1}, []int64{int64(encoded), c.queued, c.full}, "encoded, queued and lost")
		})
	}
}
