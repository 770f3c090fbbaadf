package timeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/clew/internal/timeline"
)

// shopLine is the line of a request, as logctx writes it.
const shopLine = `{"level":"info","service":"shop","time":"2026-11-26T10:11:12.123456Z","method":"GET","path":"/products/1234",` +
	`"route":"GET /products/{id}","status":200,"bytes":5120,"duration_ms":4.711,"remote":"192.0.2.17:54321",` +
	`"parent_id":"463ac35c9f6413ad","trace_id":"5759e988bd862e3fe1be46a994272793","span_id":"a2fb4a1d1a96d312","message":"request"}`

const stampNano = "2026-11-26T10:11:12.123456789Z"

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func dockerLine(text string) string {
	return fmt.Sprintf(`{"log":%s,"stream":"stdout","time":%q}`, quoted(text+"\n"), stampNano)
}

// shipped are sources with one kind of line each, for benchmarks and allocations. The field parts
// is the number of source lines that are joined to one line.
var shipped = []struct {
	name, line string
	parts      int
}{
	{"bare", shopLine, 1},
	{"text", "2026-11-26 10:11:12.123 INFO [5759e988bd862e3fe1be46a994272793] [main] c.e.Shop - " + shopLine[:120], 1},
	{"docker", dockerLine(shopLine), 1},
	{"cri", stampNano + " stdout F " + shopLine, 1},
	{"cri joined", stampNano + " stdout P " + shopLine[:200] + "\n" + stampNano + " stdout F " + shopLine[200:], 2},
	{"kubectl", "[pod/shop-7d9f8c6b5-x2x9z/shop] " + shopLine, 1},
	{"kubectl with time", "[pod/shop-7d9f8c6b5-x2x9z/shop] " + stampNano + " " + shopLine, 1},
	{"compose", "\x1b[36mshop-1  | \x1b[0m" + shopLine, 1},
	{"journald", `{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1795690272123456","_SYSTEMD_UNIT":"shop.service","PRIORITY":"6","MESSAGE":` + quoted(shopLine) + `}`, 1},
	{"syslog", "<134>Nov 26 10:11:12 host shop[4711]: " + shopLine, 1},
	{"syslog new", "<134>1 2026-11-26T10:11:12.123456Z host shop 4711 - - " + shopLine, 1},
	{"stern", "shop-7d9f8c6b5-x2x9z shop " + shopLine, 1},
	{"stern json", `{"message":` + quoted(shopLine) + `,"nodeName":"n1","namespace":"default","podName":"shop-7d9f8c6b5-x2x9z","containerName":"shop"}`, 1},
	{"aws", "2026-11-26T10:11:12.123000+00:00 ecs/shop/0123456789abcdef0123456789abcdef " + shopLine, 1},
	{"gcloud", `{"insertId":"i1","jsonPayload":` + shopLine + `,"logName":"projects/p/logs/stdout","receiveTimestamp":"` + stampNano +
		`","resource":{"labels":{"container_name":"shop"},"type":"k8s_container"},"severity":"INFO","timestamp":"` + stampNano +
		`","trace":"projects/p/traces/5759e988bd862e3fe1be46a994272793"}`, 1},
	{"logcli", `{"labels":{"container":"shop"},"line":` + quoted(shopLine) + `,"timestamp":"` + stampNano + `"}`, 1},
}

func readAll(tb testing.TB, r *timeline.Reader) (n int) {
	tb.Helper()
	for {
		if _, err := r.Next(); err != nil {
			require.Equal(tb, io.EOF, err)
			return n
		}
		n++
	}
}

// BenchmarkReaderBaseline does only what every reader must do: it copies blocks, and finds
// newlines.
func BenchmarkReaderBaseline(b *testing.B) {
	line := []byte(shopLine + "\n")
	source := bytes.Repeat(line, (32<<20)/len(line))
	block := make([]byte, 128<<10)
	b.SetBytes(int64(len(source)))
	for b.Loop() {
		n, src := 0, bytes.NewReader(source)
		for {
			read, err := src.Read(block)
			for rest := block[:read]; ; n++ {
				i := bytes.IndexByte(rest, '\n')
				if i < 0 {
					break
				}
				rest = rest[i+1:]
			}
			if err != nil {
				break
			}
		}
		require.Equal(b, len(source)/len(line), n)
	}
}

func BenchmarkReader(b *testing.B) {
	const size = 32 << 20
	for _, bb := range shipped {
		line := []byte(bb.line + "\n")
		source := bytes.Repeat(line, size/len(line))
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(source)))
			b.ReportAllocs()
			for b.Loop() {
				n := readAll(b, timeline.NewReader(bytes.NewReader(source), time.Time{}))
				require.Equal(b, size/len(line), n)
			}
		})
	}
}

// A Reader needs no allocation for a line, whatever its wrapper.
func TestReaderAllocatesNothing(t *testing.T) {
	for _, tt := range shipped {
		t.Run(tt.name, func(t *testing.T) {
			line := []byte(tt.line + "\n")
			r := timeline.NewReader(&endless{line: line}, time.Time{})
			for range 10_000 { // the first lines make the buffers
				_, err := r.Next()
				require.NoError(t, err)
			}
			allocs := testing.AllocsPerRun(10_000, func() {
				if _, err := r.Next(); err != nil {
					t.Fatal(err)
				}
			})
			require.Zero(t, allocs, "allocations of Next()")
		})
	}
}

// endless repeats a line for ever.
type endless struct {
	line []byte
	pos  int
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c := copy(p[n:], e.line[e.pos:])
		n += c
		e.pos = (e.pos + c) % len(e.line)
	}
	return n, nil
}
