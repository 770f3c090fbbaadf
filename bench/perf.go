package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
)

// Counts of user instructions differ by about a percent between runs. Nanoseconds differ by more.
// The program counts instructions by running itself under a counter, one variant at a time. The
// garbage collector is off then, because its work depends on what else runs. The other columns
// include its work.

// counter is a command that counts the user instructions of another program.
type counter struct {
	command []string
	read    func(said string) (float64, error) // reads the counter's standard error
}

// counters are tried in order. Linux's perf reads the processor's counter, which few virtual
// machines allow. valgrind interprets the program, one thread at a time, and counts its
// instructions.
var counters = []counter{
	{[]string{"perf", "stat", "-x", ",", "-e", "instructions:u", "--"}, readPerf},
	{[]string{"valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"}, readValgrind},
}

// count returns the number of user instructions of a program.
type count = func(name string, args ...string) (float64, error)

// findCount returns the first of counters that works on this machine, and its name. If none works,
// the error says why.
func findCount() (c count, by string, err error) {
	for _, candidate := range counters {
		_, failed := candidate.count("true")
		if failed == nil {
			return candidate.count, candidate.command[0], nil
		}
		err = errors.Join(err, failed)
	}
	return nil, "", err
}

// countInstructions sets Instructions in all results. It subtracts the instructions of a run with
// n operations from those of a run with 2n, so that the start of the program does not count.
func countInstructions(results []result, c count) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for i := range results {
		r := &results[i]
		n := min(r.n, 20_000)
		var counts [2]float64
		for twice := range counts {
			args := []string{"-one", r.Job + "|" + r.Variant, "-n", strconv.Itoa(n * (1 + twice))}
			if counts[twice], err = c(self, args...); err != nil {
				return fmt.Errorf("%s: %s: %w", r.Job, r.Variant, err)
			}
		}
		r.Instructions = (counts[1] - counts[0]) / float64(n)
	}
	return nil
}

func (c counter) count(name string, args ...string) (float64, error) {
	cmd := exec.Command(c.command[0], slices.Concat(c.command[1:], []string{name}, args)...)
	cmd.Env = append(os.Environ(), "GOGC=off", "GODEBUG=asyncpreemptoff=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return 0, fmt.Errorf("%s is not installed", c.command[0])
		}
		return 0, fmt.Errorf("%s: %w: %s", c.command[0], err, strings.TrimSpace(stderr.String()))
	}
	return c.read(stderr.String())
}

// readPerf reads the output of perf stat -x: value,unit,event,…
func readPerf(said string) (float64, error) {
	for line := range strings.Lines(said) {
		fields := strings.Split(line, ",")
		if len(fields) < 3 || !strings.HasPrefix(fields[2], "instructions:u") {
			continue
		}
		v, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			return 0, fmt.Errorf("perf reports %q for instructions:u", fields[0])
		}
		return v, nil
	}
	return 0, errors.New("perf reports nothing for instructions:u")
}

// readValgrind reads the output of cachegrind: ==process== refs: 1,234
func readValgrind(said string) (float64, error) {
	_, rest, ok := strings.Cut(said, "refs:")
	if !ok {
		return 0, errors.New("valgrind reports nothing about instructions")
	}
	figure, _, _ := strings.Cut(rest, "\n")
	return strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(figure), ",", ""), 64)
}

// runOne runs the variant named job|variant, for counters and profiles.
func runOne(jobs []job, name string, n int, profile string) error {
	for _, j := range jobs {
		for _, v := range j.variants {
			if j.point == "" && j.name+"|"+v.name == name {
				if !j.parallel {
					runtime.GOMAXPROCS(1)
				}
				w := v.setup()
				defer w.end()
				if err := w.verify(); err != nil {
					return err
				}
				if profile == "" {
					w.op(n)
					return nil
				}
				f, err := os.Create(profile)
				if err != nil {
					return err
				}
				if err := pprof.StartCPUProfile(f); err != nil {
					return err
				}
				w.op(n)
				pprof.StopCPUProfile()
				return f.Close()
			}
		}
	}
	return fmt.Errorf("no variant %q", name)
}
