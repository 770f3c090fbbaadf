package trace_test

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/torture"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// IDs never repeat, are never zero, and need no entropy of the system. A trace ID begins with the
// second in which its trace began, whatever the clock shows.
func TestTortureClockAndRandomness(t *testing.T) {
	n := torture.Size(1_000_000, 100_000_000)
	var zeros, repeats, reads, started, dated int
	t.Run("unique", func(t *testing.T) { zeros, repeats = testUnique(t, n) })
	t.Run("entropy", func(t *testing.T) { started, reads = testEntropy(t) })
	t.Run("clock", func(t *testing.T) { dated = testClock(t) })
	torture.Row(t, "Clock and randomness", "%d trace IDs (low 64 bits) and %d span IDs: zero %d, repeated %d; %d traces begun while the system's entropy blocks, fails or is all zeros, with %d reads of that entropy; %d IDs with the right second, by a clock from 2000 to 2106",
		n, n, zeros, repeats, started, reads, dated)
}

// With two sets of 100,000,000 random numbers of 64 bits, one run in 1,850 fails by chance,
// because a number repeats in its set.
func testUnique(t *testing.T, n int) (zeros, repeats int) {
	const starters = 8
	traces, spans := make([]uint64, n), make([]uint64, n)
	var starting sync.WaitGroup
	for s := range starters {
		starting.Go(func() {
			for i := s * n / starters; i < (s+1)*n/starters; i++ {
				sc := newRootSpan()
				traceID, spanID := sc.TraceID(), sc.SpanID()
				traces[i], spans[i] = binary.BigEndian.Uint64(traceID[8:]), binary.BigEndian.Uint64(spanID[:])
			}
		})
	}
	starting.Wait()
	var sorting sync.WaitGroup
	for _, ids := range [][]uint64{traces, spans} {
		sorting.Go(func() { slices.Sort(ids) })
	}
	sorting.Wait()
	for _, ids := range [][]uint64{traces, spans} {
		for i, id := range ids {
			if id == 0 {
				zeros++
			}
			if i > 0 && id == ids[i-1] {
				repeats++
			}
		}
	}
	assert.Zero(t, zeros, "IDs that are zero, of 2 × %d", n)
	assert.Zero(t, repeats, "IDs that repeat another, of 2 × %d", n)
	return zeros, repeats
}

func newRootSpan() oteltrace.SpanContext {
	_, span := trace.Start(context.Background(), "x")
	defer span.End()
	return span.SpanContext()
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func testEntropy(t *testing.T) (started, reads int) {
	const times = 10_000
	good := crand.Reader
	defer func() { crand.Reader = good }()
	for _, tt := range []struct {
		name string
		read func(p []byte, release <-chan struct{}) (int, error)
	}{
		{"blocks", func(_ []byte, release <-chan struct{}) (int, error) { <-release; return 0, io.EOF }},
		{"fails", func([]byte, <-chan struct{}) (int, error) { return 0, errors.New("no entropy") }},
		{"zeros", func(p []byte, _ <-chan struct{}) (int, error) { clear(p); return len(p), nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int64
			release, reading, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
			var first sync.Once
			crand.Reader = readFunc(func(p []byte) (int, error) {
				asked.Add(1)
				first.Do(func() { close(reading) })
				return tt.read(p, release)
			})
			seen := map[oteltrace.TraceID]bool{}
			go func() {
				defer close(done)
				for range times {
					sc := newRootSpan()
					seen[sc.TraceID()] = sc.IsValid()
				}
			}()
			select {
			case <-done:
			case <-reading:
			}
			close(release)
			<-done
			assert.Zero(t, asked.Load(), "reads of crypto/rand.Reader")
			assert.Len(t, seen, times, "different trace IDs")
			started, reads = started+len(seen), reads+int(asked.Load())
		})
	}
	return started, reads
}

func testClock(t *testing.T) (dated int) {
	for _, tt := range []struct {
		name string
		unix int64
	}{
		{"2000, where the clock of a bubble begins", 946684800},
		{"after 2038, when 31 bits are used up", 1 << 31},
		{"the last second of 32 bits", 1<<32 - 1},
		{"2106, when 32 bits begin again at zero", 1 << 32},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Unix(tt.unix, 0)))
				seen := map[oteltrace.TraceID]bool{}
				for range 1000 { // the bubble's clock stands still meanwhile
					ctx, span := trace.Start(context.Background(), "x")
					id := span.SpanContext().TraceID()
					if assert.Equal(t, uint32(tt.unix), binary.BigEndian.Uint32(id[:4]), "seconds in %s", id) {
						dated++
					}
					assert.Len(t, trace.ID(ctx), 32, "text of the ID")
					assert.True(t, span.SpanContext().IsValid(), "IsValid of %s", id)
					seen[id] = true
				}
				assert.Len(t, seen, 1000, "different trace IDs")
			})
		})
	}
	return dated
}
