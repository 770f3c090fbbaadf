package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
)

// User instructions repeat to a few percent where nanoseconds do not. Linux's perf counts them, from
// the outside: the program runs itself under perf, for one variant at a time.

const counter = "instructions:u"

// instructionsCounted says why instructions cannot be counted; nil: they can.
func instructionsCounted() error {
	_, err := perf("true")
	return err
}

// countInstructions fills in Instructions: what a run of twice the length takes more than a run.
func countInstructions(results []result) error {
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
			if counts[twice], err = perf(self, args...); err != nil {
				return fmt.Errorf("%s: %s: %w", r.Job, r.Variant, err)
			}
		}
		r.Instructions = (counts[1] - counts[0]) / float64(n)
	}
	return nil
}

func perf(name string, args ...string) (float64, error) {
	cmd := exec.Command("perf", append([]string{"stat", "-x", ",", "-e", counter, "--", name}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return 0, errors.New("perf is not installed")
		}
		return 0, fmt.Errorf("perf: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return parsePerf(stderr.String())
}

// parsePerf reads what perf stat -x, says: value,unit,event,…
func parsePerf(said string) (float64, error) {
	for line := range strings.Lines(said) {
		fields := strings.Split(line, ",")
		if len(fields) < 3 || !strings.HasPrefix(fields[2], counter) {
			continue
		}
		v, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			return 0, fmt.Errorf("perf says %q of %s", fields[0], counter)
		}
		return v, nil
	}
	return 0, fmt.Errorf("perf says nothing of %s", counter)
}

// runOne runs a variant that is named by its job and itself: for perf, and for profiles.
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
