package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/filter"
)

// runFilters measures how much filters cost a service that logs at a rate, and how long the
// longest batch takes. It measures the same while a hundred filters change, and while one of three
// filters is harmful.
func runFilters(args []string) error {
	flags := flag.NewFlagSet("filters", flag.ExitOnError)
	rate := flags.Int("rate", 100_000, "events a second")
	span := flags.Duration("for", 15*time.Second, "duration of each run")
	flags.Parse(args)

	fmt.Println("| filters | time in filters, of one core | extra time of the process, of one core | judged | discarded | dropped | longest batch |")
	fmt.Println("|---|---|---|---|---|---|---|")
	none, err := filtered(*rate, *span, nil, nil)
	if err != nil {
		return err
	}
	for _, n := range []int{1, 10} {
		r, err := filtered(*rate, *span, harmless(n), nil)
		if err != nil {
			return err
		}
		fmt.Printf("| %d | %.1f %% | %.1f %% | %d | %d | %d | %v |\n", n, 100*r.inFilters.Seconds()/span.Seconds(), 100*(r.cpu-none.cpu).Seconds()/span.Seconds(), r.judged, r.discarded, r.dropped, r.longest)
	}
	r, err := filtered(*rate, *span, harmless(100), changing)
	if err != nil {
		return err
	}
	fmt.Printf("| 100, 2 of them for this service, all changed each second: %d changes | %.1f %% | %.1f %% | %d | %d | %d | %v |\n", r.changes, 100*r.inFilters.Seconds()/span.Seconds(), 100*(r.cpu-none.cpu).Seconds()/span.Seconds(), r.judged, r.discarded, r.dropped, r.longest)

	fmt.Println("\n| beside two good filters, a filter that … | off after | time of the batches until then | longest batch | why |")
	fmt.Println("|---|---|---|---|---|")
	for _, bad := range harmful {
		r, err := filtered(*rate, 5*time.Second, append(harmless(2), bad.text), nil)
		if err != nil {
			return err
		}
		if r.off == nil {
			return fmt.Errorf("the filter that %s stayed on", bad.does)
		}
		fmt.Printf("| %s | %v | %v | %v | line %d: %s |\n", bad.does, r.off.At.Sub(r.began).Round(time.Millisecond), r.untilOff.Round(time.Millisecond), r.longest, r.off.Line, r.off.Reason)
	}
	return nil
}

// harmless returns n good filters. If n is at most 10, all of them apply to the service. Otherwise
// only the first two do.
func harmless(n int) (files []string) {
	for i := range n {
		apps := ""
		if n > 10 && i >= 2 {
			apps = "apps: [another-service]\n"
		}
		files = append(files, fmt.Sprintf(`name: "client_%d"
%sjs: |
    var wanted = {"%s": true, "client-%d": true}
    function filter(event) {
      return wanted[event.context.get("network")] === true
    }
`, i, apps, networks[i%len(networks)], i))
	}
	return files
}

// networks are some of the networks in the synthetic events.
var networks = []string{"instagram", "facebook"}

// harmful lists filters that must be switched off.
var harmful = []struct{ does, text string }{
	{"loops for ever", bad("for (;;) {}")},
	{"allocates for ever", bad("var all = []; for (;;) all.push({})")},
	{"backtracks for ever", bad(`return /^(a+)+$/.test("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")`)},
	{"recurses for ever", bad("return filter(event)")},
	{"throws on every third event", "name: bad\njs: |\n    var n = 0\n    function filter(event) {\n      if (++n % 3 == 0) throw new Error(\"third\")\n      return true\n    }\n"},
	{"overruns in a native function", bad("return new Array(3e7).join(\"x\").length > 0")},
}

func bad(body string) string {
	return "name: bad\njs: |\n    function filter(event) {\n      " + body + "\n    }\n"
}

// changing changes all filters in a directory once a second, until ctx ends.
func changing(ctx context.Context, dir string, files []string) {
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		for i, text := range files {
			write(dir, i, text+fmt.Sprintf("    // change %d\n", n))
		}
	}
}

// write replaces a file by a rename, so that no reader sees a part of it. People should replace
// filter files in the same way.
func write(dir string, i int, text string) {
	temp := filepath.Join(dir, ".new")
	if err := os.WriteFile(temp, []byte(text), 0o600); err != nil {
		panic(err)
	}
	if err := os.Rename(temp, filepath.Join(dir, fmt.Sprintf("%03d.yaml", i))); err != nil {
		panic(err)
	}
}

// filterResult is the result of a run with filters.
type filterResult struct {
	cpu, inFilters                      time.Duration
	judged, discarded, dropped, changes int64
	longest                             time.Duration // the time of the longest batch, including waits
	untilOff                            time.Duration // the time of all batches until a filter went off
	began                               time.Time
	off                                 *filter.Off
}

// filtered logs at a rate, with the filters in files. If files is nil, the Logger has no Filter.
func filtered(rate int, span time.Duration, files []string, change func(context.Context, string, []string)) (r filterResult, err error) {
	work, err := os.MkdirTemp("", "clew-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(work)
	dir, err := filterDir(work, files)
	if err != nil {
		return r, err
	}
	cfg := audit.Config{Dir: filepath.Join(work, "audit"), App: "bench"}
	if files == nil {
		return r, r.run(cfg, rate, span)
	}
	var off atomic.Pointer[filter.Off]
	set, err := filter.Open(filter.Config{Source: dir, App: "bench", Filtered: true, Every: time.Second, OnOff: func(o filter.Off) { off.Store(&o) }})
	if err != nil {
		return r, err
	}
	defer set.Close(context.Background())
	cfg.Filter = func(batch []audit.Candidate) {
		start := time.Now()
		set.Judge(batch)
		took := time.Since(start)
		r.longest = max(r.longest, took)
		if off.Load() == nil {
			r.untilOff += took
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var changing sync.WaitGroup
	defer changing.Wait()
	defer cancel()
	if change != nil {
		changing.Go(func() { change(ctx, dir, files) })
		r.changes = int64(len(files)) * int64(span/time.Second)
	}
	err = r.run(cfg, rate, span)
	r.off = off.Load()
	stats := set.Stats()
	r.judged = stats.Events.Judged
	// This is the time of the scripts in use. It does not include scripts that were replaced.
	for _, f := range stats.Filters {
		r.inFilters += f.Time
	}
	return r, err
}

// filterDir makes the directory "filters" in the directory work, and writes the filters into it.
func filterDir(work string, files []string) (dir string, err error) {
	dir = filepath.Join(work, "filters")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	for i, text := range files {
		write(dir, i, text)
	}
	return dir, nil
}

// run logs at a rate, and returns an error unless each event was written, discarded or counted as
// failed.
func (r *filterResult) run(cfg audit.Config, rate int, span time.Duration) error {
	l, err := audit.Open(cfg)
	if err != nil {
		return err
	}
	r.began = time.Now()
	used := cpu()
	produce(l, rate, 4, span)
	r.cpu = cpu() - used
	if err := l.Close(context.Background()); err != nil {
		return err
	}
	s := l.Stats()
	r.discarded, r.dropped = s.Discarded, s.Dropped
	if s.Written+s.Failed+s.Discarded != s.Accepted {
		return fmt.Errorf("events are missing: %+v", s)
	}
	return nil
}
