package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// result is the time and space that a peer needed to write a number of events and to find one
// value.
type result struct {
	Events int
	Wall   time.Duration // the time from the first event until all events are on disk
	CPU    time.Duration
	Bytes  int64
	Find   time.Duration // the time to find one value, with a warm page cache
	Rows   int
}

// runPeers writes the same events with each peer in turn, several times, and prints the medians.
func runPeers(args []string) error {
	flags := flag.NewFlagSet("peers", flag.ExitOnError)
	events := flags.Int("events", 1_000_000, "number of events")
	rounds := flags.Int("rounds", 3, "number of rounds")
	node := flags.String("node", "", "a directory with @duckdb/node-api")
	flags.Parse(args)

	all := map[string][]result{}
	for range *rounds {
		for i, p := range peers {
			n := *events
			if p.name == "SQLite, each event" {
				n /= 10 // this peer is slow
			}
			r, err := child(strconv.Itoa(i), strconv.Itoa(n))
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			all[p.name] = append(all[p.name], r)
		}
		if *node != "" {
			r, err := duckdb(*node, *events)
			if err != nil {
				return fmt.Errorf("DuckDB: %w", err)
			}
			all["DuckDB's appender"] = append(all["DuckDB's appender"], r)
		}
	}
	printPeers(all)
	return nil
}

func printPeers(all map[string][]result) {
	fmt.Println("| written by | events/s | CPU an event | bytes an event | to find one value |")
	fmt.Println("|---|---|---|---|---|")
	names := make([]string, 0, len(all))
	for _, p := range peers {
		names = append(names, p.name)
	}
	for _, name := range append(names, "DuckDB's appender") {
		rounds := all[name]
		if len(rounds) == 0 {
			continue
		}
		n := float64(rounds[0].Events)
		wall := median(rounds, func(r result) float64 { return r.Wall.Seconds() })
		used := median(rounds, func(r result) float64 { return float64(r.CPU) })
		size := median(rounds, func(r result) float64 { return float64(r.Bytes) })
		find := median(rounds, func(r result) float64 { return float64(r.Find) / 1e6 })
		fmt.Printf("| %s | %.0f | %.2f µs | %.1f | %.1f ms (%d rows) |\n", name, n/wall, used/n/1e3, size/n, find, rounds[0].Rows)
	}
}

func median(rounds []result, of func(result) float64) float64 {
	values := make([]float64, 0, len(rounds))
	for _, r := range rounds {
		values = append(values, of(r))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// child runs a peer in a separate process, so that memory and processor time are only the peer's.
func child(args ...string) (r result, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	cmd := exec.Command(self, append([]string{"one"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}

// runOne is the main function of the child process. Its arguments are the index of the peer and
// the number of events.
func runOne(args []string) error {
	if len(args) != 2 {
		return errors.New("one PEER EVENTS")
	}
	i, err := strconv.Atoi(args[0])
	if err != nil || i < 0 || i >= len(peers) {
		return fmt.Errorf("no peer %q", args[0])
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "clew-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r, err := measure(peers[i], dir, ahead(n))
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// ahead returns n events. They are made in advance, so that making them is not measured.
func ahead(n int) []event {
	f := newFeed(7, 500_000)
	all := make([]event, n)
	for i := range all {
		e := f.next()
		kept := *e.Event
		e.Event = &kept
		all[i] = e
	}
	return all
}

func measure(p peer, dir string, events []event) (r result, err error) {
	wall, used := time.Now(), cpu()
	if err := p.write(dir, events); err != nil {
		return r, err
	}
	r = result{Events: len(events), Wall: time.Since(wall), CPU: cpu() - used}
	if r.Bytes, err = sizeOf(dir); err != nil {
		return r, err
	}
	wanted := events[len(events)/2].Context[1]
	if _, err := p.find(dir, wanted.Key, wanted.Value); err != nil { // warms the page cache
		return r, err
	}
	wall = time.Now()
	r.Rows, err = p.find(dir, wanted.Key, wanted.Value)
	r.Find = time.Since(wall)
	return r, err
}

func sizeOf(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}
