package adapters_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/go-co-op/gocron/v2"
	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// scheduler is another library's way to run a function every minute.
type scheduler struct {
	name  string
	stops bool // the end of the scheduler ends the context of a run

	// start returns two functions: one that schedules, and one that stops the scheduler and waits
	// for its runs.
	start func() (schedule schedule, end func())
}

type schedule = func(ctx context.Context, fn func(ctx context.Context))

var schedulers = []scheduler{
	{"cron", false, func() (schedule, func()) {
		c := cron.New()
		c.Start()
		return func(ctx context.Context, fn func(ctx context.Context)) {
			_, err := c.AddFunc("@every 1m", workerpool.Job(ctx, fn))
			check(err)
		}, func() { <-c.Stop().Done() }
	}},
	{"gocron", false, func() (schedule, func()) {
		s := newGocron()
		every := gocron.DurationJob(time.Minute)
		return func(ctx context.Context, fn func(ctx context.Context)) {
			_, err := s.NewJob(every, gocron.NewTask(workerpool.Job(ctx, fn)))
			check(err)
		}, func() { check(s.Shutdown()) }
	}},
	{"gocron, under the job's context", true, func() (schedule, func()) {
		s := newGocron()
		every := gocron.DurationJob(time.Minute)
		return func(ctx context.Context, fn func(ctx context.Context)) {
			_, err := s.NewJob(every, gocron.NewTask(func(ctx context.Context) {
				ctx, span := trace.Root(ctx, "report")
				defer span.End()
				fn(ctx)
			}), gocron.WithContext(ctx))
			check(err)
		}, func() { check(s.Shutdown()) }
	}},
}

func newGocron() gocron.Scheduler {
	s, err := gocron.NewScheduler()
	check(err)
	s.Start()
	return s
}

// runs counts the runs of scheduled functions.
type runs struct {
	Ran    int // all runs
	New    int // runs in a new trace, which no request and no other run has
	Linked int // runs whose span has exactly one link, to the scheduling span
	// Logged counts the runs whose line has the run's ID, although the logger was bound to the
	// scheduling trace.
	Logged int
}

// Each run has its own trace, with a link to the trace in which it was scheduled.
func TestRunsAreLinkedTracesOfTheirOwn(t *testing.T) {
	control := scheduler{"control, a closure", false, func() (schedule, func()) {
		c := cron.New()
		c.Start()
		return func(ctx context.Context, fn func(ctx context.Context)) {
			_, err := c.AddFunc("@every 1m", func() { fn(ctx) })
			check(err)
		}, func() { <-c.Stop().Done() }
	}}
	for _, s := range slices.Concat(schedulers, []scheduler{control}) {
		want := runs{Ran: total, New: total, Linked: total, Logged: total}
		if s.name == control.name {
			want = runs{Ran: total}
		}
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sdk, recorder := testkit.SDK(nil)
				var out bytes.Buffer
				logger := logctx.New(zerolog.SyncWriter(&out))

				// seen maps the trace ID of a run to the span that scheduled it.
				seen := map[string]oteltrace.SpanContext{}
				scheduling := map[string]bool{}
				var got runs
				var mu sync.Mutex
				schedule, end := s.start()
				for _, r := range manyRequests() {
					ctx, span := trace.Starter{TracerProvider: sdk}.Start(r.ctx, trace.B3{}, "request")
					span.End()
					require.Equal(t, r.id, trace.ID(ctx), "trace.ID of a scheduling request")
					scheduling[r.id] = true
					ctx = logctx.From(logger.WithContext(ctx)).WithContext(ctx)
					schedule(ctx, func(ctx context.Context) {
						zerolog.Ctx(ctx).Info().Str("run", trace.ID(ctx)).Send()
						mu.Lock()
						defer mu.Unlock()
						got.Ran++
						if trace.ID(ctx) != "" && !scheduling[trace.ID(ctx)] {
							seen[trace.ID(ctx)] = span.SpanContext()
						}
					})
				}
				time.Sleep(times*time.Minute + time.Second)
				end()

				got.New = len(seen)
				for _, span := range recorder.Ended() {
					by, ok := seen[span.SpanContext().TraceID().String()]
					links := span.Links()
					if ok && len(links) == 1 && links[0].SpanContext.TraceID() == by.TraceID() && links[0].SpanContext.SpanID() == by.SpanID() {
						got.Linked++
					}
				}
				for text := range bytes.Lines(out.Bytes()) {
					l, err := line.Parse(text)
					require.NoError(t, err, "%s", text)
					run, _ := l.Field("run")
					if _, ok := seen[run.Value]; ok && l.TraceID == run.Value {
						got.Logged++
					}
				}
				assert.Equal(t, want, got, "counts of the runs")
			})
		})
	}
}

// Each run of a function that main schedules without a trace has a new trace, too.
func TestRunsScheduledWithoutTrace(t *testing.T) {
	for _, s := range schedulers {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ids := make(chan string, 2)
				schedule, end := s.start()
				schedule(context.Background(), func(ctx context.Context) { ids <- trace.ID(ctx) })
				time.Sleep(2*time.Minute + time.Second)
				end()
				require.Len(t, ids, 2, "number of runs")
				first, second := <-ids, <-ids
				assert.Len(t, first, 32, "the first run's trace.ID")
				assert.Len(t, second, 32, "the second run's trace.ID")
				assert.NotEqual(t, first, second, "the runs' trace.IDs")
			})
		})
	}
}

// A Job ends only when it returns, as its doc comment says. The context that gocron passes to a
// function ends with the scheduler, or with the context with which the function was scheduled.
func TestRunsEndWithTheContextTheyTake(t *testing.T) {
	for _, s := range schedulers {
		t.Run(s.name+", the scheduler ends", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ran atomic.Int64
				schedule, end := s.start()
				schedule(context.Background(), func(ctx context.Context) {
					ran.Add(1)
					assert.Equal(t, s.stops, ctx.Done() != nil, "the context of a run has a Done channel")
					if s.stops {
						<-ctx.Done()
						assert.Equal(t, context.Canceled, ctx.Err(), "ctx.Err() in a run")
					}
				})
				time.Sleep(time.Minute + time.Second)
				end()
				assert.EqualValues(t, 1, ran.Load(), "number of runs")
			})
		})
		t.Run(s.name+", the request ends", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ran atomic.Int64
				r := incoming(0)
				schedule, end := s.start()
				schedule(r.ctx, func(ctx context.Context) {
					ran.Add(1)
					assert.NoError(t, ctx.Err(), "ctx.Err() in a run")
				})
				time.Sleep(time.Minute + time.Second)
				r.end()
				time.Sleep(2 * time.Minute)
				end()
				want := 3
				if s.stops {
					want = 1
				}
				assert.EqualValues(t, want, ran.Load(), "number of runs: one before the end of the request, and for a Job two after it")
			})
		})
	}
}
