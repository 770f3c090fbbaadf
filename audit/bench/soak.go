package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"example.com/clew/audit"
)

// runSoak logs at a modest rate for a long time, and prints figures such as memory and open files,
// which must not grow.
func runSoak(args []string) error {
	flags := flag.NewFlagSet("soak", flag.ExitOnError)
	rate := flags.Int("rate", 20_000, "events a second")
	span := flags.Duration("for", 10*time.Minute, "duration of the run")
	flags.Parse(args)

	dir, err := os.MkdirTemp("", "clew-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := audit.Open(audit.Config{Dir: dir, App: "bench"})
	if err != nil {
		return err
	}
	fmt.Println("| after | heap | resident | goroutines | open files | journal | dropped |")
	fmt.Println("|---|---|---|---|---|---|---|")
	start := time.Now()
	for time.Since(start) < *span {
		produce(l, *rate, 4, *span/10)
		runtime.GC()
		var heap runtime.MemStats
		runtime.ReadMemStats(&heap)
		s := l.Stats()
		fmt.Printf("| %v | %.1f MB | %.0f MB | %d | %d | %.1f MB | %d |\n", time.Since(start).Round(time.Second), float64(heap.HeapAlloc)/1e6,
			float64(resident())/1e6, runtime.NumGoroutine(), openFiles(), float64(s.JournalBytes)/1e6, s.Dropped)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := l.Close(ctx); err != nil {
		return err
	}
	fmt.Printf("%+v\n", l.Stats())
	return nil
}

func openFiles() int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(files)
}
