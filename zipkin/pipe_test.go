package zipkin

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
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
	escapes := spanToEncode(t, oteltrace.SpanKindInternal, "work", func(s oteltrace.Span) {
		s.SetAttributes(attribute.String("a", strings.Repeat("\x01", 2*kib))) // 12 KiB of JSON
	})
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
		{"nearly full, and a span that grows", 1 << 20, 16 * kib, []step{
			{name: "some", span: medium, n: 2, want: counts{2, 2, 0}},
			{name: "one that grows", span: escapes, n: 1, want: counts{1, 0, 1}},
			{name: "one that does not, and has more in it", span: medium, n: 1, want: counts{1, 1, 0}},
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
	p.giveUpOn(1, before)
	queued := p.read().queued
	p.OnEnd(counted{small, &encoded})
	assert.Equal(t, queued+1, p.read().queued, "queued")
}

// Whatever makes a span large: what has less in it is tried after it.
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
		"truths":      func(s oteltrace.Span) { s.SetAttributes(repeated(attribute.BoolSlice("", make([]bool, 4000)))...) },
		"fractions": func(s oteltrace.Span) {
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

// A batch has hardly more room than it needs, at each moment.
func TestRoomOfABatch(t *testing.T) {
	for _, queue := range []int{64 << 10, 1 << 20, 8 << 20, 1 << 30} {
		sizes := sizesOf(queue)
		assert.LessOrEqual(t, sizes.minRoom, queue/64, "least room")
		for _, span := range []int{1, 200, 1000, 5000, 70_000} {
			b := newBatch(sizes)
			for range 100 {
				b.add(make([]byte, span))
				assert.LessOrEqual(t, capacity(b)-b.json.size, max(sizes.minRoom, b.json.size/16), "room left, with %d bytes of spans of %d", b.json.size, span)
			}
		}
	}
}

func capacity(b *batch) (n int) {
	for _, piece := range b.json.list {
		n += cap(piece)
	}
	return n
}

// While one half of a batch is on its way, the other, which has arrived, is not held.
func TestDeliverReleases(t *testing.T) {
	const half = 2 << 20
	b := newBatch(sizesOf(64 << 20))
	for range 2 {
		b.add([]byte(`"` + strings.Repeat("x", half) + `"`))
	}
	var held []int
	endpoint := &url.URL{Scheme: "http", Host: "collector.example"}
	s := newSender(endpoint, &http.Client{Transport: testkit.RoundTripper(func(*http.Request) (*http.Response, error) {
		held = append(held, capacity(b))
		status := http.StatusAccepted
		if len(held) == 1 {
			status = http.StatusRequestEntityTooLarge
		}
		return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{}}, nil
	})}, b.sizes)
	require.NoError(t, s.deliver(t.Context(), b, nil, func(spans, error) {}))
	require.Len(t, held, 3, "posts")
	assert.Greater(t, held[1], 2*half)
	assert.LessOrEqual(t, held[2], half+2*mostRoom, "held while the second half is posted")
	assert.LessOrEqual(t, capacity(b), mostRoom, "held at the end")
}

// What is let go is not even held by what is left of a list.
func TestReleaseFreesMemory(t *testing.T) {
	const each = 1 << 20
	b := newBatch(sizesOf(64 << 20))
	for range 4 {
		b.add(make([]byte, each))
	}
	before := torture.Heap()
	b.release(spans{0, 3})
	assert.Less(t, torture.Heap()-before, -2*each, "bytes by which the heap has grown")
	runtime.KeepAlive(b)
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
	held := func() int { return capacity(b) }
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
