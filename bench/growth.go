package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
)

type valueKey int

// deep is ctx with so many values of other people's over it.
func deep(ctx context.Context, values int) context.Context {
	for i := range values {
		ctx = context.WithValue(ctx, valueKey(i), i)
	}
	return ctx
}

// curves are the ways whose growth is worth to be seen.
func curves(in input, w func(input, middleware, inspect) work) []variant {
	var ways []way
	for _, way := range serverWays {
		switch way.name {
		case "bare handler", "floor", "clew", "zipkin-go, never sampled", "otelhttp, SDK, never sampled":
			ways = append(ways, way)
		}
	}
	return in.variants(ways, w)
}

func growthJobs() (jobs []job) {
	// How a line finds its span among the values of a context.
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
		with := func(mw middleware) func(ctx context.Context) context.Context {
			return func(ctx context.Context) context.Context {
				var got context.Context
				end := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Context() })
				mw(end).ServeHTTP(&response{http.Header{}}, inputs[0].request().WithContext(ctx))
				return got
			}
		}
		jobs = append(jobs, job{name: "growth, a log line: values in the context, under and over the span", point: p.name, variants: []variant{
			row("zerolog, no IDs", baseline, nil, func(ctx context.Context) context.Context { return ctx }),
			row("floor", floor, idHook{}, with(floorServer)),
			row("clew", ours, logctx.Hook(logctx.Config{}), with(httpmw.New(httpmw.Config{}))),
			row("hook, `TraceID().String()`", peer, stringHook{}, with(contribServer)),
		}})
	}
	// How a request's span is begun over values that others left.
	for _, values := range []int{0, 10, 30} {
		jobs = append(jobs, job{name: "growth, server: values in the request's context", point: fmt.Sprint(values),
			variants: curves(inputs[0], func(in input, mw middleware, sees inspect) work {
				return serve(in, func(next http.Handler) http.Handler {
					h, ctx := mw(next), deep(context.Background(), values)
					var r *http.Request // the same each time
					return http.HandlerFunc(func(w http.ResponseWriter, asked *http.Request) {
						if r == nil {
							r = asked.WithContext(ctx)
						}
						h.ServeHTTP(w, r)
					})
				}, sees)
			})})
	}
	for _, headers := range []int{0, 10, 100} {
		more := http.Header{}
		for i := range headers {
			more.Set(fmt.Sprintf("X-Header-%d", i), "value")
		}
		in := inputs[0]
		in.header = in.header.Clone()
		for k, v := range more {
			in.header[k] = v
		}
		point := fmt.Sprint(headers)
		jobs = append(jobs, job{name: "growth, server: other headers on the request", point: point, variants: curves(in, serve)})
		client := job{name: "growth, client: other headers on the request", point: point}
		for _, way := range clientWays {
			switch way.name {
			case "bare transport", "floor", "clew", "zipkin-go, never sampled", "otelhttp, SDK, never sampled":
				client.variants = append(client.variants, variant{way.name, way.kind, func() work { return send(sending{}, way, more) }})
			}
		}
		jobs = append(jobs, client)
	}
	for _, requests := range []int{1, 100, 10_000} {
		jobs = append(jobs, job{name: "growth, server: requests at once, a goroutine each", point: fmt.Sprint(requests), parallel: true,
			variants: curves(inputs[0], func(in input, mw middleware, sees inspect) work { return atOnce(requests, in, mw, sees) })})
	}
	for _, goroutines := range []int{1, 2, 4, 16, 64} {
		jobs = append(jobs, job{name: "growth, server: goroutines, one request after another each", point: fmt.Sprint(goroutines), parallel: true,
			variants: curves(inputs[0], func(in input, mw middleware, sees inspect) work { return inGoroutines(goroutines, in, mw, sees) })})
	}
	sortByName(jobs)
	return jobs
}

// sortByName brings the points of a curve together, and leaves everything else in its order.
func sortByName(jobs []job) {
	first := map[string]int{}
	for i, j := range jobs {
		if _, ok := first[j.name]; !ok {
			first[j.name] = i
		}
	}
	sorted := make([]job, 0, len(jobs))
	for i := range jobs {
		for _, j := range jobs {
			if first[j.name] == i {
				sorted = append(sorted, j)
			}
		}
	}
	copy(jobs, sorted)
}

// atOnce is work in which so many requests are under way at the same time: no handler returns
// before all have begun.
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
