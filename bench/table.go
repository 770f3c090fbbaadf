package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
)

// preamble prints how the figures of all tables are measured.
func preamble(out io.Writer, s settings, by string, notCounted error) {
	fmt.Fprintf(out, "%s, %s/%s, GOMAXPROCS %d. %d rounds, interleaved; medians. Spread is the distance between the slowest and the fastest round, as a share of the median.\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), s.rounds)
	fmt.Fprintln(out, "Jobs of one goroutine run on one processor, garbage collection included; their allocations are exact.")
	if notCounted != nil {
		fmt.Fprintf(out, "User instructions are not counted here: %v.\n", notCounted)
		return
	}
	fmt.Fprintf(out, "User instructions as %s counts them, without garbage collection.\n", by)
}

// table prints the table of a job, or of the points of a curve.
func table(out io.Writer, points [][]result) {
	fmt.Fprintf(out, "\n### %s\n\n", points[0][0].Job)
	if points[0][0].Point != "" {
		curve(out, points)
		return
	}
	results := points[0]
	instructions, latency := results[0].Instructions != 0, results[0].P50 != 0
	head := []string{"", "ns", "spread", "B", "allocs"}
	if latency {
		head = []string{"", "requests/s", "spread", "p50 µs", "p99 µs", "/ baseline", "spread", "CPU µs", "B", "allocs"}
	}
	head = append(head, "/ floor", "/ baseline")
	if instructions {
		head = append(head, "instructions", "/ floor", "/ baseline")
	}
	row(out, head)
	rule(out, len(head))
	for _, r := range results {
		cells := []string{r.title(), number(r.NS)}
		if latency {
			cells[1] = number(1e9 / r.NS)
		}
		cells = append(cells, fmt.Sprintf("%.0f %%", 100*r.spread()))
		if latency {
			scatter := ""
			if ratios := r.p99Ratios(results); len(ratios) > 0 {
				scatter = fmt.Sprintf("%s to %s", times(slices.Min(ratios)), times(slices.Max(ratios)))
			}
			cells = append(cells, number(r.P50/1000), number(r.P99/1000), times(r.P99ToBase), scatter, number(r.CPU/1000))
		}
		cells = append(cells, r.memory(r.Bytes), r.memory(r.Allocs))
		toFloor, toBaseline := r.ToFloor, r.ToBaseline
		if latency { // the column is throughput, so the ratio is inverted
			toFloor, toBaseline = 1/toFloor, 1/toBaseline
		}
		cells = append(cells, times(toFloor), times(toBaseline))
		if instructions {
			cells = append(cells, number(r.Instructions),
				times(r.ratioTo(results, floor, result.instructions)), times(r.ratioTo(results, baseline, result.instructions)))
		}
		row(out, cells)
	}
}

// curve prints one column for each point. A cell has the time, the allocations and the ratio to
// the floor.
func curve(out io.Writer, points [][]result) {
	head := []string{"ns, allocs (/ floor)"}
	for _, p := range points {
		head = append(head, p[0].Point)
	}
	row(out, head)
	rule(out, len(head))
	for i := range points[0] {
		cells := []string{points[0][i].title()}
		for _, p := range points {
			cells = append(cells, fmt.Sprintf("%s, %s (%s)", number(p[i].NS), p[i].memory(p[i].Allocs), times(p[i].ToFloor)))
		}
		row(out, cells)
	}
}

func row(out io.Writer, cells []string) { fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | ")) }

func rule(out io.Writer, columns int) {
	fmt.Fprintln(out, "|---|"+strings.Repeat("---:|", columns-1))
}

func (r result) title() string {
	if r.Kind == ours || r.Variant == "floor" {
		return "**" + r.Variant + "**"
	}
	return r.Variant
}

// memory formats bytes or allocations. Small figures have a decimal if they are not exact.
func (r result) memory(v float64) string {
	if r.parallel && v < 100 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func number(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func times(ratio float64) string {
	switch {
	case ratio == 0:
		return ""
	case ratio < 100:
		return fmt.Sprintf("%.2f", ratio)
	}
	return fmt.Sprintf("%.0f", ratio)
}
