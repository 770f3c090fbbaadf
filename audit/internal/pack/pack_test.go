package pack_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.com/clew/audit/internal/made"
	"example.com/clew/audit/internal/pack"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 11, 27, 4, 10, 0, 0, time.UTC)

// block is the approximate size of the blocks in the segments of these tests.
const block = 1 << 20

// makeSegment writes a segment of the records that next appends, until next appends none. It
// returns the path of the segment.
func makeSegment(tb testing.TB, id, app string, next func([]byte) []byte) string {
	tb.Helper()
	data := segment.AppendHeader(nil, segment.Header{ID: id, App: app})
	for more := true; more; {
		at := len(data)
		data = append(data, make([]byte, segment.BlockHead)...)
		for len(data)-at < block {
			n := len(data)
			if data = next(data); len(data) == n {
				more = false
				break
			}
		}
		if len(data) == at+segment.BlockHead {
			data = data[:at]
			break
		}
		segment.PutBlockHead(data[at:])
	}
	path := filepath.Join(tb.TempDir(), id+".sealed")
	require.NoError(tb, os.WriteFile(path, data, 0o600))
	return path
}

func madeSegment(tb testing.TB, n int, perSecond float64) (path string, jsonBytes int) {
	g := made.New(1, start, perSecond)
	path = makeSegment(tb, segment.NewID(start.UnixMicro(), 1), "app", func(p []byte) []byte {
		if n == 0 {
			return p
		}
		n--
		e := g.Next()
		jsonBytes += jsonSize(e)
		return e.AppendRecord(p)
	})
	return path, jsonBytes
}

// jsonSize returns the size of e as a line of JSON, as clew-audit find writes it.
func jsonSize(e *made.Event) int {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"timestamp":%q,"app":%q,"message":%q,"trace_id":%q,"context":{`,
		time.UnixMicro(e.Time).UTC().Format("2006-01-02T15:04:05.000000Z"), e.App, e.Message, hex.EncodeToString(e.TraceID[:]))
	for i, pair := range e.Context {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%q", pair.Key, pair.Value)
	}
	b.WriteString("}")
	if len(e.TraceNames) > 0 {
		fmt.Fprintf(&b, `,"trace_names":%q`, e.TraceNames)
	}
	b.WriteString("}\n")
	return b.Len()
}

func BenchmarkPack(b *testing.B) {
	const n = 1_000_000
	path, jsonBytes := madeSegment(b, n, 500_000)
	p := pack.NewPacker()
	store := lake.Dir(b.TempDir())
	b.ReportAllocs()
	var r pack.Result
	for b.Loop() {
		var err error
		r, err = p.Segment(b.Context(), store, path)
		require.NoError(b, err)
	}
	require.Equal(b, n, r.Events)
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(r.Bytes)/n, "B/event")
	b.ReportMetric(float64(jsonBytes)/float64(r.Bytes), "x-smaller-than-JSON")
}
