package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
)

type valueKey int

// deep returns ctx with n more values, which do not belong to a trace.
func deep(ctx context.Context, n int) context.Context {
	for i := range n {
		ctx = context.WithValue(ctx, valueKey(i), i)
	}
	return ctx
}

// drawn lists the variants that the curves show.
var drawn = map[string]bool{
	"bare handler": true, "bare transport": true, "floor": true, "clew": true,
	"zipkin-go, never sampled": true, "otelhttp, SDK, never sampled": true,
}

// curves returns the variants of a server's job that are in drawn. The function w makes the work
// of one variant.
func curves(in input, w func(input, middleware, inspect) work) []variant {
	var ways []way
	for _, way := range serverWays {
		if drawn[way.name] {
			ways = append(ways, way)
		}
	}
	return in.variants(ways, w)
}

func growthJobs() []job {
	return slices.Concat(lineGrowth(), contextGrowth(), serverHeaderGrowth(), clientHeaderGrowth(), atOnceGrowth(), goroutineGrowth())
}

// lineGrowth returns the jobs that show how fast a line finds its span among other values of a
// context.
func lineGrowth() (jobs []job) {
	for _, p := range []struct {
		name        string
		under, over int
	}{{"none", 0, 0}, {"10 under", 10, 0}, {"10 over", 0, 10}, {"10 under, 10 over", 10, 10}, {"30 over", 0, 30}} {
		row := func(name string, k kind, hook zerolog.Hook, begin func(ctx context.Context) context.Context) variant {
			return variant{name, k, func() work {
				ctx := deep(begin(deep(context.Background(), p.under)), p.over)
				return logging(ctx, want{ids: hook != nil, fields: twoFields}, func(out io.Writer) func() {
					logger := zerolog.New(out)
					if hook != nil {
						logger = logger.Hook(hook)
					}
					return func() { finish(logger.Info().Ctx(ctx)) }
				})
			}}
		}
		jobs = append(jobs, job{name: "growth, a log line: values in the context, under and over the span", point: p.name, variants: []variant{
			row("zerolog, no IDs", baseline, nil, func(ctx context.Context) context.Context { return ctx }),
			row("floor", floor, idHook{}, behind(floorServer)),
			row("clew", ours, logctx.Hook(logctx.Config{}), behind(httpmw.New(httpmw.Config{}))),
			row("hook, `TraceID().String()`", peer, stringHook{}, behind(contribServer)),
		}})
	}
	return jobs
}

// behind returns a function that handles a request with the context ctx through the middleware mw,
// and returns the context that the handler gets.
func behind(mw middleware) func(ctx context.Context) context.Context {
	return func(ctx context.Context) context.Context { return handled(mw, denied.request().WithContext(ctx)) }
}

// contextGrowth returns the jobs that start a request's span in a context with other values.
func contextGrowth() (jobs []job) {
	for _, values := range []int{0, 10, 30} {
		serveDeep := func(in input, mw middleware, sees inspect) work {
			return serve(in, func(next http.Handler) http.Handler {
				h, ctx := mw(next), deep(context.Background(), values)
				var r *http.Request // the same request in each operation
				return http.HandlerFunc(func(w http.ResponseWriter, asked *http.Request) {
					if r == nil {
						r = asked.WithContext(ctx)
					}
					h.ServeHTTP(w, r)
				})
			}, sees)
		}
		jobs = append(jobs, job{name: "growth, server: values in the request's context", point: fmt.Sprint(values), variants: curves(denied, serveDeep)})
	}
	return jobs
}

// headerCounts are the numbers of other headers on a request.
var headerCounts = []int{0, 10, 100}

func otherHeaders(n int) http.Header {
	h := http.Header{}
	for i := range n {
		h.Set(fmt.Sprintf("X-Header-%d", i), "value")
	}
	return h
}

func serverHeaderGrowth() (jobs []job) {
	for _, n := range headerCounts {
		in := denied
		in.header = in.header.Clone()
		maps.Copy(in.header, otherHeaders(n))
		jobs = append(jobs, job{name: "growth, server: other headers on the request", point: fmt.Sprint(n), variants: curves(in, serve)})
	}
	return jobs
}

func clientHeaderGrowth() (jobs []job) {
	for _, n := range headerCounts {
		j := job{name: "growth, client: other headers on the request", point: fmt.Sprint(n)}
		for _, way := range clientWays {
			if drawn[way.name] {
				j.variants = append(j.variants, variant{way.name, way.kind, func() work { return send(sending{}, way, otherHeaders(n)) }})
			}
		}
		jobs = append(jobs, j)
	}
	return jobs
}

func atOnceGrowth() (jobs []job) {
	for _, requests := range []int{1, 100, 10_000} {
		jobs = append(jobs, job{name: "growth, server: requests at once, each on its own goroutine", point: fmt.Sprint(requests), parallel: true,
			variants: curves(denied, func(in input, mw middleware, sees inspect) work { return atOnce(requests, in, mw, sees) })})
	}
	return jobs
}

func goroutineGrowth() (jobs []job) {
	for _, goroutines := range []int{1, 2, 4, 16, 64} {
		jobs = append(jobs, job{name: "growth, server: goroutines, each with one request after another", point: fmt.Sprint(goroutines), parallel: true,
			variants: curves(denied, func(in input, mw middleware, sees inspect) work { return inGoroutines(goroutines, in, mw, sees) })})
	}
	return jobs
}

// atOnce returns work that handles this many requests at the same time. No handler returns before
// all have begun.
func atOnce(requests int, in input, mw middleware, sees inspect) work {
	f := new(final)
	var begun sync.WaitGroup
	var all chan struct{}
	h := mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.ServeHTTP(w, r)
		begun.Done()
		<-all
	}))
	asked := make([]*http.Request, requests)
	for i := range asked {
		asked[i] = in.request()
	}
	op := func(n int) {
		for ; n > 0; n -= requests {
			begun.Add(requests)
			all = make(chan struct{})
			var ended sync.WaitGroup
			for _, r := range asked {
				ended.Go(func() { h.ServeHTTP(&response{http.Header{}}, r) })
			}
			begun.Wait()
			close(all)
			ended.Wait()
		}
	}
	return work{op: op, unit: requests, check: func() error {
		seen, err := f.look(func() { op(requests) })
		if err != nil {
			return err
		}
		return sees(in, seen)
	}}
}

func inGoroutines(goroutines int, in input, mw middleware, sees inspect) work {
	f := new(final)
	h := mw(f)
	op := func(n int) {
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				w, r := &response{http.Header{}}, in.request()
				for range n / goroutines {
					h.ServeHTTP(w, r)
				}
			})
		}
		wg.Wait()
	}
	return work{op: op, unit: goroutines, check: func() error {
		seen, err := f.look(func() { op(goroutines) })
		if err != nil {
			return err
		}
		return sees(in, seen)
	}}
}
