package workerpool_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
)

var errStop = errors.New("the client went away")

// The package's one rule: work that somebody waits for ends with its caller, and all other work
// outlives its caller.
func TestLifetime(t *testing.T) {
	ends := []struct {
		name  string
		end   func(ctx context.Context) context.Context
		err   error
		cause error
	}{
		{name: "canceled", err: context.Canceled, cause: errStop, end: func(ctx context.Context) context.Context {
			ctx, cancel := context.WithCancelCause(ctx)
			cancel(errStop)
			return ctx
		}},
		{name: "deadline passed", err: context.DeadlineExceeded, cause: context.DeadlineExceeded, end: func(ctx context.Context) context.Context {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			_ = cancel // not called, since the deadline comes first
			time.Sleep(2 * time.Second)
			return ctx
		}},
	}
	for _, h := range hops() {
		for _, e := range ends {
			t.Run(h.name+", "+e.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					caller := e.end(request())
					ran := false
					h.run(caller, func(ctx context.Context) {
						ran = true
						wantErr, wantCause := e.err, e.cause
						wantDeadline, wantSet := caller.Deadline()
						if h.detached {
							wantErr, wantCause, wantDeadline, wantSet = nil, nil, time.Time{}, false
						}
						deadline, set := ctx.Deadline()
						assert.Equal(t, wantErr, ctx.Err(), "ctx.Err()")
						assert.Equal(t, wantCause, context.Cause(ctx), "context.Cause(ctx)")
						assert.Equal(t, wantSet, set, "ctx.Deadline() is set")
						assert.Equal(t, wantDeadline, deadline, "ctx.Deadline()")
						assert.Equal(t, "ann", ctx.Value(key("user")), "ctx.Value of the request")
						assert.Equal(t, id128, trace.ID(ctx), "trace.ID(ctx)")
						assert.Equal(t, spanID, trace.SpanID(ctx), "trace.SpanID(ctx)")
					})
					assert.True(t, ran, "the task ran")
				})
			})
		}
	}
}

// Go must not wait for the task.
func TestGoReturnsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		done := make(chan struct{})
		workerpool.Go(request(), func(context.Context) { defer close(done); time.Sleep(time.Hour) })
		assert.Equal(t, time.Duration(0), time.Since(begun), "time that Go took, with a task that takes an hour")
		<-done
	})
}

