package timeline_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
	"example.com/clew/internal/torture"
)

// keptOf makes n entries of all kinds. Their times increase with their numbers.
func keptOf(n int) (entries []*timeline.Entry) {
	for i := range n {
		e := &timeline.Entry{Source: "a.log", Number: i + 1, Time: noon.Add(time.Duration(i) * ms), Level: "info", Text: strings.Repeat("x", i%7*100)}
		switch i % 10 {
		case 0:
			e.Record, e.Parent = &line.Request{Method: "GET", Path: "/"}, id("7")
		case 1:
			e.Level = "error"
		}
		entries = append(entries, e)
	}
	entries[n-1].Record, entries[n-1].Parent = &line.Request{Method: "GET", Path: "/root"}, ""
	return entries
}

// A Keeper keeps the same entries in whatever order they are added. It prefers the root, then
// spans, then errors, then the oldest lines.
func TestKeeper(t *testing.T) {
	const n = 1000
	numbers := func(entries []*timeline.Entry) (numbers []int) {
		for _, e := range entries {
			numbers = append(numbers, e.Number)
		}
		slices.Sort(numbers)
		return numbers
	}
	tests := []struct {
		name    string
		room    int
		atLeast int                   // the smallest number of kept entries
		has     func(number int) bool // the entry with this number must be kept
	}{
		{"all", 10 << 20, n, func(int) bool { return true }},
		{"spans, errors and some lines", 600 << 10, 250, func(i int) bool { return i == n || i%10 == 1 || i%10 == 2 }},
		{"spans and some errors", 250 << 10, 110, func(i int) bool { return i == n || i%10 == 1 }},
		{"some spans", 100 << 10, 30, func(i int) bool { return i == n || i <= 201 && i%10 == 1 }},
		{"nothing", 1, 0, func(int) bool { return false }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want []int
			for seed := range uint64(10) {
				entries := keptOf(n)
				if seed > 0 {
					rnd := rand.New(rand.NewPCG(seed, 1))
					rnd.Shuffle(n, func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
				}
				k := timeline.NewKeeper(tt.room)
				for _, e := range entries {
					k.Add(e)
				}
				got := numbers(k.Entries())
				if seed == 0 {
					want = got
				}
				require.Equal(t, want, got)
				require.Equal(t, n, len(got)+k.Left(), "number of entries that are kept or counted as left out")
			}
			assert.GreaterOrEqual(t, len(want), tt.atLeast)
			for i := 1; i <= n; i++ {
				if tt.has(i) && !slices.Contains(want, i) {
					t.Fatalf("entry %d is missing", i)
				}
			}
			lines := slices.DeleteFunc(want, tt.has)
			if len(lines) > 0 {
				assert.Less(t, lines[len(lines)-1], n, "number of the newest kept line: the Keeper must prefer older lines")
			}
		})
	}
}

// A trace of any length can be shown. Its kept entries and their tree need hardly more memory than
// the limit.
func TestTortureKeeper(t *testing.T) {
	n := torture.Size(50_000, 1_000_000)
	room := n * 200 // an entry needs some 2,000 bytes, so there is room for a tenth of the entries
	for _, kind := range []string{"spans", "lines"} {
		heap := torture.Heap()
		p := timeline.NewParser(timeline.ParserConfig{Source: "a.log"})
		k := timeline.NewKeeper(room)
		add := func(e *timeline.Entry) {
			if e != nil {
				k.Add(e)
			}
		}
		for i := range n {
			text := fmt.Sprintf(`{"level":"info","service":"shop","time":"%s","method":"GET","path":"/p/%d","status":200,"bytes":1,"duration_ms":1.5,"remote":"192.0.2.1:1",`+
				`"parent_id":"00000000000000ff","trace_id":"5759e988bd862e3fe1be46a994272793","span_id":"%016x","message":"request"}`, noon.Add(time.Duration(i)*ms).Format(time.RFC3339Nano), i, i+1000)
			if kind == "lines" {
				text = fmt.Sprintf(`{"level":"info","service":"shop","time":"%s","item":%d,"trace_id":"5759e988bd862e3fe1be46a994272793","span_id":"00000000000000ff","message":"hello"}`,
					noon.Add(time.Duration(i)*ms).Format(time.RFC3339Nano), i)
			}
			add(p.Parse(timeline.Raw{Text: []byte(text), Number: i + 1}))
		}
		add(p.Flush())
		tree := timeline.NewTree(timeline.NewTrace(traceID, k.Entries()))
		used := torture.Heap() - heap
		require.NoError(t, tree.Text(io.Discard, timeline.Style{}))
		assert.Equal(t, n, len(k.Entries())+k.Left())
		assert.Greater(t, len(k.Entries()), n/20)
		assert.Less(t, used, room*5/4, "bytes of the kept entries and their tree")
		torture.Row(t, "a trace of very many "+kind, "%d lines, %d kept, %d bytes each with the tree", n, len(k.Entries()), used/len(k.Entries()))
	}
}
