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

// The work is in the first caller's trace. All callers stay in their own.
func TestSingleflightWorksInTheFirstCallersTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var group singleflight.Group
		var works, callers tally
		var shared atomic.Int64
		all := manyRequests()
		for n := range times { // each time another request is the first
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
					assert.Equal(t, first, v, "what Do returned: the ID that load has seen")
					if ok {
						shared.Add(1)
					}
					callers.look(ctx, r.id)
				})
				if i == 0 {
					synctest.Wait() // it works, the others join it
				}
			}
			synctest.Wait()
			close(release)
			calling.Wait()
		}
		assert.Equal(t, counts{Ran: times}, works.counts(), "works")
		assert.Equal(t, counts{Ran: total}, callers.counts(), "callers")
		assert.EqualValues(t, total, shared.Load(), "callers that shared their result")
	})
}

// Detach is needed: under the first caller's own context, all others fail when the first goes
// away.
func TestSingleflightOutlivesTheFirstCaller(t *testing.T) {
	tests := []struct {
		name  string
		under func(ctx context.Context) context.Context
		want  error
	}{
		{"detached", trace.Detach, nil},
		{"control, the first caller's context", func(ctx context.Context) context.Context { return ctx }, context.Canceled},
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
				calling.Go(func() { assert.Equal(t, test.want, ask(second.ctx), "what the second caller got") })
				synctest.Wait()
				first.end()
				close(release)
				calling.Wait()
			})
		})
	}
}
