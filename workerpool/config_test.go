package workerpool_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"testing/synctest"

	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfigFaults(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  workerpool.Config
		want string
	}{
		{"Workers", workerpool.Config{Workers: -3}, "workerpool: New: Config.Workers is -3"},
		{"Queue", workerpool.Config{Queue: -1}, "workerpool: New: Config.Queue is -1"},
		{"Queue, one more than NoQueue", workerpool.Config{Queue: math.MinInt + 1}, fmt.Sprintf("workerpool: New: Config.Queue is %d", math.MinInt+1)},
		{"all", workerpool.Config{Workers: -3, Queue: -7}, "workerpool: New: Config.Workers is -3\nworkerpool: New: Config.Queue is -7"},
		{"Workers, with NoQueue", workerpool.Config{Workers: -3, Queue: workerpool.NoQueue}, "workerpool: New: Config.Workers is -3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.PanicsWithValue(t, tt.want, func() { workerpool.New(tt.cfg) }, "New")
		})
	}
}

// unqueued returns a Pool that has no queue, and one worker, which is idle.
func unqueued() *workerpool.Pool {
	p := workerpool.New(workerpool.Config{Workers: 1, Queue: workerpool.NoQueue})
	synctest.Wait()
	return p
}

func TestNoQueueTakesOnlyWhatAWorkerTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := unqueued()
		release := make(chan struct{})
		require.True(t, p.TryGo(request(), func(context.Context) { <-release }), "TryGo with an idle worker")
		assert.False(t, p.TryGo(request(), nothing), "TryGo with a busy worker")
		assert.Equal(t, context.Canceled, p.Go(ended(), nothing), "Go with a busy worker, and a context that has ended")

		ran, returned := make(chan struct{}), make(chan error, 1)
		go func() { returned <- p.Go(request(), func(context.Context) { close(ran) }) }()
		synctest.Wait()
		assert.Empty(t, returned, "Go returned although the worker is busy")
		close(release)
		assert.NoError(t, <-returned, "Go when the worker is idle")
		<-ran
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
	})
}

// A task of a pool without a queue can submit to that pool and wait.
func TestNoQueueInsideATask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := unqueued()
		var ran []string
		outer := workerpool.Submit(request(), p, func(ctx context.Context) (int, error) {
			assert.NoError(t, p.Go(ctx, func(context.Context) { ran = append(ran, "Go") }), "Go in a task")
			assert.False(t, p.TryGo(ctx, nothing), "TryGo in a task")
			inner := workerpool.Submit(ctx, p, func(context.Context) (int, error) {
				ran = append(ran, "Submit")
				return 7, nil
			})
			return inner.Wait(ctx)
		})
		got, err := outer.Wait(context.Background())
		assert.NoError(t, err, "Wait")
		assert.Equal(t, 7, got, "result of the inner task")
		assert.Equal(t, []string{"Go", "Submit"}, ran, "tasks that ran in place of the outer task")
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
	})
}

// A pool without a queue accepts a task only if a worker runs it at once. So NotRun is zero.
func TestNoQueueAtShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := unqueued()
		require.NoError(t, p.Go(request(), func(ctx context.Context) { <-ctx.Done() }), "Go")
		returned := make(chan error, 1)
		go func() { returned <- p.Go(request(), nothing) }()
		synctest.Wait()
		assert.Equal(t, &workerpool.ShutdownError{Err: context.Canceled}, p.Shutdown(ended()), "Shutdown with a context that has ended")
		assert.Equal(t, workerpool.ErrClosed, <-returned, "Go that waited for a worker")
	})
}
