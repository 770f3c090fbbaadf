package servicemap_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"example.com/clew/cmd/clew/internal/servicemap"
)

// FuzzBuilder makes a map of any lines. The sums in the map agree. The map is the same from memory
// and from disk, and in any order of the sources. The input before the first newline becomes lines
// of a fleet with many faults: every four bytes make one line. The text after the first newline is
// read as log lines.
func FuzzBuilder(f *testing.F) {
	for _, tt := range fleets {
		f.Add([]byte("\n" + strings.Join(tt.lines, "\n")))
	}
	f.Add([]byte("abcdefghijklmnopqrstuvwxyz0123456789"))
	f.Add(bytes.Repeat([]byte{0, 1, 2, 255}, 50))
	f.Fuzz(func(t *testing.T, input []byte) {
		head, tail, _ := bytes.Cut(input, []byte("\n"))
		sources := []source{somewhat(head), {}}
		for _, line := range strings.Split(string(tail), "\n") {
			sources[1] = append(sources[1], line)
		}
		for _, byRoute := range []bool{false, true} {
			want := asJSON(t, graph(t, servicemap.Config{ByRoute: byRoute}, sources...))
			got := asJSON(t, graph(t, servicemap.Config{ByRoute: byRoute, Memory: 1, TempDir: t.TempDir()}, sources[1], sources[0]))
			if want != got {
				t.Fatalf("from memory:\n%s\nfrom disk:\n%s", want, got)
			}
		}
	})
}

// somewhat returns lines with few different services, IDs and times, so that some lines belong
// together.
func somewhat(input []byte) (lines source) {
	for ; len(input) >= 4; input = input[4:] {
		a, b, c, d := input[0], input[1], input[2], input[3]
		service := fmt.Sprintf("s%d", a%4)
		trace := []string{wide, narrow, padded, second, "ffffffffffffffff" + narrow}[b%5]
		span, parent := fmt.Sprintf("%x", 1+c%8), fmt.Sprintf("%x", 1+d%8)
		end, took := float64(a%16), float64(c%16)
		more := []string{`"sampled":true`, `"status":503`, caller(span), `"untrusted_trace_id":"` + second + `"`, `"caller_parent_id":"x"`}[d%5]
		switch b / 64 {
		case 0:
			lines = append(lines, request(service, trace, span, parent, end, took, more))
		case 1:
			lines = append(lines, call(service, fmt.Sprintf("s%d:80", d%6), trace, span, parent, end, took, more))
		case 2:
			lines = append(lines, entry(service, trace, span, end, "working", more))
		default:
			lines = append(lines, entry(service, trace, span, end, "job", `"job":"j"`, fmt.Sprintf(`"duration_ms":%g`, took)))
		}
	}
	return lines
}
