package workerpool_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// found returns the ID that a line without a context would have on this goroutine.
func found() string { return trace.ID(trace.Implicit(context.Background())) }

// Inside trace.Do, a task has the trace of its context, wherever the task runs. If that context
// has no trace, the task has none: workerpool never looks for the trace of a goroutine.
func TestImplicit(t *testing.T) {
	pool := workerpool.New(workerpool.Config{Workers: 2})
	defer func() { require.NoError(t, pool.Shutdown(context.Background())) }()
	own, own2 := trace.Start(request(), "own")
	defer own2.End()
	other, span := trace.Start(context.Background(), "other")
	defer span.End()
	require.NotEqual(t, trace.ID(own), trace.ID(other))
	for _, form := range []struct {
		name string
		run  func(ctx context.Context, f func(ctx context.Context))
	}{
		{"Go", func(ctx context.Context, f func(ctx context.Context)) {
			done := make(chan struct{})
			workerpool.Go(ctx, func(ctx context.Context) { defer close(done); f(ctx) })
			<-done
		}},
		{"Wrap, in the same goroutine", func(ctx context.Context, f func(ctx context.Context)) { workerpool.Wrap(ctx, f)() }},
		{"WrapErr, in the same goroutine", func(ctx context.Context, f func(ctx context.Context)) {
			_ = workerpool.WrapErr(ctx, func(ctx context.Context) error { f(ctx); return nil })()
		}},
		{"Pool.Go", func(ctx context.Context, f func(ctx context.Context)) {
			done := make(chan struct{})
			_ = pool.Go(ctx, func(ctx context.Context) { defer close(done); f(ctx) })
			<-done
		}},
		{"Submit", func(ctx context.Context, f func(ctx context.Context)) {
			_, _ = workerpool.Submit(ctx, pool, func(ctx context.Context) (int, error) { f(ctx); return 0, nil }).Wait(ctx)
		}},
		{"Group", func(ctx context.Context, f func(ctx context.Context)) {
			g := workerpool.NewGroup(ctx)
			g.Go(func(ctx context.Context) error { f(ctx); return nil })
			_ = g.Wait()
		}},
	} {
		t.Run(form.name, func(t *testing.T) {
			trace.Do(own, func(context.Context) {
				for _, tt := range []struct {
					name string
					ctx  context.Context
					want string
				}{{"the goroutine's trace", own, trace.ID(own)}, {"another trace", other, trace.ID(other)}, {"no trace", context.Background(), ""}} {
					form.run(tt.ctx, func(ctx context.Context) {
						assert.Equal(t, tt.want, trace.ID(ctx), "%s: ID of the task's context", tt.name)
						assert.Equal(t, tt.want, found(), "%s: ID without a context", tt.name)
					})
				}
				assert.Equal(t, trace.ID(own), found(), "ID without a context, after the task")
			})
		})
	}
}

// A refresh loop that a request starts must not carry the request's ID for ever.
func TestImplicitLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(context.Background())
		var once sync.Once
		var runs sync.WaitGroup
		runs.Add(2)
		var ids, explicit []string
		ended := make(chan struct{})
		job := func(ctx context.Context) {
			if len(ids) < 2 {
				ids, explicit = append(ids, found()), append(explicit, trace.ID(ctx))
				runs.Done()
			}
		}
		own, span := trace.Start(request(), "request")
		defer span.End()
		trace.Do(own, func(context.Context) {
			once.Do(func() {
				workerpool.Go(ctx, func(context.Context) {
					defer close(ended)
					assert.Empty(t, found(), "ID in the goroutine of the loop")
					workerpool.Every(ctx, time.Millisecond, job)
				})
			})
			runs.Wait()
		})
		stop()
		<-ended
		assert.Equal(t, explicit, ids, "IDs in the runs, each of which is its own trace")
		assert.NotContains(t, ids, trace.ID(own), "IDs of the runs, without the request's ID")
		assert.NotEqual(t, ids[0], ids[1], "IDs of two runs")

		trace.Do(own, func(context.Context) {
			workerpool.Job(context.Background(), func(ctx context.Context) {
				assert.Equal(t, trace.ID(ctx), found(), "ID in a job that runs in the request's goroutine")
				assert.NotEqual(t, trace.ID(own), found(), "ID in a job that runs in the request's goroutine")
			})()
		})
	})
}
