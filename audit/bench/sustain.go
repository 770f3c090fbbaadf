package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"example.com/clew/audit"
)

// runSustain logs at a rate, and prints the cost. The goroutines that produce the events run on
// the same machine. So runSustain first measures them alone, with a nil Logger: a real service
// does not have their cost.
func runSustain(args []string) error {
	flags := flag.NewFlagSet("sustain", flag.ExitOnError)
	rate := flags.Int("rate", 500_000, "events a second")
	span := flags.Duration("for", time.Minute, "duration of the run")
	producers := flags.Int("producers", 4, "number of goroutines that log")
	flags.Parse(args)

	used := cpu()
	produce(nil, *rate, *producers, *span/6)
	alone := (cpu() - used) * 6

	dir, err := os.MkdirTemp("", "clew-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := audit.Open(audit.Config{Dir: dir, App: "bench"})
	if err != nil {
		return err
	}
	wall := time.Now()
	used = cpu()
	late := produce(l, *rate, *producers, *span)
	took, during := time.Since(wall), cpu()-used
	stats := l.Stats()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := l.Close(ctx); err != nil {
		return err
	}
	all := cpu() - used
	end := l.Stats()
	size, err := sizeOf(dir)
	if err != nil {
		return err
	}
	of := func(d time.Duration) float64 { return 100 * d.Seconds() / took.Seconds() / 2 }
	fmt.Printf("events/s       %.0f in %v, by %d producers, the longest gap in one of them %v\n", float64(stats.Accepted+stats.Dropped)/took.Seconds(), took.Round(time.Second), *producers, late)
	fmt.Printf("dropped        %d of %d\n", end.Dropped, end.Accepted+end.Dropped)
	fmt.Printf("of two cores   %.1f %%, of which the producers alone %.1f %%; %.1f %% including the packing at the end\n", of(during), of(alone), of(all))
	fmt.Printf("most memory    %.0f MB\n", float64(peak())/1e6)
	fmt.Printf("bytes an event %.2f\n", float64(size)/float64(end.Written))
	fmt.Printf("%+v\n", end)
	if end.Written+end.Failed != end.Accepted || end.Buffered != 0 {
		return errors.New("the accepted events are not the sum of those written and failed")
	}
	return nil
}

// produce logs events for the time span, at the given rate a second. Each producer logs the events
// that are due, and then sleeps for a millisecond. produce returns the longest time that a
// producer needed between two sleeps.
func produce(l *audit.Logger, rate, producers int, span time.Duration) time.Duration {
	var wait sync.WaitGroup
	var worst atomic.Int64
	for i := range producers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			f := newFeed(uint64(i), float64(rate))
			each := float64(rate) / float64(producers)
			start := time.Now()
			for done := 0; ; {
				since := time.Since(start)
				if since >= span {
					return
				}
				due := int(since.Seconds() * each)
				before := time.Now()
				for ; done < due; done++ {
					e := f.next()
					l.Log(e.ctx, e.Message, e.attrs...)
				}
				if took := int64(time.Since(before)); took > worst.Load() {
					worst.Store(took)
				}
				time.Sleep(time.Millisecond)
			}
		}()
	}
	wait.Wait()
	return time.Duration(worst.Load())
}
