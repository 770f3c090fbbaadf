package main

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"example.com/clew/httpmw"
	"example.com/clew/internal/mark"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
)

// implicitJobs returns the jobs that show the cost of a trace on the goroutine. A mark on the
// goroutine's stack leads to this trace. The jobs come last, because the first of them makes the
// process look for marks from then on. So the times of "off" are those of a New without Implicit
// in a process that looks for marks. Instructions are counted in a separate process for each
// variant, so those of "off" are from a process that does not look for marks.
func implicitJobs() (jobs []job) {
	in := inputs[0]
	jobs = append(jobs, job{name: "server, the trace of the goroutine", variants: []variant{
		{"bare handler", baseline, func() work { return serve(in, bareWay, seesRequest) }},
		{"clew, off", floor, func() work { return serve(in, httpmw.New(httpmw.Config{}), seesClew) }},
		{"clew, Implicit", ours, func() work { return serve(in, httpmw.New(httpmw.Config{Implicit: true}), seesClew) }},
	}})
	for _, frames := range []int{10, 30, 60} {
		// line returns work that logs a line. If inside is true, the line is logged inside of
		// trace.Do, with this many frames between them.
		line := func(inside, ids bool, before func(), hook zerolog.Hook) work {
			ctx := clewCaller()
			w := logging(ctx, want{ids: ids, fields: twoFields}, func(out io.Writer) func() {
				logger := zerolog.New(out)
				if hook != nil {
					logger = logger.Hook(hook)
				}
				return func() { before(); finish(logger.Info()) }
			})
			up := func(f func()) {
				if inside {
					trace.Do(ctx, func(context.Context) { below(frames, f) })
				} else {
					below(frames, f)
				}
			}
			op, check := w.op, w.check
			w.op = func(n int) { up(func() { op(n) }) }
			w.check = func() (err error) { up(func() { err = check() }); return err }
			return w
		}
		hook := logctx.Hook(logctx.Config{})
		nothing := func() {}
		jobs = append(jobs, job{name: fmt.Sprintf("a line without a context, %d frames up", frames), variants: []variant{
			{"zerolog, no IDs", baseline, func() work { return line(false, false, nothing, nil) }},
			{"`runtime.Callers` and a line", floor, func() work {
				var pcs [256]uintptr
				return line(true, false, func() { runtime.Callers(1, pcs[:]) }, nil)
			}},
			{"clew, in a Do", ours, func() work { mark.On(); return line(true, true, nothing, hook) }},
			{"clew, in no Do", ours, func() work { mark.On(); return line(false, false, nothing, hook) }},
		}})
	}
	return jobs
}

//go:noinline
func below(frames int, f func()) {
	if frames == 0 {
		f()
		return
	}
	below(frames-1, f)
	runtime.KeepAlive(frames)
}
