package bench_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/clew/internal/torture"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/alitto/pond/v2"
	gammazero "github.com/gammazero/workerpool"
	"github.com/panjf2000/ants/v2"
	conc "github.com/sourcegraph/conc/pool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"
)

// ants starts a pool of its own when it is imported, before anything here runs.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// running is somebody else's pool at work.
type running struct {
	submit func(ctx context.Context, fn func(ctx context.Context)) error
	end    func() error // returns when all tasks have run
}

// waited is a pool whose tasks are waited for.
func waited(submit func(func() error), wait func() error) running {
	return running{func(ctx context.Context, fn func(ctx context.Context)) error {
		submit(workerpool.WrapErr(ctx, func(ctx context.Context) error { fn(ctx); return nil }))
		return nil
	}, wait}
}

const workers = 4

var pools = []struct {
	name  string
	start func() (running, error)
}{
	{"ants", func() (running, error) {
		p, err := ants.NewPool(workers)
		return running{
			func(ctx context.Context, fn func(ctx context.Context)) error {
				return p.Submit(workerpool.Wrap(ctx, fn))
			},
			func() error { return p.ReleaseContext(context.Background()) },
		}, err
	}},
	{"pond", func() (running, error) {
		p := pond.NewPool(workers)
		return running{
			func(ctx context.Context, fn func(ctx context.Context)) error { return p.Go(workerpool.Wrap(ctx, fn)) },
			func() error { p.StopAndWait(); return nil },
		}, nil
	}},
	{"gammazero", func() (running, error) {
		p := gammazero.New(workers)
		return running{
			func(ctx context.Context, fn func(ctx context.Context)) error { return p.Do(workerpool.Wrap(ctx, fn)) },
			func() error { p.StopWait(); return nil },
		}, nil
	}},
	{"conc", func() (running, error) {
		p := conc.New().WithErrors().WithMaxGoroutines(workers)
		return waited(p.Go, p.Wait), nil
	}},
	{"errgroup", func() (running, error) {
		p := new(errgroup.Group)
		p.SetLimit(workers)
		return waited(p.Go, p.Wait), nil
	}},
}

// A task that somebody else's pool runs has the ID of the request that it was submitted for.
func TestTortureThirdPartyPoolsRace(t *testing.T) {
	const requests = 1000
	times := torture.Size(10_000, 1_000_000) / requests / len(pools)
	var names []string
	var ran, wrong, missing atomic.Int64 // over all pools
	for i, pool := range pools {
		names = append(names, pool.name)
		t.Run(pool.name, func(t *testing.T) {
			p, err := pool.start()
			require.NoError(t, err, "start")
			var submitting, tasks sync.WaitGroup
			tasks.Add(requests * times)
			for r := range requests {
				submitting.Go(func() {
					id := fmt.Sprintf([]string{"%016x", "%032x", "5759e988bd862e3f%016x"}[r%3], r+1)
					b, err := trace.Parse(id + "-a2fb4a1d1a96d312")
					if !assert.NoError(t, err, "Parse") {
						return
					}
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
						}), "submit")
					}
				})
			}
			submitting.Wait()
			tasks.Wait()
			assert.NoError(t, p.end(), "end")
			assert.EqualValues(t, (i+1)*requests*times, ran.Load(), "tasks that ran in this pool and those before")
			assert.Zero(t, wrong.Load(), "tasks with a wrong ID")
			assert.Zero(t, missing.Load(), "tasks without an ID")
		})
	}
	torture.Row(t, "IDs through third-party pools", "%s: %d tasks of %d requests: wrong %d, missing %d",
		strings.Join(names, ", "), ran.Load(), requests, wrong.Load(), missing.Load())
}
