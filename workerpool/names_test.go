package workerpool_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// names is a test of job names. The function run writes lines, and want has the names on these
// lines, in order.
type names struct {
	name string
	run  func(ctx context.Context)
	want []any
}

// checkNames runs the tests. It also checks that the span of each run has the name on the line.
func checkNames(t *testing.T, tests []names) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			var asked sampled
			sdk, spans := testkit.SDK(&asked)
			ctx, span := trace.Starter{TracerProvider: sdk}.Start(request(), trace.B3{}, "request")
			asked.names = nil
			test.run(logctx.New(&out).WithContext(ctx))
			span.End()
			var got []any
			for _, line := range timeless(t, &out) {
				got = append(got, line["job"])
				checkSpan(t, spans.Ended(), line)
				assert.Contains(t, asked.names, line["job"], "names that the sampler was asked about")
			}
			assert.Equal(t, test.want, got, "names on the lines")
		})
	}
}

// checkSpan finds the span of a line, which must have the line's name and trace.
func checkSpan(t *testing.T, spans []sdktrace.ReadOnlySpan, line testkit.Line) {
	t.Helper()
	for _, s := range spans {
		if s.SpanContext().SpanID().String() == line["span_id"] {
			assert.Equal(t, line["job"], s.Name(), "name of the span")
			assert.Equal(t, line["trace_id"], s.SpanContext().TraceID().String(), "trace of the span")
			return
		}
	}
	t.Errorf("no span of the line %v", line)
}

// sampled is a sampler that accepts all spans, and records their names.
type sampled struct{ names []string }

func (s *sampled) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	s.names = append(s.names, p.Name)
	return sdktrace.AlwaysSample().ShouldSample(p)
}

func (s *sampled) Description() string { return "all" }

func runJob(ctx context.Context, fn task) { workerpool.Job(ctx, fn)() }

// runEvery runs fn once.
func runEvery(ctx context.Context, fn task) {
	ctx, cancel := context.WithCancel(ctx)
	workerpool.Every(ctx, 1, func(ctx context.Context) { fn(ctx); cancel() })
}

func inPool(ctx context.Context, fn task) { pooled(ctx, workerpool.Config{Workers: 1}, fn) }

func inSubmit(ctx context.Context, fn task) {
	p := workerpool.New(workerpool.Config{Workers: 1})
	testkit.Must(workerpool.Submit(ctx, p, func(ctx context.Context) (int, error) { fn(ctx); return 0, nil }).Wait(ctx))
	if err := p.Shutdown(ctx); err != nil {
		panic(err)
	}
}

func withValue(ctx context.Context) context.Context {
	return context.WithValue(ctx, key("more"), "values")
}

func withSpan(ctx context.Context) context.Context {
	ctx, span := trace.Start(ctx, "step")
	span.End()
	return ctx
}

func withRoot(ctx context.Context) context.Context {
	ctx, span := trace.Root(ctx, "step")
	span.End()
	return ctx
}

var longName = strings.Repeat("ü", clip.Max)

func TestNameOnTheLine(t *testing.T) {
	checkNames(t, []names{
		{"none", func(ctx context.Context) { runJob(ctx, nothing); runEvery(ctx, nothing) }, nil},
		{"Job", func(ctx context.Context) { runJob(workerpool.Logged(ctx, "a"), nothing) }, []any{"a"}},
		{"Every", func(ctx context.Context) { runEvery(workerpool.Logged(ctx, "a"), nothing) }, []any{"a"}},
		{"one context for a Job and an Every", func(ctx context.Context) {
			ctx = workerpool.Logged(ctx, "a")
			runJob(ctx, nothing)
			runEvery(ctx, nothing)
		}, []any{"a", "a"}},
		{"empty, Job", func(ctx context.Context) { runJob(workerpool.Logged(ctx, ""), nothing) }, []any{"workerpool.Job"}},
		{"empty, Every", func(ctx context.Context) { runEvery(workerpool.Logged(ctx, ""), nothing) }, []any{"workerpool.Every"}},
		{"an empty name after another", func(ctx context.Context) { runJob(workerpool.Logged(workerpool.Logged(ctx, "a"), ""), nothing) }, []any{"workerpool.Job"}},
		{"two names", func(ctx context.Context) { runJob(workerpool.Logged(workerpool.Logged(ctx, "a"), "b"), nothing) }, []any{"b"}},
		{"two names with a value between them", func(ctx context.Context) {
			runJob(workerpool.Logged(withValue(workerpool.Logged(ctx, "a")), "b"), nothing)
		}, []any{"b"}},
		{"hostile", func(ctx context.Context) { runJob(workerpool.Logged(ctx, "a\"\n{\xff\x1b[31m"), nothing) }, []any{"a\"\n{\ufffd\x1b[31m"}},
		{"too long", func(ctx context.Context) { runJob(workerpool.Logged(ctx, longName), nothing) }, []any{clip.UTF8(longName)}},
	})
}

