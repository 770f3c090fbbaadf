package workerpool_test

import (
	"context"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/goroutine"
	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// If something wants labels, each task runs under the labels of its context. After the task, its
// goroutine has none of them.
func TestLabels(t *testing.T) {
	t.Setenv("GODEBUG", "tracebacklabels=1")
	const want = "route: /items"
	ctx := pprof.WithLabels(request(), pprof.Labels("route", "/items"))
	pool := workerpool.New(workerpool.Config{Workers: 1, OnPanic: func(context.Context, any, []byte) {}})
	defer func() { assert.NoError(t, pool.Shutdown(context.Background())) }()
	inWorker := func(ctx context.Context, end func()) string {
		seen := make(chan string, 1)
		require.NoError(t, pool.Go(ctx, func(context.Context) { seen <- goroutine.Labels(); end() }))
		return <-seen
	}
	assert.Empty(t, inWorker(ctx, func() {}), "labels in a task while nobody wants labels")

	defer goroutine.WantLabels()()
	for name, end := range map[string]func(){"returns": func() {}, "panics": func() { panic("sold out") }, "exits": runtime.Goexit} {
		assert.Equal(t, want, inWorker(ctx, end), "labels in a task that "+name)
		assert.Empty(t, inWorker(context.Background(), func() {}), "labels after a task that "+name)
	}

	synctest.Test(t, func(t *testing.T) { // to know when the worker is idle
		p := workerpool.New(workerpool.Config{Workers: 1})
		require.NoError(t, p.Go(ctx, func(context.Context) {}))
		synctest.Wait()
		all := make([]byte, 1<<20)
		assert.NotContains(t, string(all[:runtime.Stack(all, true)]), "/items")
		require.NoError(t, p.Shutdown(context.Background()))
	})

	seen, after := "", ""
	done := make(chan struct{})
	wrapped := workerpool.Wrap(ctx, func(context.Context) { seen = goroutine.Labels() })
	go func() { defer close(done); wrapped(); after = goroutine.Labels() }()
	<-done
	assert.Equal(t, want, seen, "labels in the function that Wrap returned")
	assert.Empty(t, after, "labels after that function")

	g := workerpool.NewGroup(ctx)
	g.Go(func(context.Context) error { seen = "group: " + goroutine.Labels(); return nil })
	require.NoError(t, g.Wait())
	assert.Equal(t, "group: "+want, seen)

	// Every runs in its caller's goroutine, and that goroutine keeps its labels.
	pprof.Do(context.Background(), pprof.Labels("loop", "sweep"), func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		workerpool.Every(ctx, time.Nanosecond, func(context.Context) { seen = goroutine.Labels(); cancel() })
		assert.Equal(t, "loop: sweep", seen, "labels in a run of Every")
		assert.Equal(t, "loop: sweep", goroutine.Labels(), "labels after Every")
	})
}

// A worker does not have the labels of the goroutine that made its pool.
func TestLabelsOfAPoolMadeInARequest(t *testing.T) {
	t.Setenv("GODEBUG", "tracebacklabels=1")
	defer goroutine.WantLabels()()
	synctest.Test(t, func(t *testing.T) {
		pprof.Do(context.Background(), pprof.Labels("route", "/items"), func(context.Context) {
			p := workerpool.New(workerpool.Config{Workers: 1})
			synctest.Wait()
			all := make([]byte, 1<<20)
			dump := string(all[:runtime.Stack(all, true)])
			for stack := range strings.SplitSeq(dump, "\n\n") {
				if strings.Contains(stack, "workerpool.(*Pool).work") {
					assert.NotContains(t, stack, "/items")
				}
			}
			assert.Contains(t, dump, "workerpool.(*Pool).work")
			require.NoError(t, p.Shutdown(context.Background()))
		})
	})
}
