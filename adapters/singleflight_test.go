package adapters_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"golang.org/x/sync/singleflight"
)

// The work is in the first caller's trace. All callers stay in their own traces.
func TestSingleflightWorksInTheFirstCallersTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var group singleflight.Group
		var works, callers tally
		var shared atomic.Int64
		all := manyRequests()
		for n := range times { // in each round another request is the first
			key, first := all[n].id, all[n].id
			release := make(chan struct{})
			load := func(ctx context.Context) (any, error) {
				<-release
				works.look(ctx, first)
				return trace.ID(ctx), ctx.Err()
			}
			var calling sync.WaitGroup
			for i := range requests {
				r := all[(n+i)%requests]
				calling.Go(func() {
					ctx := r.ctx
					v, err, ok := group.Do(key, func() (any, error) { return load(trace.Detach(ctx)) })
					assert.NoError(t, err, "Do")
					assert.Equal(t, first, v, "result of Do: the trace ID in load")
					if ok {
						shared.Add(1)
					}
					callers.look(ctx, r.id)
				})
				if i == 0 {
					synctest.Wait() // the first caller runs load, and the others join it
				}
			}
			synctest.Wait()
			close(release)
			calling.Wait()
		}
		assert.Equal(t, counts{Ran: times}, works.counts(), "traces in load")
		assert.Equal(t, counts{Ran: total}, callers.counts(), "traces of the callers after Do")
		assert.EqualValues(t, total, shared.Load(), "number of callers that shared a result")
	})
}

// Detach is needed. With the first caller's own context, all other callers fail when the first one
// is canceled.
func TestSingleflightOutlivesTheFirstCaller(t *testing.T) {
	tests := []struct {
		name  string
		under func(ctx context.Context) context.Context
		want  error
	}{
		{"detached", trace.Detach, nil},
		{"control with the first caller's context", func(ctx context.Context) context.Context { return ctx }, context.Canceled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var group singleflight.Group
				release := make(chan struct{})
				var calling sync.WaitGroup
				ask := func(ctx context.Context) (err error) {
					_, err, _ = group.Do("key", func() (any, error) {
						<-release
						return nil, test.under(ctx).Err()
					})
					return err
				}
				first, second := incoming(0), incoming(1)
				calling.Go(func() { _ = ask(first.ctx) })
				synctest.Wait()
				calling.Go(func() { assert.Equal(t, test.want, ask(second.ctx), "error that the second caller gets") })
				synctest.Wait()
				first.end()
				close(release)
				calling.Wait()
			})
		})
	}
}
