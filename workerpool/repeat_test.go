package workerpool_test

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/logbind"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const second = time.Second

func TestEveryTiming(t *testing.T) {
	tests := []struct {
		name    string
		every   time.Duration
		takes   time.Duration // duration of each run
		end     time.Duration // when ctx ends
		want    []time.Duration
		returns time.Duration
	}{
		{name: "the first run begins after one interval", every: 10 * second, end: 35 * second,
			want: []time.Duration{10 * second, 20 * second, 30 * second}, returns: 35 * second},
		{name: "ctx ends before the first run", every: 10 * second, end: 9 * second,
			want: nil, returns: 9 * second},
		{name: "returns after the last run", every: 10 * second, takes: 8 * second, end: 22 * second,
			want: []time.Duration{10 * second, 20 * second}, returns: 28 * second},
		{name: "a slow run delays the next and drops ticks", every: 10 * second, takes: 25 * second, end: 100 * second,
			want: []time.Duration{10 * second, 35 * second, 60 * second, 85 * second}, returns: 110 * second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			// The select in Every chooses at random if ctx has ended and a tick waits.
			for range 20 {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(request(), test.end)
					defer cancel()
					begun := time.Now()
					var got []time.Duration
					running := false
					workerpool.Every(ctx, test.every, func(context.Context) {
						assert.False(t, running, "a run began before the previous run returned")
						running = true
						got = append(got, time.Since(begun))
						time.Sleep(test.takes)
						running = false
					})
					assert.Equal(t, test.want, got, "times at which Every(%v) began its runs", test.every)
					assert.Equal(t, test.returns, time.Since(begun), "time until Every(%v) returned", test.every)
				})
			}
		})
	}
}

func TestEveryOnAnEndedContext(t *testing.T) {
	workerpool.Every(ended(), time.Nanosecond, func(context.Context) {
		t.Error("Every on an ended context ran the function")
	})
}

// The context of each run ends when the context of Every ends.
func TestEveryRunEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(request(), 15*second)
		defer cancel()
		begun := time.Now()
		var err error
		workerpool.Every(ctx, 10*second, func(ctx context.Context) {
			assert.Equal(t, "ann", ctx.Value(key("user")), "ctx.Value in a run")
			<-ctx.Done()
			err = ctx.Err()
		})
		assert.Equal(t, context.DeadlineExceeded, err, "ctx.Err() in a run when Every's context ends")
		assert.Equal(t, 15*second, time.Since(begun), "time until Every returned")
	})
}

func TestJobOutlivesTheScheduler(t *testing.T) {
	ctx, cancel := context.WithTimeout(request(), time.Hour)
	job := workerpool.Job(ctx, func(ctx context.Context) {
		_, set := ctx.Deadline()
		assert.NoError(t, ctx.Err(), "ctx.Err() in a Job whose scheduler has ended")
		assert.False(t, set, "ctx.Deadline() in a Job is set")
		assert.Equal(t, "ann", ctx.Value(key("user")), "ctx.Value in a Job")
	})
	cancel()
	job()
}

func TestEachRunIsATraceOfItsOwn(t *testing.T) {
	ids := map[string]bool{id128: true}
	fn := func(ctx context.Context) { ids[trace.ID(ctx)] = true }

	job := workerpool.Job(request(), fn)
	job()
	job()
	assert.Len(t, ids, 3, "IDs of the scheduler and two runs of a Job")

	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(request(), 25*second)
		defer cancel()
		workerpool.Every(ctx, 10*second, fn)
	})
	assert.Len(t, ids, 5, "IDs of the scheduler, two runs of a Job and two runs of Every")
	assert.NotContains(t, ids, "", "IDs")
}

// In a run, a logger that was bound to the scheduler's trace writes the ID of the run. If a debug
// trace has lowered the logger's level, the runs have the old level again.
func TestRepeatedRunsRebindTheLogger(t *testing.T) {
	tests := []struct {
		name string
		run  func(ctx context.Context, fn func(ctx context.Context))
	}{
		{name: "Every", run: func(ctx context.Context, fn func(ctx context.Context)) {
			ctx, cancel := context.WithTimeout(ctx, 25*second)
			defer cancel()
			workerpool.Every(ctx, 10*second, fn)
		}},
		{name: "Job", run: func(ctx context.Context, fn func(ctx context.Context)) {
			job := workerpool.Job(ctx, fn)
			job()
			job()
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				ctx := logbind.BindDebug(request(), logger(&out, zerolog.InfoLevel))
				zerolog.Ctx(ctx).Debug().Msg("scheduler")
				require.Contains(t, out.String(), id128, "debug line of the scheduler")
				out.Reset()

				var want, got []string
				test.run(ctx, func(ctx context.Context) {
					zerolog.Ctx(ctx).Debug().Msg("too much")
					zerolog.Ctx(ctx).Info().Msg("run")
					want = append(want, trace.ID(ctx)+" "+trace.SpanID(ctx)+" run")
				})
				for text := range bytes.Lines(out.Bytes()) {
					l, err := line.Parse(text)
					require.NoError(t, err, "%s", text)
					got = append(got, l.TraceID+" "+l.SpanID+" "+l.Message)
				}
				out.Reset()
				require.Len(t, want, 2, "runs")
				assert.Equal(t, want, got, "lines of the runs")

				zerolog.Ctx(ctx).Debug().Msg("scheduler")
				assert.Contains(t, out.String(), id128, "line of the scheduler's own logger, which is unchanged")
			})
		})
	}
}
