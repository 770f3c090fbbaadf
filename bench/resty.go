package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"example.com/clew/httpclient"
	"github.com/go-resty/resty/v2"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

type quiet struct{}

func (quiet) Errorf(string, ...any) {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Debugf(string, ...any) {}

func restyOver(base http.RoundTripper, retries int) *resty.Client {
	c := resty.New().SetTransport(base).SetLogger(quiet{}).SetHeader("Accept", "application/json")
	if retries > 0 {
		c.SetRetryCount(retries).SetRetryWaitTime(time.Nanosecond).SetRetryMaxWaitTime(time.Nanosecond).
			AddRetryCondition(func(r *resty.Response, _ error) bool { return r.StatusCode() == http.StatusServiceUnavailable })
	}
	return c
}

// floorResty does the least that the job requires: it gives every attempt the headers of a new
// span in the context's trace.
func floorResty(c *resty.Client) *resty.Client {
	return c.OnBeforeRequest(func(_ *resty.Client, r *resty.Request) error {
		s := attempt(r.Context())
		new(values).set(r.Header, &s, false)
		return nil
	})
}

// sendResty returns work that sends a request with resty. If there are retries, the first attempt
// fails.
func sendResty(retries int, way sendingWay, client func(base http.RoundTripper) *resty.Client) work {
	base := newFake()
	base.failing = retries > 0
	s := sending{}
	c, ctx := client(base), s.request(way.caller).Context()
	op := func(n int) {
		for range n {
			if resp, err := c.R().SetContext(ctx).Get("http://first.example/path"); err != nil || resp.StatusCode() != http.StatusOK {
				panic(fmt.Sprint(resp, err))
			}
		}
	}
	return work{op: op, check: func() error {
		base.asked = nil
		before := base.requests
		op(1)
		switch {
		case base.asked == nil:
			return errors.New("nothing was sent")
		case base.requests != before+1+retries:
			return fmt.Errorf("%d attempts were made", base.requests-before)
		case way.untold:
			return nil
		}
		return s.match(base.asked.Header, spanIn(ctx), way.fresh)
	}}
}

func restyJobs() (jobs []job) {
	for _, retries := range []int{0, 1} {
		j := job{name: "resty"}
		if retries > 0 {
			j.name = "resty, one retry"
		}
		add := func(way sendingWay, client func(base http.RoundTripper) *resty.Client) {
			j.variants = append(j.variants, variant{way.name, way.kind, func() work { return sendResty(retries, way, client) }})
		}
		plain := func(base http.RoundTripper) *resty.Client { return restyOver(base, retries) }
		otel := func(opts ...otelhttp.Option) func(base http.RoundTripper) *resty.Client {
			opts = append(opts, otelhttp.WithPropagators(sending{}.contrib()))
			return func(base http.RoundTripper) *resty.Client {
				return restyOver(otelhttp.NewTransport(base, opts...), retries)
			}
		}
		add(sendingWay{name: "bare resty", kind: baseline, untold: true}, plain)
		add(sendingWay{name: "floor", kind: floor, caller: floorCaller, fresh: true},
			func(base http.RoundTripper) *resty.Client { return floorResty(plain(base)) })
		add(sendingWay{name: "clew", kind: ours, caller: clewCaller, fresh: true},
			func(base http.RoundTripper) *resty.Client { return httpclient.Resty(plain(base), httpclient.Config{}) })
		add(sendingWay{name: "over otelhttp, no SDK: no span", kind: peer}, otel())
		add(sendingWay{name: "over otelhttp, SDK, never sampled", kind: peer, fresh: true}, otel(otelhttp.WithTracerProvider(never())))
		jobs = append(jobs, j)
	}
	return jobs
}
