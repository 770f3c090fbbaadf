package zipkin_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// hang is a collector that accepts a connection and never answers. It reads nothing, so that only
// the Provider uses memory.
type hang struct {
	posted  chan struct{} // holds a value after the first post
	release chan struct{}
}

func newHang() hang { return hang{make(chan struct{}, 1), make(chan struct{})} }

func (h hang) client() *http.Client {
	return &http.Client{Transport: testkit.RoundTripper(func(*http.Request) (*http.Response, error) {
		select {
		case h.posted <- struct{}{}:
		default:
		}
		<-h.release
		return nil, io.EOF
	})}
}

// wide returns attributes whose texts have the given number of bytes in total. Each text is so
// short that it is not cut.
func wide(bytes int, fill func(n int) string) oteltrace.SpanStartOption {
	var attrs []attribute.KeyValue
	for i := 0; bytes > 0; i++ {
		n := min(bytes, 8000)
		attrs = append(attrs, attribute.String(fmt.Sprintf("text%d", i), fill(n)))
		bytes -= n
	}
	return oteltrace.WithAttributes(attrs...)
}

func same(n int) string { return strings.Repeat("x", n) }

// noise returns text that gzip makes smaller by half at most.
func noise(n int) string {
	raw := make([]byte, (n+1)/2)
	rand.NewChaCha8([32]byte{1}).Read(raw)
	return hex.EncodeToString(raw)[:n]
}

// printable returns a function that makes texts. gzip hardly makes these texts smaller, even if it
// compresses many texts together.
func printable() func(n int) string {
	random := rand.New(rand.NewPCG(1, 2))
	return func(n int) string {
		text := make([]byte, n)
		for i := range text {
			for text[i] = '"'; text[i] == '"' || text[i] == '\\' || strings.IndexByte("@?#", text[i]) >= 0; {
				text[i] = byte(' ' + random.IntN('~'-' '))
			}
		}
		return string(text)
	}
}

// A small queue is posted in batches that are small enough to be compressed.
func TestSmallQueueIsCompressed(t *testing.T) {
	c := &collector{}
	tp := newProvider(t, zipkin.Config{QueueBytes: 64 << 10, Client: c.client()})
	ids := end(tp, 200)
	require.NoError(t, tp.Shutdown(patience(t)))
	assertArrived(t, c, ids)
	assert.NotContains(t, encodings(c.tries()), "p", "posts")
}

// Each mix ends spans of certain sizes until the function enough returns true.
var mixes = []struct {
	name string
	end  func(tp *zipkin.Provider, enough func() bool)
}{
	{"tiny", func(tp *zipkin.Provider, enough func() bool) {
		for !enough() {
			end(tp, 1)
		}
	}},
	{"usual", func(tp *zipkin.Provider, enough func() bool) {
		for !enough() {
			end(tp, 1, wide(700, noise))
		}
	}},
	{"64 KB", func(tp *zipkin.Provider, enough func() bool) {
		for !enough() {
			end(tp, 1, wide(64_000, noise))
		}
	}},
	{"large, and incompressible", func(tp *zipkin.Provider, enough func() bool) {
		fill := printable()
		for !enough() {
			end(tp, 1, wide(200_000, fill))
		}
	}},
	{"alternating", func(tp *zipkin.Provider, enough func() bool) {
		for !enough() {
			end(tp, 1, wide(40_000, same))
			end(tp, 3)
		}
	}},
	{"a batch of large spans, and then small spans", func(tp *zipkin.Provider, enough func() bool) {
		end(tp, 10, wide(64_000, same))
		for !enough() {
			end(tp, 1)
		}
	}},
	{"batches of large and of small spans in turn", func(tp *zipkin.Provider, enough func() bool) {
		for !enough() {
			end(tp, 9, wide(64_000, same))
			end(tp, 512)
		}
	}},
	{"all sizes", func(tp *zipkin.Provider, enough func() bool) {
		random := rand.New(rand.NewPCG(3, 4))
		for !enough() {
			end(tp, 1, wide(random.IntN(1<<(4+random.IntN(14))), noise))
		}
	}},
	{"flushed one by one", func(tp *zipkin.Provider, enough func() bool) {
		expired, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
		defer cancel()
		for !enough() {
			end(tp, 1, wide(300, noise))
			tp.ForceFlush(expired)
		}
	}},
}

// While a collector does not answer, a Provider holds at most 1.25 times QueueBytes, whatever the
// spans are like. This includes the queue, its unused capacity, and the post that is being sent.
func TestQueueHoldsNoMore(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector uses the heap too")
	}
	for _, most := range []int{64 << 10, 1 << 20, 8 << 20, 24 << 20} {
		for _, mix := range mixes {
			t.Run(fmt.Sprintf("%d KiB, %s", most>>10, mix.name), func(t *testing.T) { holdsNoMore(t, most, mix.end) })
		}
	}
}

func holdsNoMore(t *testing.T, most int, mix func(tp *zipkin.Provider, enough func() bool)) {
	h := newHang()
	tp := newProvider(t, zipkin.Config{QueueSpans: 1 << 30, QueueBytes: most, Client: h.client()})
	before := torture.Heap()
	for dropped := range int64(2) {
		mix(tp, func() bool { return tp.Stats().Dropped >= 20*(dropped+1) })
		// A full batch is posted at once, and any other batch after a second.
		if dropped == 0 && tp.Stats().Queued > 0 {
			<-h.posted
		}
	}
	const fixed = 24 << 10 // the memory of a request, of timers and of the SDK
	held, queued := torture.Heap()-before, int(tp.Stats().QueuedBytes)
	assert.LessOrEqual(t, held, most+most/4+fixed, "bytes held with %d bytes queued and QueueBytes %d", queued, most)
	assert.Greater(t, held, queued, "bytes held, which must be more than the bytes queued, or the measurement is wrong")
	t.Logf("%.3f of QueueBytes held, %.3f queued", float64(held)/float64(most), float64(queued)/float64(most))
	require.Error(t, tp.Shutdown(expired(t)), "Shutdown with a context that has ended")
	close(h.release)
}
