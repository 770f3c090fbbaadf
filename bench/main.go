// Command bench compares clew with other libraries, job by job. Each job has a baseline without
// tracing, the least that hand-written code can do (the floor), clew, and every peer that can do
// the job. Each variant is checked before it is timed. The program fails if a variant does not do
// the job.
//
//	go run .                 all jobs, in three short rounds
//	go run . -full           all jobs, in ten longer rounds, for figures to be quoted
//	go run . -run '^client'  some jobs
//	go run . -json           for tools
//	go run . -one 'log line|clew' -cpuprofile log.prof
//
// The program is a separate module, so that clew requires none of the peers.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
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
	return slices.Concat(serverJobs(), clientJobs(), restyJobs(), logJobs(), startJobs(), poolJobs(),
		recordedJobs(), encodingJobs(), endToEndJobs(), latencyJobs(), growthJobs(), implicitJobs())
}

// options are the values of the command-line flags.
type options struct {
	json    bool
	jobs    *regexp.Regexp
	one     string // job|variant
	n       int    // with -one
	profile string // with -one
	settings
}

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	full := flags.Bool("full", false, "ten longer rounds, instead of three short ones")
	flags.BoolVar(&o.json, "json", false, "print JSON, not tables")
	pattern := flags.String("run", "", "run the jobs whose name matches this `regexp`")
	flags.StringVar(&o.one, "one", "", "run only the variant `job|variant`, -n times, and print nothing")
	flags.IntVar(&o.n, "n", 1_000_000, "with -one, how often to run the variant")
	flags.StringVar(&o.profile, "cpuprofile", "", "with -one, write a CPU profile to this `file`")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	o.settings = settings{rounds: 3, target: 20 * time.Millisecond}
	if *full {
		o.settings = settings{rounds: 10, target: 100 * time.Millisecond}
	}
	o.jobs, err = regexp.Compile(*pattern)
	return o, err
}

// run runs the program with args, and writes its tables to out.
func run(args []string, out io.Writer, jobs []job, find func() (count, string, error)) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.one != "" {
		return runOne(jobs, o.one, o.n, o.profile)
	}
	jobs = slices.DeleteFunc(slices.Clone(jobs), func(j job) bool { return !o.jobs.MatchString(j.String()) })
	if len(jobs) == 0 {
		return fmt.Errorf("no job matches %q", o.jobs)
	}
	instructions, by, notCounted := find()
	if !o.json {
		preamble(out, o.settings, by, notCounted)
	}
	var all []result
	for len(jobs) > 0 {
		points := 1
		for points < len(jobs) && jobs[points].name == jobs[0].name {
			points++
		}
		results, err := measurePoints(jobs[:points], o.settings, instructions)
		if err != nil {
			return err
		}
		if !o.json {
			table(out, results)
		}
		jobs, all = jobs[points:], append(all, slices.Concat(results...)...)
	}
	if !o.json {
		return nil
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(all)
}

// measurePoints measures the jobs of one name: a single job, or the points of a curve.
func measurePoints(jobs []job, s settings, instructions count) (points [][]result, err error) {
	for _, j := range jobs {
		own := s
		if strings.HasPrefix(j.name, "end to end") { // with sockets, figures need longer to become stable
			own.target *= 10
		}
		results, err := measure(j, own)
		if err != nil {
			return nil, err
		}
		if instructions != nil && j.point == "" && !j.uncounted {
			if err := countInstructions(results, instructions); err != nil {
				return nil, err
			}
		}
		points = append(points, results)
	}
	return points, nil
}