func TestNameThroughContextsAndTasks(t *testing.T) {
	checkNames(t, []names{
		{"a value added after the name", func(ctx context.Context) { runJob(withValue(workerpool.Logged(ctx, "a")), nothing) }, []any{"a"}},
		{"a span added after the name", func(ctx context.Context) { runJob(withSpan(workerpool.Logged(ctx, "a")), nothing) }, []any{"a"}},
		{"a root added after the name", func(ctx context.Context) { runJob(withRoot(workerpool.Logged(ctx, "a")), nothing) }, []any{"a"}},
		{"detached", func(ctx context.Context) { runJob(trace.Detach(workerpool.Logged(ctx, "a")), nothing) }, []any{"a"}},
		{"Only", func(ctx context.Context) {
			runJob(zerolog.Ctx(ctx).WithContext(trace.Only(workerpool.Logged(ctx, "a"))), nothing)
		}, nil},
		{"Wrap", func(ctx context.Context) { workerpool.Wrap(workerpool.Logged(ctx, "a"), nothing)() }, nil},
		{"Wrap, with a Job in it", func(ctx context.Context) {
			workerpool.Wrap(workerpool.Logged(ctx, "a"), func(ctx context.Context) { runJob(ctx, nothing) })()
		}, []any{"a"}},
		{"Pool.Go", func(ctx context.Context) { inPool(workerpool.Logged(ctx, "a"), nothing) }, nil},
		{"Pool.Go, with a Job in it", func(ctx context.Context) {
			inPool(workerpool.Logged(ctx, "a"), func(ctx context.Context) { runJob(ctx, nothing) })
		}, []any{"a"}},
		{"Pool.Go in Pool.Go, with a Job in it", func(ctx context.Context) {
			inPool(workerpool.Logged(ctx, "a"), func(ctx context.Context) {
				inPool(ctx, func(ctx context.Context) { runJob(ctx, nothing) })
			})
		}, []any{"a"}},
		{"Submit, with an Every in it", func(ctx context.Context) {
			inSubmit(workerpool.Logged(ctx, "a"), func(ctx context.Context) { runEvery(ctx, nothing) })
		}, []any{"a"}},
		{"named in a task", func(ctx context.Context) {
			inPool(ctx, func(ctx context.Context) { runJob(workerpool.Logged(ctx, "a"), nothing); runJob(ctx, nothing) })
		}, []any{"a"}},
		{"a Job in a Group", func(ctx context.Context) {
			g := workerpool.NewGroup(workerpool.Logged(ctx, "a"))
			g.Go(func(ctx context.Context) error { runJob(ctx, nothing); return nil })
			assert.NoError(t, g.Wait(), "Wait")
		}, []any{"a"}},
	})
}

func TestNameOfWhatARunSchedules(t *testing.T) {
	checkNames(t, []names{
		{"a Job in a Job", func(ctx context.Context) {
			runJob(workerpool.Logged(ctx, "a"), func(ctx context.Context) { runJob(ctx, nothing) })
		}, []any{"a"}},
		{"an Every in an Every", func(ctx context.Context) {
			runEvery(workerpool.Logged(ctx, "a"), func(ctx context.Context) { runEvery(ctx, nothing) })
		}, []any{"a"}},
		{"a Job in a Job, with a value added after the name", func(ctx context.Context) {
			runJob(withValue(workerpool.Logged(ctx, "a")), func(ctx context.Context) { runJob(withValue(ctx), nothing) })
		}, []any{"a"}},
		{"a Job in a Job, with a root added after the name", func(ctx context.Context) {
			runJob(withRoot(workerpool.Logged(ctx, "a")), func(ctx context.Context) { runJob(withRoot(ctx), nothing) })
		}, []any{"a"}},
		{"a Job in a Job, with a span added after the name", func(ctx context.Context) {
			runJob(withSpan(workerpool.Logged(ctx, "a")), func(ctx context.Context) { runJob(withSpan(ctx), nothing) })
		}, []any{"a"}},
		{"a Job in a Job, detached", func(ctx context.Context) {
			runJob(trace.Detach(workerpool.Logged(ctx, "a")), func(ctx context.Context) { runJob(trace.Detach(ctx), nothing) })
		}, []any{"a"}},
		{"a Job in a Job, two names, each with a value after it", func(ctx context.Context) {
			runJob(withValue(workerpool.Logged(withValue(workerpool.Logged(ctx, "a")), "b")), func(ctx context.Context) { runJob(ctx, nothing) })
		}, []any{"b"}},
		{"a Job in a Job, two names, the second outermost", func(ctx context.Context) {
			runJob(workerpool.Logged(withValue(workerpool.Logged(ctx, "a")), "b"), func(ctx context.Context) { runJob(ctx, nothing) })
		}, []any{"b"}},
		{"a Job in a task in a Job", func(ctx context.Context) {
			runJob(workerpool.Logged(ctx, "a"), func(ctx context.Context) {
				inPool(ctx, func(ctx context.Context) { runJob(ctx, nothing) })
			})
		}, []any{"a"}},
		{"a Job in a Job in a task", func(ctx context.Context) {
			inPool(workerpool.Logged(ctx, "a"), func(ctx context.Context) {
				runJob(ctx, func(ctx context.Context) { runJob(ctx, nothing) })
			})
		}, []any{"a"}},
		{"a Job in a Job in a Submit, with a value", func(ctx context.Context) {
			inSubmit(workerpool.Logged(ctx, "a"), func(ctx context.Context) {
				runJob(withValue(ctx), func(ctx context.Context) { runJob(ctx, nothing) })
			})
		}, []any{"a"}},
		{"an Every in a Job, with its own name", func(ctx context.Context) {
			runJob(workerpool.Logged(ctx, "a"), func(ctx context.Context) { runEvery(workerpool.Logged(ctx, "b"), nothing) })
		}, []any{"b", "a"}},
		{"an Every without a name between two named Jobs", func(ctx context.Context) {
			runJob(workerpool.Logged(ctx, "a"), func(ctx context.Context) {
				runEvery(ctx, func(ctx context.Context) {
					runJob(workerpool.Logged(ctx, "b"), func(ctx context.Context) { runJob(ctx, nothing) })
				})
			})
		}, []any{"b", "a"}},
		{"the second run", func(ctx context.Context) {
			twice := workerpool.Job(workerpool.Logged(ctx, "a"), func(ctx context.Context) { runJob(ctx, nothing) })
			twice()
			twice()
		}, []any{"a", "a"}},
	})
}
