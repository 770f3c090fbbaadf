package audit_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/internal/raced"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
)

// values returns n strings that are made at run time, because constants prove nothing about
// allocations.
func values(n int) []string {
	v := make([]string, n)
	for i := range v {
		v[i] = strconv.Itoa(os.Getpid()) + "_1584258444344170009_" + strconv.Itoa(i)
	}
	return v
}

func traced() context.Context {
	ctx, span := trace.Start(context.Background(), "request")
	span.End()
	return ctx
}

func log8(ctx context.Context, l *audit.Logger, v []string) {
	l.Log(ctx, "image augmented", slog.String("network", v[0]), slog.String("network_id", v[1]),
		slog.String("item", v[2]), slog.String("client_id", v[3]), slog.String("four", v[4]),
		slog.String("five", v[5]), slog.String("six", v[6]), slog.String("seven", v[7]))
}

func encode8(ctx context.Context, v []string) {
	audit.Encode(ctx, "image augmented", slog.String("network", v[0]), slog.String("network_id", v[1]),
		slog.String("item", v[2]), slog.String("client_id", v[3]), slog.String("four", v[4]),
		slog.String("five", v[5]), slog.String("six", v[6]), slog.String("seven", v[7]))
}

func TestIsASCII(t *testing.T) {
	for n := range 40 {
		b := make([]byte, n)
		assert.True(t, audit.IsASCII(b), "%d bytes", n)
		for i := range b {
			b[i] = 0x80
			assert.False(t, audit.IsASCII(b), "byte %d of %d", i, n)
			b[i] = 0x7f
		}
	}
}

func TestAllocations(t *testing.T) {
	if raced.Enabled {
		t.Log("with the race detector, a sync.Pool loses entries, so no allocations are counted")
		return
	}
	for name, filter := range map[string]audit.Filter{
		"":              nil,
		" and a Filter": each(func(c audit.Candidate) { c.Pass("a", "b") }),
	} {
		l := open(t, audit.Config{Filter: filter}, &packer{}, audit.Seams{})
		allocateNothing(t, l, name)
		shut(t, l)
	}
}

func allocateNothing(t *testing.T, l *audit.Logger, with string) {
	ctx, v := traced(), values(8)
	now := time.Now()
	for _, tt := range []struct {
		name string
		f    func()
	}{
		{"8 strings", func() { log8(ctx, l, v) }},
		{"other kinds", func() {
			l.Log(ctx, "m", slog.Int("a", len(v[0])), slog.Float64("b", float64(len(v[1]))/7), slog.Bool("c", true),
				slog.Duration("d", time.Duration(len(v[2]))), slog.Time("e", now), slog.Uint64("f", 1<<63))
		}},
		{"no context", func() { l.Log(context.Background(), "m", slog.String("a", v[0])) }},
	} {
		for range 3000 { // until the batches of a Filter have grown
			tt.f()
		}
		assert.NoError(t, l.Sync(ctx))
		assert.Zero(t, testing.AllocsPerRun(500, tt.f), tt.name+with)
	}
}

// encodeAlone makes the same record as log8, and does nothing else.
func encodeAlone(b []byte, us int64, id []byte, v []string) []byte {
	b = segment.Begin(b, us, id, "", "image augmented")
	for i, key := range [...]string{"network", "network_id", "item", "client_id", "four", "five", "six", "seven"} {
		b = segment.AppendPair(b, key, v[i])
	}
	segment.End(b, 0)
	return b
}

// BenchmarkLog compares Log with two parts of its work. "bytes" only writes the bytes of the
// record, from strings that are known to be UTF-8. "encode" also reads the clock, the trace of the
// context and the attributes, and writes into a separate buffer.
func BenchmarkLog(b *testing.B) {
	for _, goroutines := range []int{1, 16, 256} {
		name := fmt.Sprintf("/goroutines=%d", goroutines)
		v := values(8)
		ctx := traced()
		id := [16]byte{1, 2, 3}
		b.Run("bytes"+name, func(b *testing.B) {
			spread(b, goroutines, func(n int) {
				var buf []byte
				for range n {
					buf = encodeAlone(buf[:0], 1, id[:], v)
				}
			})
		})
		b.Run("encode"+name, func(b *testing.B) {
			spread(b, goroutines, func(n int) {
				for range n {
					encode8(ctx, v)
				}
			})
		})
		b.Run("Log"+name, func(b *testing.B) {
			l := open(b, audit.Config{}, &packer{}, audit.Seams{Create: discard})
			spread(b, goroutines, func(n int) {
				for range n {
					log8(ctx, l, v)
				}
			})
			s := l.Stats()
			b.ReportMetric(float64(s.Dropped)/float64(s.Dropped+s.Accepted), "dropped/op")
			_ = l.Close(context.Background())
		})
	}
}

// discard creates a segment that keeps nothing, so that a benchmark does not measure the disk.
func discard(path string) (audit.File, error) {
	f, err := audit.CreateFile(path)
	return null{f}, err
}

type null struct{ audit.File }

func (null) Write(p []byte) (int, error) { return len(p), nil }

func spread(b *testing.B, goroutines int, f func(n int)) {
	b.ReportAllocs()
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() { f(b.N/goroutines + min(1, max(0, b.N%goroutines-i))) })
	}
	wg.Wait()
}
