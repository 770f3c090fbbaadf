package zipkin

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// In the package, because the SDK asks no processor any more once Shutdown has begun, but for a span that was ending just then.
func TestSpanThatEndsDuringShutdown(t *testing.T) {
	p := pipeOf(t, 10, 1000)
	go p.run()
	require.NoError(t, p.Shutdown(context.Background()))
	p.put([]byte("{}"))
	c := p.read()
	assert.Equal(t, Stats{Ended: 1, Dropped: 1}, c.stats())
}

func pipeOf(t testing.TB, spans, bytes int) *pipe {
	endpoint, err := url.Parse("http://collector.example")
	require.NoError(t, err)
	return newPipe(Config{QueueSpans: spans, QueueBytes: bytes}, newSender(endpoint, &http.Client{Transport: http.NewFileTransport(nil)}, sizesOf(bytes)))
}

// counted is a span that counts how often it is encoded: each time, its resource is asked for
// once.
type counted struct {
	sdktrace.ReadOnlySpan
	encoded *int
}

func (c counted) Resource() *resource.Resource { *c.encoded++; return c.ReadOnlySpan.Resource() }

// In the package, because only here a span is what the test says, and the queue is emptied when
// the test says so.
func TestNoRoomIsNotEncoded(t *testing.T) {
	const kib = 1 << 10
	sized := func(n int) sdktrace.ReadOnlySpan {
		return spanToEncode(t, oteltrace.SpanKindInternal, "work", func(s oteltrace.Span) {
			for i := 0; n > 0; i, n = i+1, n-8000 {
				s.SetAttributes(attribute.String(string(rune('a'+i)), strings.Repeat("x", min(n, 8000))))
			}
		})
	}
	tiny, medium, large := sized(0), sized(4*kib), sized(64*kib)
	type counts struct{ encoded, queued, lost int }
	type step struct {
		name string
		span sdktrace.ReadOnlySpan
		n    int
		want counts // of these n
		sent bool   // before, a batch has left the queue
	}
	tests := []struct {
		name         string
		spans, bytes int
		steps        []step
	}{
		{"full of large ones", 1 << 20, 1 << 20, []step{
			{name: "as many as there is room for", span: large, n: 15, want: counts{15, 15, 0}},
			{name: "a thousand more", span: large, n: 1000, want: counts{1, 0, 1000}},
			{name: "small ones have room", span: medium, n: 10, want: counts{10, 10, 0}},
			{name: "… until they have none", span: medium, n: 1000, want: counts{4, 3, 997}},
			{name: "large ones still have none", span: large, n: 1000, want: counts{0, 0, 1000}},
			{name: "tiny ones have", span: tiny, n: 3, want: counts{3, 3, 0}},
			{name: "room again", span: large, n: 4, want: counts{4, 4, 0}, sent: true},
			{name: "… and none again", span: large, n: 1000, want: counts{1, 0, 1000}},
		}},
		{"larger than the queue", 1 << 20, 32 * kib, []step{
			{name: "the first", span: large, n: 1000, want: counts{1, 0, 1000}},
			{name: "smaller ones", span: medium, n: 7, want: counts{7, 7, 0}},
			{name: "… until they have none", span: medium, n: 1000, want: counts{1, 0, 1000}},
			{name: "another, later", span: large, n: 1000, want: counts{1, 0, 1000}, sent: true},
			{name: "what was sent has left room", span: medium, n: 2, want: counts{2, 2, 0}},
		}},
		{"full by number", 3, 1 << 20, []step{
			{name: "as many as there is room for", span: tiny, n: 3, want: counts{3, 3, 0}},
			{name: "a thousand more", span: tiny, n: 1000, want: counts{0, 0, 1000}},
			{name: "large ones", span: large, n: 1000, want: counts{0, 0, 1000}},
			{name: "room again", span: tiny, n: 3, want: counts{3, 3, 0}, sent: true},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := pipeOf(t, tt.spans, tt.bytes)
			encoded := 0
			for _, step := range tt.steps {
				if step.sent {
					p.mu.Lock()
					p.seal()
					p.mu.Unlock()
					b, _, _ := p.next()
					require.NotNil(t, b)
					p.settle(b, spans{0, b.len()}, nil)
				}
				before, stats := encoded, p.read()
				for range step.n {
					p.OnEnd(counted{step.span, &encoded})
				}
				after := p.read()
				assert.Equal(t, step.want, counts{encoded - before, int(after.queued - stats.queued), int(after.full - stats.full)}, step.name)
				assert.EqualValues(t, step.n, after.ended-stats.ended, "ended: %s", step.name)
			}
		})
	}

	t.Run("of all sizes", func(t *testing.T) {
		p, encoded, random := pipeOf(t, 1<<20, 1<<20), 0, rand.New(rand.NewPCG(1, 2))
		some := make([]sdktrace.ReadOnlySpan, 1000)
		for i := range some {
			some[i] = sized(random.IntN(64 * kib))
		}
		for i := range 20_000 {
			p.OnEnd(counted{some[i%1000], &encoded})
		}
		c := p.read()
		t.Logf("%d encoded, %d queued, %d lost", encoded, c.queued, c.full)
		assert.LessOrEqual(t, int64(encoded), c.queued+20, "encodings: of those that are lost hardly any")
		assert.Greater(t, c.bytes, int64(1<<20-2*kib), "bytes queued")
	})
}

// A span that found no room may say so only when there is room again.
func TestNoRoomOfBefore(t *testing.T) {
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
	p.tell(1, before)
	queued := p.read().queued
	p.OnEnd(counted{small, &encoded})
	assert.Equal(t, queued+1, p.read().queued, "queued")
}

// What has been settled is held no more, although the rest of the batch is.
func TestRelease(t *testing.T) {
	b := newBatch(sizesOf(1 << 20))
	var want []string
	for i := range 100 {
		span := strings.Repeat(string(rune('!'+i%90)), 100+50*i)
		b.add([]byte(span))
		want = append(want, span)
	}
	held := func() (n int) {
		for _, piece := range b.json.list {
			n += cap(piece)
		}
		return n
	}
	read := func(part spans) string {
		text := b.array(part)
		var all []byte
		for _, piece := range text.list {
			all = append(all, piece...)
		}
		assert.Len(t, all, text.size, "size of %v", part)
		return string(all)
	}
	all := spans{0, b.len()}
	assert.Equal(t, "["+strings.Join(want, ",")+"]", read(all))
	for from := 0; from < all.to; from += 7 {
		part := spans{from, min(from+7, all.to)}
		assert.Equal(t, "["+strings.Join(want[part.from:part.to], ",")+"]", read(part), "%v", part)
		b.release(part)
		rest := 0
		for _, span := range want[part.to:] {
			rest += len(span) + 1
		}
		assert.LessOrEqual(t, held(), rest+2*mostRoom, "held after %v", part)
	}
	assert.LessOrEqual(t, held(), mostRoom, "held at the end")
}
