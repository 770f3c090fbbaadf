package workerpool_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
)

func TestGroupFirstErrorCancelsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := errors.New("first"), errors.New("second")
		begun := time.Now()
		g := workerpool.NewGroup(request())
		var cause error
		g.Go(func(ctx context.Context) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			time.Sleep(time.Second)
			return second
		})
		g.Go(func(context.Context) error {
			time.Sleep(time.Second)
			return first
		})
		assert.Equal(t, first, g.Wait(), "Wait()")
		assert.Equal(t, first, cause, "context.Cause in the other task")
		assert.Equal(t, 2*time.Second, time.Since(begun), "time until Wait returned, which waits for the canceled task too")
	})
}

func TestGroupWithoutErrors(t *testing.T) {
	g := workerpool.NewGroup(request())
	var tasks context.Context
	g.Go(func(ctx context.Context) error { tasks = ctx; return ctx.Err() })
	assert.NoError(t, g.Wait(), "Wait()")
	assert.Equal(t, context.Canceled, tasks.Err(), "Err of the tasks' context after Wait")
}

func TestGroupLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, tasks = 3, 10
		g := workerpool.NewGroup(request())
		g.SetLimit(limit)
		running := make(chan struct{}, tasks)
		begun := time.Now()
		for range tasks {
			g.Go(func(context.Context) error {
				running <- struct{}{}
				assert.LessOrEqual(t, len(running), limit, "tasks that run at once, after SetLimit(%d)", limit)
				time.Sleep(time.Second)
				<-running
				return nil
			})
		}
		assert.NoError(t, g.Wait(), "Wait()")
		assert.Equal(t, 4*time.Second, time.Since(begun), "time of %d tasks of a second, %d at once", tasks, limit)
	})
}

func TestGroupLimitWhileTasksRun(t *testing.T) {
	g := workerpool.NewGroup(request())
	g.SetLimit(1)
	release := make(chan struct{})
	g.Go(func(context.Context) error { <-release; return nil })
	assert.Panics(t, func() { g.SetLimit(2) }, "SetLimit while a task runs")
	close(release)
	assert.NoError(t, g.Wait(), "Wait()")
}
