// Command bench holds clew beside what others make, job by job: the baseline without tracing, the
// least that hand-written code can do, clew, and every peer that does the job. What a variant does
// is checked before it is timed; one that does not do the job ends the program.
//
//	go run .                 a short round of all jobs
//	go run . -full           ten rounds, for figures to be quoted
//	go run . -run '^client'  some jobs
//	go run . -json           for tools
//	go run . -one 'log line|clew' -cpuprofile log.prof
//
// It is a module of its own, so that clew requires none of the peers.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	switch err := run(os.Args[1:], os.Stdout, allJobs(), findCount); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func allJobs() []job {
	return slices.Concat(serverJobs(), clientJobs(), restyJobs(), logJobs(), startJobs(), poolJobs(), recordedJobs(), encodingJobs(), endToEndJobs(), latencyJobs(), growthJobs(), implicitJobs())
}

// run is the program.
func run(args []string, out io.Writer, jobs []job, find func() (count, string, error)) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	full := flags.Bool("full", false, "ten longer rounds, instead of three short ones")
	asJSON := flags.Bool("json", false, "print JSON, not tables")
	pattern := flags.String("run", "", "run the jobs whose name matches this `regexp`")
	one := flags.String("one", "", "run that variant, as `job|variant`, -n times, and print nothing")
	n := flags.Int("n", 1_000_000, "see -one")
	profile := flags.String("cpuprofile", "", "with -one, write a CPU profile to this `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	match, err := regexp.Compile(*pattern)
	if err != nil {
		return err
	}
	if *one != "" {
		return runOne(jobs, *one, *n, *profile)
	}
	s := settings{rounds: 3, target: 20 * time.Millisecond}
	if *full {
		s = settings{rounds: 10, target: 100 * time.Millisecond}
	}
	jobs = slices.DeleteFunc(slices.Clone(jobs), func(j job) bool { return !match.MatchString(j.String()) })
	if len(jobs) == 0 {
		return fmt.Errorf("no job matches %q", *pattern)
	}
	count, by, notCounted := find()
	if !*asJSON {
		fmt.Fprintf(out, "%s, %s/%s, GOMAXPROCS %d. %d rounds, interleaved; medians. Spread is the distance of the extremes.\n",
			runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), s.rounds)
		fmt.Fprintln(out, "Jobs of one goroutine run on one processor, garbage collection included; their allocations are exact.")
		if count != nil {
			fmt.Fprintf(out, "User instructions as %s counts them, without garbage collection.\n", by)
		} else {
			fmt.Fprintf(out, "User instructions are not counted here: %v.\n", notCounted)
		}
	}
	var all []result
	for i := 0; i < len(jobs); {
		var points [][]result
		for name := jobs[i].name; i < len(jobs) && jobs[i].name == name; i++ {
			settings := s
			if strings.HasPrefix(name, "end to end") { // sockets are slow to settle
				settings.target *= 10
			}
			results, err := measure(jobs[i], settings)
			if err != nil {
				return err
			}
			if count != nil && jobs[i].point == "" && !jobs[i].uncounted {
				if err := countInstructions(results, count); err != nil {
					return err
				}
			}
			points, all = append(points, results), append(all, results...)
		}
		if !*asJSON {
			table(out, points)
		}
	}
	if *asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	return nil
}

// table prints a job, or the points of a curve.
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
		if latency { // of the throughput
			toFloor, toBaseline = 1/toFloor, 1/toBaseline
		}
		cells = append(cells, times(toFloor), times(toBaseline))
		if instructions {
			cells = append(cells, number(r.Instructions),
				times(r.over(results, floor, result.instructions)), times(r.over(results, baseline, result.instructions)))
		}
		row(out, cells)
	}
}

// curve prints a column a point: time, allocations, and the ratio to the floor.
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

// memory is a figure of memory: whole where it is exact.
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
