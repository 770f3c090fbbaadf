package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"example.com/clew/httpmw"
	clewzipkin "example.com/clew/zipkin"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// faults are collectors. Each begins one, over loopback, and says where it is, and how it is ended.
var faults = []struct {
	name  string
	begin func() (url string, end func())
}{
	{"fast", fastCollector},
	{"1 s slow", func() (string, func()) {
		return answering(func(r *http.Request) {
			select {
			case <-time.After(time.Second):
			case <-r.Context().Done():
			}
		})
	}},
	{"black hole", func() (string, func()) { // a connection, and never an answer
		l := must(net.Listen("tcp", "127.0.0.1:0"))
		return "http://" + l.Addr().String(), func() { l.Close() }
	}},
	{"refused", func() (string, func()) {
		l := must(net.Listen("tcp", "127.0.0.1:0"))
		l.Close()
		return "http://" + l.Addr().String(), func() {}
	}},
}

func fastCollector() (string, func()) { return answering(func(*http.Request) {}) }

func answering(wait func(*http.Request)) (string, func()) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		wait(r)
		w.WriteHeader(http.StatusAccepted)
	}))
	return s.URL, func() { s.CloseClientConnections(); s.Close() }
}

// latencyJobs ask what those wait who ask a service that records its requests, whatever becomes of the spans. It is
// always the same service, with clew's middleware: only where its spans go is not.
func latencyJobs() (jobs []job) {
	for _, l := range []load{{"as fast as they go", 0, false}, {"at a pace", 5 * time.Millisecond, false}, {"at a pace, no network", 5 * time.Millisecond, true}} {
		for _, share := range []float64{1, share} {
			j := job{name: fmt.Sprintf("end to end: a service whose spans go to Zipkin, %v sampled, requests %s", share, l.name), parallel: true, uncounted: true}
			add := func(name string, k kind, begin func() (provider oteltrace.TracerProvider, check func() error, close func())) {
				j.variants = append(j.variants, variant{name, k, func() work {
					provider, check, close := begin()
					return asking(httpmw.New(httpmw.Config{TracerProvider: provider}), l, check, close)
				}})
			}
			without := func() (oteltrace.TracerProvider, func() error, func()) {
				return sdktrace.NewTracerProvider(sdkSampler(share)), func() error { return nil }, func() {}
			}
			add("no exporter", baseline, without)
			add("no exporter, once more: what is chance", baseline, without)
			j.variants = append(j.variants, variant{"floor, no SDK", floor, func() work {
				return asking(floorServer, l, func() error { return nil }, func() {})
			}})
			for _, f := range faults {
				add("clew, collector "+f.name, ours, func() (oteltrace.TracerProvider, func() error, func()) {
					url, gone := f.begin()
					p := must(clewzipkin.NewProvider(clewzipkin.Config{Service: serviceName, Endpoint: url, Ratio: share}))
					check := func() error {
						if s := p.Stats(); share == 1 && s.Ended == 0 || s.Ended != s.Sent+s.Dropped+s.Queued {
							return fmt.Errorf("%+v", s)
						}
						return nil
					}
					return p, check, func() { end(p); gone() }
				})
			}
			add("OpenTelemetry's exporter, collector fast", peer, func() (oteltrace.TracerProvider, func() error, func()) {
				url, gone := fastCollector()
				transport := new(http.Transport)
				p := otelProvider(share, otelExporter(url, transport))
				return p, func() error { return nil }, func() { end(p); transport.CloseIdleConnections(); gone() }
			})
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// load is how clients ask: one request after the other each, with a pause after each.
type load struct {
	name   string
	pause  time.Duration
	direct bool // they call the handler. On a machine that others use too, a network hides what a request itself waits for
}

// asking is work in which clients ask a service behind mw.
func asking(mw middleware, l load, check func() error, done func()) work {
	h := mw(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	s := httptest.NewServer(h)
	transport := &http.Transport{MaxIdleConnsPerHost: keptAlive, DisableCompression: true}
	client := &http.Client{Transport: transport}
	var took []time.Duration
	call := func() error {
		h.ServeHTTP(&response{http.Header{}}, undecided.request())
		return nil
	}
	ask := func() error {
		resp, err := client.Get(s.URL + "/media/7")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "ok" {
			return errors.Join(err, fmt.Errorf("%s: %q", resp.Status, body))
		}
		return nil
	}
	if l.direct {
		ask = call
	}
	op := func(n int) {
		took = make([]time.Duration, n)
		var asked atomic.Int64
		var wg sync.WaitGroup
		for range min(keptAlive, n) {
			wg.Go(func() {
				for i := asked.Add(1) - 1; i < int64(n); i = asked.Add(1) - 1 {
					start := time.Now()
					if err := ask(); err != nil {
						panic(err)
					}
					took[i] = time.Since(start)
					time.Sleep(l.pause)
				}
			})
		}
		wg.Wait()
	}
	return work{op: op, check: func() error { op(1); return check() }, latency: func() []time.Duration { return took }, close: func() {
		transport.CloseIdleConnections()
		s.Close()
		done()
	}}
}
