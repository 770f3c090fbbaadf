package servicemap_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"example.com/clew/cmd/clew/internal/servicemap"
	"example.com/clew/internal/timeline"
	"example.com/clew/internal/timeline/fleetlog"
)

// logs returns the logs of four services, about size bytes each.
func logs(size int) (logs [fleetlog.Services][]byte) {
	f := fleetlog.New(1)
	for s := fleetlog.Service(0); len(logs[s]) < size; {
		var line []byte
		s, _, line = f.Next()
		logs[s] = append(logs[s], line...)
	}
	return logs
}

// see parses the lines of a log, and gives each result to a function.
func see(tb testing.TB, log []byte, give func(*timeline.Sight)) {
	lines := timeline.NewReader(bytes.NewReader(log), time.Time{})
	p := timeline.NewParser(timeline.ParserConfig{})
	var s timeline.Sight
	for {
		raw, err := lines.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			tb.Fatal(err)
		}
		if p.Sight(raw, &s) {
			give(&s)
		}
	}
}

// BenchmarkMap measures the steps to a map: see parses lines, keep also makes rows, and join makes
// the graph. The benchmark all does all three.
func BenchmarkMap(b *testing.B) {
	all := logs(16 << 20)
	for s, log := range all {
		b.Run("see/"+fleetlog.Names[s], func(b *testing.B) {
			b.SetBytes(int64(len(log)))
			for b.Loop() {
				see(b, log, func(*timeline.Sight) {})
			}
		})
		b.Run("keep/"+fleetlog.Names[s], func(b *testing.B) {
			b.SetBytes(int64(len(log)))
			b.ReportAllocs()
			for b.Loop() {
				build(b, log)
			}
		})
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			builder := servicemap.NewBuilder(servicemap.Config{})
			size := 0
			for _, log := range all {
				a := builder.Source()
				see(b, log, a.Add)
				a.Close()
				size += len(log)
			}
			if _, err := builder.Graph(); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
		}
	})
	b.Run("join", func(b *testing.B) {
		b.SetBytes(int64(len(all[0]) + len(all[1])))
		b.StopTimer()
		for range b.N {
			builder := build(b, all[0], all[1])
			b.StartTimer()
			if _, err := builder.Graph(); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
		}
	})
}

func build(tb testing.TB, logs ...[]byte) *servicemap.Builder {
	builder := servicemap.NewBuilder(servicemap.Config{})
	for _, log := range logs {
		a := builder.Source()
		see(tb, log, a.Add)
		a.Close()
	}
	return builder
}