func TestWrapMayBeCalledManyTimes(t *testing.T) {
	var mu sync.Mutex
	ids := map[string]int{}
	f := workerpool.Wrap(request(), func(ctx context.Context) {
		mu.Lock()
		defer mu.Unlock()
		ids[trace.ID(ctx)]++
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(f)
	}
	wg.Wait()
	assert.Equal(t, map[string]int{id128: 8}, ids, "IDs seen in 8 calls of the function from Wrap")
}

func TestWrapErrReturnsTheError(t *testing.T) {
	for _, want := range []error{nil, errStop} {
		got := workerpool.WrapErr(request(), func(context.Context) error { return want })()
		assert.Equal(t, want, got, "the function that WrapErr returned")
	}
}

func TestMistakes(t *testing.T) {
	ctx := context.Background()
	none := context.Context(nil)
	fn := func(context.Context) {}
	fnErr := func(context.Context) error { return nil }
	fnValue := func(context.Context) (int, error) { return 0, nil }
	p := workerpool.New(workerpool.Config{Workers: 1})
	defer func() { assert.NoError(t, p.Shutdown(ctx), "Shutdown after the mistakes") }()

	tests := []struct {
		name string
		call func()
		want string
	}{
		{"Go, context", func() { workerpool.Go(none, fn) }, "workerpool: Go: nil context"},
		{"Go, function", func() { workerpool.Go(ctx, nil) }, "workerpool: Go: nil function"},
		{"Wrap, context", func() { workerpool.Wrap(none, fn) }, "workerpool: Wrap: nil context"},
		{"Wrap, function", func() { workerpool.Wrap(ctx, nil) }, "workerpool: Wrap: nil function"},
		{"WrapErr, context", func() { workerpool.WrapErr(none, fnErr) }, "workerpool: WrapErr: nil context"},
		{"WrapErr, function", func() { workerpool.WrapErr(ctx, nil) }, "workerpool: WrapErr: nil function"},
		{"Every, context", func() { workerpool.Every(none, 1, fn) }, "workerpool: Every: nil context"},
		{"Every, function", func() { workerpool.Every(ctx, 1, nil) }, "workerpool: Every: nil function"},
		{"Every, zero", func() { workerpool.Every(ctx, 0, fn) }, "workerpool: Every: interval 0s is not positive"},
		{"Every, negative", func() { workerpool.Every(ctx, -time.Second, fn) }, "workerpool: Every: interval -1s is not positive"},
		{"Job, context", func() { workerpool.Job(none, fn) }, "workerpool: Job: nil context"},
		{"Job, function", func() { workerpool.Job(ctx, nil) }, "workerpool: Job: nil function"},
		{"Logged, context", func() { workerpool.Logged(none, "refresh") }, "workerpool: Logged: nil context"},
		{"NewGroup, context", func() { workerpool.NewGroup(none) }, "workerpool: NewGroup: nil context"},
		{"Group.Go, function", func() { workerpool.NewGroup(ctx).Go(nil) }, "workerpool: Group.Go: nil function"},
		{"Group.Go, zero Group", func() { new(workerpool.Group).Go(fnErr) }, "workerpool: Group.Go: nil or zero Group, make it with NewGroup"},
		{"Group.SetLimit, zero Group", func() { new(workerpool.Group).SetLimit(1) }, "workerpool: Group.SetLimit: nil or zero Group, make it with NewGroup"},
		{"Group.Wait, zero Group", func() { _ = new(workerpool.Group).Wait() }, "workerpool: Group.Wait: nil or zero Group, make it with NewGroup"},
		{"New, workers", func() { workerpool.New(workerpool.Config{Workers: -3}) }, "workerpool: New: Config.Workers is -3"},
		{"New, queue", func() { workerpool.New(workerpool.Config{Queue: -7}) }, "workerpool: New: Config.Queue is -7"},
		{"Pool.Go, context", func() { _ = p.Go(none, fn) }, "workerpool: Pool.Go: nil context"},
		{"Pool.Go, function", func() { _ = p.Go(ctx, nil) }, "workerpool: Pool.Go: nil function"},
		{"Pool.TryGo, context", func() { p.TryGo(none, fn) }, "workerpool: Pool.TryGo: nil context"},
		{"Pool.TryGo, function", func() { p.TryGo(ctx, nil) }, "workerpool: Pool.TryGo: nil function"},
		{"Pool.Shutdown, context", func() { _ = p.Shutdown(none) }, "workerpool: Pool.Shutdown: nil context"},
		{"Submit, context", func() { workerpool.Submit(none, p, fnValue) }, "workerpool: Submit: nil context"},
		{"Submit, function", func() { workerpool.Submit[int](ctx, p, nil) }, "workerpool: Submit: nil function"},
		{"Future.Wait, context", func() {
			f := workerpool.Submit(ctx, p, fnValue)
			_, _ = f.Wait(none)
		}, "workerpool: Future.Wait: nil context"},
		{"Pool.Go, nil Pool", func() { _ = (*workerpool.Pool)(nil).Go(ctx, fn) }, "workerpool: Pool.Go: nil or zero Pool, make it with New"},
		{"Pool.TryGo, zero Pool", func() { new(workerpool.Pool).TryGo(ctx, fn) }, "workerpool: Pool.TryGo: nil or zero Pool, make it with New"},
		{"Pool.Shutdown, zero Pool", func() { _ = new(workerpool.Pool).Shutdown(ctx) }, "workerpool: Pool.Shutdown: nil or zero Pool, make it with New"},
		{"Group.Wait, nil Group", func() { _ = (*workerpool.Group)(nil).Wait() }, "workerpool: Group.Wait: nil or zero Group, make it with NewGroup"},
		{"Submit, pool", func() { workerpool.Submit(ctx, nil, fnValue) }, "workerpool: Submit: nil or zero Pool, make it with New"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.PanicsWithValue(t, test.want, test.call, test.name)
		})
	}
}
