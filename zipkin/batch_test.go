package zipkin

import (
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A batch never has much unused capacity.
func TestRoomOfABatch(t *testing.T) {
	for _, queue := range []int{64 << 10, 1 << 20, 8 << 20, 1 << 30} {
		sizes := sizesOf(queue)
		assert.LessOrEqual(t, sizes.minRoom, queue/64, "smallest capacity of a piece")
		for _, span := range []int{1, 200, 1000, 5000, 70_000} {
			b := newBatch(sizes)
			for range 100 {
				b.add(make([]byte, span))
				assert.LessOrEqual(t, capacity(b)-b.json.size, max(sizes.minRoom, b.json.size/16), "unused capacity, with %d bytes of spans of %d bytes each", b.json.size, span)
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

// While the second half of a batch is posted, the batch does not keep the first half in memory,
// because the first half has arrived.
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
	assert.LessOrEqual(t, held[2], half+2*mostRoom, "bytes held while the second half is posted")
	assert.LessOrEqual(t, capacity(b), mostRoom, "bytes held at the end")
}

// After release, the list of pieces does not keep the released pieces in memory.
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

// A batch does not keep released spans in memory. It keeps all other spans.
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
		remaining := 0
		for _, span := range want[part.to:] {
			remaining += len(span) + 1
		}
		assert.LessOrEqual(t, held(), remaining+2*mostRoom, "bytes held after the release of %v", part)
	}
	assert.LessOrEqual(t, held(), mostRoom, "bytes held at the end")
}
