package main

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// The package ants starts a default pool in its init, before TestMain.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// carried carries contexts into pools as users of clew do.
var carried = carrier{workerpool.Wrap, workerpool.WrapErr}

// A task in another library's pool has the trace ID of the request that submitted it.
func TestTortureThirdPartyPoolsRace(t *testing.T) {
	const requests = 1000
	var hops []pool
	for _, p := range pools {
		if !p.untested {
			hops = append(hops, p)
		}
	}
	times := torture.Size(10_000, 1_000_000) / requests / len(hops)
	var names []string
	var ran, wrong, missing atomic.Int64 // in all pools
	for i, pool := range hops {
		names = append(names, pool.name)
		t.Run(pool.name, func(t *testing.T) {
			p, err := pool.start(4, carried)
			require.NoError(t, err, "start of the pool")
			var submitting, tasks sync.WaitGroup
			tasks.Add(requests * times)
			for r := range requests {
				submitting.Go(func() {
					id := testkit.NumberedID(r)
					b := testkit.B3(id + "-" + testkit.SpanID)
					ctx, span := trace.Start(trace.NewContext(context.Background(), b), "request")
					defer span.End()
					for range times {
						assert.NoError(t, p.submit(ctx, func(ctx context.Context) {
							defer tasks.Done()
							ran.Add(1)
							switch trace.ID(ctx) {
							case id:
							case "":
								missing.Add(1)
							default:
								wrong.Add(1)
							}
						}), "submit a task")
					}
				})
			}
			submitting.Wait()
			tasks.Wait()
			assert.NoError(t, p.end(), "end of the pool")
			assert.EqualValues(t, (i+1)*requests*times, ran.Load(), "number of tasks that ran in this pool and the pools before it")
			assert.Zero(t, wrong.Load(), "number of tasks with a wrong ID")
			assert.Zero(t, missing.Load(), "number of tasks without an ID")
		})
	}
	torture.Row(t, "IDs through third-party pools", "%s: %d tasks of %d requests, %d with a wrong ID, %d without one",
		strings.Join(names, ", "), ran.Load(), requests, wrong.Load(), missing.Load())
}
