// Command scale measures clew and other tools, on logs that it makes. The command make scale runs
// it: see .ci/scale.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"example.com/clew/internal/timeline/fleetlog"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run() error {
	var (
		folder  = flag.String("folder", "", "where the logs are made")
		size    = flag.Int64("size", 1<<30, "bytes of the logs")
		clew    = flag.String("clew", "", "the command that is measured")
		python  = flag.String("python", "", "a Python that has DuckDB; \"\": none")
		rounds  = flag.Int("rounds", 5, "how often each tool is run")
		discard = flag.Bool("discard", false, "only decompress the files that are named")
		makes   = flag.Bool("generate", false, "only make the logs")
		open    = flag.Int("open", fleetlog.Open, "how many traces of the logs are open at once")
		only    = flag.String("only", "", "run only jobs whose name contains this")
	)
	flag.Parse()
	if *discard {
		return decompress(flag.Args())
	}
	if *makes { // a separate process, because Linux counts a parent's memory for its child
		return generate(filepath.Clean(*folder), *size, *open)
	}
	if *folder == "" || *clew == "" {
		return errors.New("-folder and -clew are required")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	d, err := load(*folder)
	if err != nil {
		return err
	}
	t := tools{clew: *clew, python: *python, self: self}
	for _, j := range jobs(d, t) {
		if !strings.Contains(j.name, *only) {
			continue
		}
		if err := j.run(*rounds); err != nil {
			return err
		}
	}
	return nil
}
