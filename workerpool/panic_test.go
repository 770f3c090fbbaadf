package workerpool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// crashEnv is an environment variable. It tells the child process of a test which program of
// crashes to run.
const crashEnv = "CLEW_WORKERPOOL_CRASH"

// crashes are programs with a task that prints its trace on standard output, then panics or calls
// Goexit. The programs must crash, except those that survive.
var crashes = []struct {
	name     string
	run      func()
	survives bool
	logged   bool // the line of the run is written first
}{
	{name: "Go", run: func() {
		workerpool.Go(request(), burst)
		select {}
	}},
	{name: "Wrap", run: func() { workerpool.Wrap(request(), burst)() }},
	{name: "WrapErr", run: func() {
		_ = workerpool.WrapErr(request(), func(ctx context.Context) error { burst(ctx); return nil })()
	}},
	{name: "Group", run: func() {
		g := workerpool.NewGroup(request())
		g.Go(func(ctx context.Context) error { burst(ctx); return nil })
		select {} // Wait may return during the panic, and would end the program first
	}},
	{name: "Pool.Go", run: func() { pooled(request(), workerpool.Config{}, burst) }},
	{name: "Pool.Go, labelled", run: func() {
		goroutine.WantLabels()
		pooled(pprof.WithLabels(request(), pprof.Labels("route", "/items")), workerpool.Config{}, burst)
	}},
	{name: "Pool.Go, inline", run: func() {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 1})
		_ = p.Go(request(), func(ctx context.Context) {
			_ = p.Go(ctx, nothing)
			_ = p.Go(ctx, burst)
		})
		select {}
	}},
	{name: "Submit", run: func() {
		p := workerpool.New(workerpool.Config{})
		f := workerpool.Submit(request(), p, func(ctx context.Context) (int, error) { burst(ctx); return 0, nil })
		_, _ = f.Wait(context.Background())
		_ = p.Shutdown(context.Background())
	}},
	{name: "Every", run: func() { workerpool.Every(request(), time.Nanosecond, burst) }},
	{name: "Every, recorded by an SDK", run: func() {
		ctx, _ := recorded(request())
		workerpool.Every(ctx, time.Nanosecond, burst)
	}},
	{name: "Job", run: func() { workerpool.Job(request(), burst)() }},
	{name: "Job, recorded by an SDK", run: func() {
		ctx, _ := recorded(request())
		workerpool.Job(ctx, burst)()
	}},
	{name: "Job, logged", logged: true, run: func() { workerpool.Job(loggedToStderr(), burst)() }},
	{name: "Every, logged", logged: true, run: func() { workerpool.Every(loggedToStderr(), time.Nanosecond, burst) }},
	{name: "Job, logged and recorded", logged: true, run: func() {
		ctx, _ := recorded(loggedToStderr())
		workerpool.Job(ctx, burst)()
	}},
	{name: "OnPanic", survives: true, run: func() {
		pooled(request(), workerpool.Config{OnPanic: func(context.Context, any, []byte) {}}, burst)
	}},
	{name: "Goexit in Go", survives: true, run: func() {
		gone := make(chan struct{})
		workerpool.Go(request(), func(ctx context.Context) { say(ctx); defer close(gone); runtime.Goexit() })
		<-gone
	}},
	{name: "Goexit in Group", survives: true, run: func() {
		g := workerpool.NewGroup(request())
		g.Go(func(ctx context.Context) error { say(ctx); runtime.Goexit(); return nil })
		_ = g.Wait()
	}},
	{name: "Goexit in Pool.Go", survives: true, run: func() {
		pooled(request(), workerpool.Config{}, func(ctx context.Context) { say(ctx); runtime.Goexit() })
	}},
}

// pooled runs fn in a pool and waits for it.
func pooled(ctx context.Context, cfg workerpool.Config, fn func(ctx context.Context)) {
	p := workerpool.New(cfg)
	_ = p.Go(ctx, fn)
	_ = p.Shutdown(context.Background())
}

func loggedToStderr() context.Context {
	return workerpool.Logged(logger(os.Stderr, zerolog.InfoLevel).WithContext(request()), "refresh")
}

func say(ctx context.Context) { fmt.Println("task in trace " + trace.ID(ctx)) }

func burst(ctx context.Context) {
	say(ctx)
	panic("the original value")
}

func crash(name string) {
	for _, c := range crashes {
		if c.name == name {
			c.run()
		}
	}
}

// A panic in a task ends the program with its own value and its own stack, after one line with the
// trace ID.
func TestPanicEndsTheProgram(t *testing.T) {
	for _, c := range crashes {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, err := child(t, c.name)
			id, said := strings.CutPrefix(strings.TrimSpace(stdout), "task in trace ")
			require.True(t, said, "standard output: %q", stdout)
			require.Len(t, id, 32, "ID in the task")

			if c.survives {
				assert.NoError(t, err, "exit of the program")
				assert.Empty(t, stderr, "standard error")
				return
			}
			var exit *exec.ExitError
			require.True(t, errors.As(err, &exit), "exit of the program: %v", err)
			assert.Equal(t, 2, exit.ExitCode(), "exit code of a crash")
			assert.Contains(t, stderr, "workerpool: panic in trace "+id+"\n", "standard error")
			assert.Contains(t, stderr, "panic: the original value\n", "standard error")
			assert.Contains(t, stderr, "workerpool_test.burst(", "stack in standard error")
			assert.NotContains(t, stderr, "recovered", "standard error")
			assert.NotContains(t, stderr, "repanicked", "standard error")
			if !c.logged {
				assert.NotContains(t, stderr, `"message"`, "standard error")
				return
			}
			text, _, _ := strings.Cut(stderr, "\n")
			line := testkit.ParseLine(t, text)
			assert.Equal(t, id, line["trace_id"], "trace_id on the line")
			assert.Equal(t, []any{"error", "job", "refresh", true}, []any{line["level"], line["message"], line["job"], line["panicked"]}, "the line %v", line)
		})
	}
}

// child runs this test binary as the program of crashes with that name.
func child(t *testing.T, name string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashEnv+"="+name, "GOCOVERDIR="+t.TempDir(), "GOTRACEBACK=single", "GORACE=atexit_sleep_ms=0")
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}
