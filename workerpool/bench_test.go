package workerpool_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"example.com/clew/workerpool"
	"golang.org/x/sync/errgroup"
)

// Each benchmark is next to its twin, which does the same work with the language alone, or with
// errgroup.

var poolSizes = []int{2, 64}

func BenchmarkPoolGo(b *testing.B) {
	for _, workers := range poolSizes {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			ctx, fn := request(), nothing
			p := workerpool.New(workerpool.Config{Workers: workers})
			b.ReportAllocs()
			for b.Loop() {
				_ = p.Go(ctx, fn)
			}
			_ = p.Shutdown(ctx)
		})
	}
}

func BenchmarkPoolGoParallel(b *testing.B) {
	for _, workers := range poolSizes {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			ctx, fn := request(), nothing
			p := workerpool.New(workerpool.Config{Workers: workers})
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_ = p.Go(ctx, fn)
				}
			})
			_ = p.Shutdown(ctx)
		})
	}
}

// job is an element of the twin's channel.
type job struct {
	ctx context.Context
	fn  func(ctx context.Context)
}

// channelPool is the twin of a pool: a channel, workers, and a function that ends them.
func channelPool(workers int) (jobs chan job, end func()) {
	jobs = make(chan job, 1024)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for j := range jobs {
				j.fn(j.ctx)
			}
		})
	}
	return jobs, func() { close(jobs); wg.Wait() }
}

func BenchmarkChannel(b *testing.B) {
	for _, workers := range poolSizes {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			ctx, fn := request(), nothing
			jobs, end := channelPool(workers)
			b.ReportAllocs()
			for b.Loop() {
				jobs <- job{ctx, fn}
			}
			end()
		})
	}
}

func BenchmarkChannelParallel(b *testing.B) {
	for _, workers := range poolSizes {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			ctx, fn := request(), nothing
			jobs, end := channelPool(workers)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					jobs <- job{ctx, fn}
				}
			})
			end()
		})
	}
}

func BenchmarkGo(b *testing.B) {
	ctx := request()
	running := make(chan struct{}, 64)
	fn := func(context.Context) { <-running }
	wait := func() {
		for range cap(running) {
			running <- struct{}{}
		}
		for range cap(running) {
			<-running
		}
	}
	b.Run("workerpool.Go", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			running <- struct{}{}
			workerpool.Go(ctx, fn)
		}
		wait()
	})
	b.Run("go", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			running <- struct{}{}
			go fn(ctx)
		}
		wait()
	})
}

func BenchmarkGroup(b *testing.B) {
	const tasks = 4
	ctx := request()
	b.Run("Group", func(b *testing.B) {
		fn := func(context.Context) error { return nil }
		b.ReportAllocs()
		for b.Loop() {
			g := workerpool.NewGroup(ctx)
			for range tasks {
				g.Go(fn)
			}
			_ = g.Wait()
		}
	})
	b.Run("errgroup", func(b *testing.B) {
		fn := func(context.Context) error { return nil }
		b.ReportAllocs()
		for b.Loop() {
			g, ctx := errgroup.WithContext(ctx)
			for range tasks {
				g.Go(func() error { return fn(ctx) })
			}
			_ = g.Wait()
		}
	})
}

// BenchmarkSubmit compares a Future with a channel that is made by hand.
func BenchmarkSubmit(b *testing.B) {
	ctx := request()
	b.Run("Submit", func(b *testing.B) {
		fn := func(context.Context) (int, error) { return 7, nil }
		p := workerpool.New(workerpool.Config{Workers: 2})
		b.ReportAllocs()
		for b.Loop() {
			_, _ = workerpool.Submit(ctx, p, fn).Wait(ctx)
		}
		_ = p.Shutdown(ctx)
	})
	b.Run("channel", func(b *testing.B) {
		jobs, end := channelPool(2)
		b.ReportAllocs()
		for b.Loop() {
			result := make(chan int, 1)
			jobs <- job{ctx, func(context.Context) { result <- 7 }}
			<-result
		}
		end()
	})
}
