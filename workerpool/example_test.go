package workerpool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"sync"
	"time"

	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"golang.org/x/sync/errgroup"
)

// requestContext returns a context like a handler's, in the trace 463ac35c9f6413ad.
func requestContext() context.Context {
	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312")
	return trace.NewContext(context.Background(), b)
}

// shutDown ends a pool as main should. The context is a new one with a timeout, since main's
// context may have ended by then. The error contains the number of tasks that were not run.
func shutDown(pool *workerpool.Pool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := pool.Shutdown(ctx); err != nil {
		log.Print(err)
	}
}

func ExampleGo() {
	ctx, cancel := context.WithCancel(requestContext())
	done := make(chan struct{})

	workerpool.Go(ctx, func(ctx context.Context) {
		defer close(done)
		<-time.After(time.Millisecond) // by now, the response has been sent
		fmt.Println(trace.ID(ctx), ctx.Err())
	})
	cancel() // the handler has returned

	<-done
	// Output: 463ac35c9f6413ad <nil>
}

// A bare go statement is wrong with any context. With the request's context, the work is canceled
// when the handler returns. With a new context, the trace is lost.
func ExampleGo_incorrect() {
	ctx, cancel := context.WithCancel(requestContext())
	returned := make(chan struct{})
	var tasks sync.WaitGroup

	tasks.Go(func() { // as go func() { … }() in a handler
		<-returned
		fmt.Println("with the request's context:", trace.ID(ctx), ctx.Err())
	})
	cancel() // the handler has returned
	close(returned)
	tasks.Wait()

	tasks.Go(func() {
		ctx := context.Background()
		fmt.Printf("with a new context: %q %v\n", trace.ID(ctx), ctx.Err())
	})
	tasks.Wait()
	// Output:
	// with the request's context: 463ac35c9f6413ad context canceled
	// with a new context: "" <nil>
}

func ExampleWrap() {
	ctx := requestContext()
	done := make(chan struct{})

	time.AfterFunc(time.Millisecond, workerpool.Wrap(ctx, func(ctx context.Context) {
		defer close(done)
		fmt.Println(trace.ID(ctx))
	}))

	<-done
	// Output: 463ac35c9f6413ad
}

func ExampleWrapErr() {
	group, ctx := errgroup.WithContext(requestContext())
	group.Go(workerpool.WrapErr(ctx, func(ctx context.Context) error {
		fmt.Println(trace.ID(ctx))
		return nil
	}))
	fmt.Println(group.Wait())
	// Output:
	// 463ac35c9f6413ad
	// <nil>
}

func ExampleEvery() {
	ctx, stop := context.WithCancel(requestContext())
	scheduler := trace.ID(ctx)

	runs := 0
	workerpool.Every(ctx, time.Millisecond, func(ctx context.Context) {
		runs++
		fmt.Println("run", runs, "in a trace of its own:", trace.ID(ctx) != scheduler)
		if runs == 2 {
			stop()
		}
	})
	// Output:
	// run 1 in a trace of its own: true
	// run 2 in a trace of its own: true
}

func ExampleJob() {
	ctx := requestContext()
	scheduler := trace.ID(ctx)

	// cron.AddFunc accepts a func().
	job := workerpool.Job(ctx, func(ctx context.Context) {
		fmt.Println("in a trace of its own:", trace.ID(ctx) != scheduler)
	})

	job()
	// Output: in a trace of its own: true
}

func ExampleLogged() {
	var out bytes.Buffer
	ctx := logctx.New(&out).WithContext(requestContext()) // as main does, or httpmw

	// In a service: go workerpool.Every(workerpool.Logged(ctx, "refresh"), time.Minute, refresh)
	job := workerpool.Job(workerpool.Logged(ctx, "refresh"), func(context.Context) {})
	job()

	var line struct{ Message, Level, Job, Scheduled_By string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		fmt.Println(err)
	}
	fmt.Println(line.Level, line.Message, line.Job, line.Scheduled_By)
	// Output: info job refresh 463ac35c9f6413ad
}

func ExampleNewGroup() {
	group := workerpool.NewGroup(requestContext())
	sizes := make([]int, 3)
	for i := range sizes {
		group.Go(func(ctx context.Context) error {
			sizes[i] = len(trace.ID(ctx)) * i
			return ctx.Err()
		})
	}
	fmt.Println(group.Wait(), sizes)
	// Output: <nil> [0 16 32]
}

func ExampleGroup_SetLimit() {
	group := workerpool.NewGroup(requestContext())
	group.SetLimit(1)
	for i := range 3 {
		group.Go(func(ctx context.Context) error {
			fmt.Println(i, trace.ID(ctx))
			return nil
		})
	}
	_ = group.Wait()
	// Output:
	// 0 463ac35c9f6413ad
	// 1 463ac35c9f6413ad
	// 2 463ac35c9f6413ad
}

func ExampleNew() {
	pool := workerpool.New(workerpool.Config{
		Workers: 1,
		OnPanic: func(ctx context.Context, value any, stack []byte) {
			fmt.Println(trace.ID(ctx), "panic:", value)
		},
	})
	_ = pool.Go(requestContext(), func(context.Context) { panic("no such image") })
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	fmt.Println(pool.Shutdown(ctx))
	// Output:
	// 463ac35c9f6413ad panic: no such image
	// <nil>
}

func ExamplePool_Go() {
	pool := workerpool.New(workerpool.Config{})
	err := pool.Go(requestContext(), func(ctx context.Context) {
		fmt.Println(trace.ID(ctx))
	})
	if err != nil {
		fmt.Println(err)
	}
	shutDown(pool)
	// Output: 463ac35c9f6413ad
}

func ExamplePool_TryGo() {
	ctx := requestContext()
	pool := workerpool.New(workerpool.Config{Workers: 1, Queue: 1})
	started, release := make(chan struct{}), make(chan struct{})
	_ = pool.Go(ctx, func(context.Context) {
		close(started)
		<-release
	})
	<-started

	fmt.Println("in the queue:", pool.TryGo(ctx, func(context.Context) {}))
	fmt.Println("one too many:", pool.TryGo(ctx, func(context.Context) {}))

	close(release)
	shutDown(pool)
	// Output:
	// in the queue: true
	// one too many: false
}

func ExamplePool_Shutdown() {
	pool := workerpool.New(workerpool.Config{Workers: 1})
	started := make(chan struct{})
	_ = pool.Go(requestContext(), func(ctx context.Context) {
		close(started)
		<-ctx.Done() // as any call with ctx would do
	})
	<-started
	_ = pool.Go(requestContext(), func(context.Context) {})

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	fmt.Println(pool.Shutdown(ctx))
	fmt.Println(pool.Go(ctx, func(context.Context) {}))
	// Output:
	// workerpool: shutdown: context deadline exceeded; 1 tasks not run
	// workerpool: pool is shut down
}

func ExampleSubmit() {
	ctx := requestContext()
	pool := workerpool.New(workerpool.Config{})

	size := workerpool.Submit(ctx, pool, func(ctx context.Context) (int, error) {
		return len(trace.ID(ctx)), nil
	})
	fmt.Println(size.Wait(ctx))

	shutDown(pool)
	// Output: 16 <nil>
}

func ExampleFuture_Wait() {
	ctx := requestContext()
	pool := workerpool.New(workerpool.Config{})
	shutDown(pool)

	size := workerpool.Submit(ctx, pool, func(ctx context.Context) (int, error) {
		return len(trace.ID(ctx)), nil
	})
	_, err := size.Wait(ctx)
	fmt.Println(err)
	// Output: workerpool: pool is shut down
}
