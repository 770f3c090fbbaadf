package timeline_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"example.com/clew/internal/timeline"
	"example.com/clew/internal/timeline/fleetlog"
)

// fleetLogs returns the logs of the four services. The parameter size is roughly the number of
// bytes of each log.
func fleetLogs(seed uint64, size int) (logs [fleetlog.Services][]byte, f *fleetlog.Fleet) {
	f = fleetlog.New(seed)
	for s := fleetlog.Service(0); len(logs[s]) < size; {
		var line []byte
		s, _, line = f.Next()
		logs[s] = append(logs[s], line...)
	}
	return logs, f
}

// BenchmarkList measures the steps of a list and of a map: reading lines, reading their glances or
// sights, and adding them to a list.
func BenchmarkList(b *testing.B) {
	logs, _ := fleetLogs(1, 16<<20)
	for s, log := range logs {
		b.Run("read/"+fleetlog.Names[s], func(b *testing.B) {
			b.SetBytes(int64(len(log)))
			for b.Loop() {
				readAll(b, timeline.NewReader(bytes.NewReader(log), time.Time{}))
			}
		})
		b.Run("glance/"+fleetlog.Names[s], func(b *testing.B) {
			b.SetBytes(int64(len(log)))
			for b.Loop() {
				glanceAll(b, log, func(*timeline.Glance) {})
			}
		})
		b.Run("sight/"+fleetlog.Names[s], func(b *testing.B) {
			b.SetBytes(int64(len(log)))
			for b.Loop() {
				sightAll(b, log)
			}
		})
		b.Run("list/"+fleetlog.Names[s], func(b *testing.B) {
			b.SetBytes(int64(len(log)))
			b.ReportAllocs()
			for b.Loop() {
				l := timeline.NewLister(timeline.Filter{}, 0)
				glanceAll(b, log, l.Add)
			}
		})
	}
}

// glanceAll calls the function give with the glance of each line of a log.
func glanceAll(tb testing.TB, log []byte, give func(*timeline.Glance)) {
	lines := timeline.NewReader(bytes.NewReader(log), time.Time{})
	p := timeline.NewParser(timeline.ParserConfig{})
	var g timeline.Glance
	for {
		raw, err := lines.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			tb.Fatal(err)
		}
		var ok bool
		if g, ok = p.Glance(*raw); ok {
			give(&g)
		}
	}
}

// sightAll reads the sights of a log's lines, as a map does.
func sightAll(tb testing.TB, log []byte) {
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
		if !p.Sight(raw, &s) {
			tb.Fatal("a line has no sight")
		}
	}
}

// BenchmarkFindFleet searches logs that are already in memory, as they are in the file cache or
// after decompression.
func BenchmarkFindFleet(b *testing.B) {
	logs, f := fleetLogs(1, 16<<20)
	id, err := timeline.ParseID(f.TraceID(f.Begun() / 2))
	if err != nil {
		b.Fatal(err)
	}
	var forms [][]byte
	for _, form := range id.Forms() {
		forms = append(forms, []byte(form))
	}
	s := timeline.NewSearch(forms)
	for service, log := range logs {
		b.Run(fleetlog.Names[service], func(b *testing.B) {
			b.SetBytes(int64(len(log)))
			for b.Loop() {
				_, err := timeline.Find(bytes.NewReader(log), s, nil, func(io.Reader, int) error { return nil })
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
