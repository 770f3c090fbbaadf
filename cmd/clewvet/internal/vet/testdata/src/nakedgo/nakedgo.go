package nakedgo

import (
	"context"
	"sync"
	"time"

	"example.com/clew/workerpool"
	"github.com/panjf2000/ants/v2"
	"github.com/robfig/cron/v3"
	"golang.org/x/sync/errgroup"
)

func starts() {
	go starts() // want `go statement: use workerpool.Go\(ctx, …\)`
	starts()
}

func wraps(ctx context.Context) {
	go workerpool.Wrap(ctx, func(ctx context.Context) {})()
	wrapped := workerpool.Wrap(ctx, func(ctx context.Context) {})
	go wrapped()
	workerpool.Go(ctx, func(ctx context.Context) {})
}

func executes(ctx context.Context, group *errgroup.Group, pool *ants.Pool, every *cron.Cron) {
	var all sync.WaitGroup
	all.Go(starts) // want `sync.Go drops the trace: use workerpool.Wrap\(ctx, …\)`
	all.Go(workerpool.Wrap(ctx, func(ctx context.Context) {}))
	group.Go(func() error { return nil }) // want `errgroup.Go drops the trace: use workerpool.WrapErr\(ctx, …\)`
	group.Go(workerpool.WrapErr(ctx, func(ctx context.Context) error { return nil }))
	time.AfterFunc(time.Second, starts) // want `time.AfterFunc drops the trace: use workerpool.Wrap\(ctx, …\)`
	context.AfterFunc(ctx, starts)      // want `context.AfterFunc drops the trace: use workerpool.Wrap\(ctx, …\)`
	pool.Submit(starts)                 // want `ants.Submit drops the trace: use workerpool.Wrap\(ctx, …\)`
	pool.Submit(workerpool.Wrap(ctx, func(ctx context.Context) {}))
	every.AddFunc("@daily", starts) // want `cron.AddFunc drops the trace: use workerpool.Job\(ctx, …\)`
	every.AddFunc("@daily", workerpool.Job(ctx, func(ctx context.Context) {}))
	new(sync.Once).Do(starts)
}
