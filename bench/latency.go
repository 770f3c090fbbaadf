package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"example.com/clew/httpmw"
	clewzipkin "example.com/clew/zipkin"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// faults are collectors on loopback with different faults. begin starts one, and returns its URL
// and a function that stops it.
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
	{"black hole", func() (string, func()) { // accepts connections and never answers
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

// latencyJobs returns the jobs that measure how long clients wait for a service that records its
// requests. The service and its middleware are the same in all variants. Only the destination of
// its spans differs.
func latencyJobs() (jobs []job) {
	for _, l := range []load{
		{"without a pause", 0, false},
		{"with a pause", 5 * time.Millisecond, false},
		{"with a pause, no network", 5 * time.Millisecond, true},
	} {
		for _, share := range []float64{1, share} {
			name := fmt.Sprintf("end to end: a service whose spans go to Zipkin, %v sampled, requests %s", share, l.name)
			jobs = append(jobs, job{name: name, parallel: true, uncounted: true, variants: destinations(l, share)})
		}
	}
	return jobs
}

// destination is where the spans of a service go.
type destination struct {
	provider oteltrace.TracerProvider
	check    func() error
	close    func()
}

func destinations(l load, share float64) (v []variant) {
	add := func(name string, k kind, begin func() destination) {
		v = append(v, variant{name, k, func() work {
			d := begin()
			return asking(httpmw.New(httpmw.Config{TracerProvider: d.provider}), l, d.check, d.close)
		}})
	}
	fine := func() error { return nil }
	without := func() destination {
		return destination{sdktrace.NewTracerProvider(sdkSampler(share)), fine, func() {}}
	}
	add("no exporter", baseline, without)
	add("no exporter again: any difference is chance", baseline, without)
	v = append(v, variant{"floor, no SDK", floor, func() work { return asking(floorServer, l, fine, func() {}) }})
	for _, f := range faults {
		add("clew, collector "+f.name, ours, func() destination {
			url, gone := f.begin()
			p := must(clewzipkin.NewProvider(clewzipkin.Config{Service: serviceName, Endpoint: url, Ratio: share}))
			check := func() error {
				if s := p.Stats(); share == 1 && s.Ended == 0 || s.Ended != s.Sent+s.Dropped+s.Queued {
					return fmt.Errorf("%+v", s)
				}
				return nil
			}
			return destination{p, check, func() { end(p); gone() }}
		})
	}
	add("OpenTelemetry's exporter, collector fast", peer, func() destination {
		url, gone := fastCollector()
		transport := new(http.Transport)
		p := otelProvider(share, otelExporter(url, transport))
		return destination{p, fine, func() { end(p); transport.CloseIdleConnections(); gone() }}
	})
	return v
}

// load describes the clients. Each client sends one request after another, with a pause after each
// request.
type load struct {
	name  string
	pause time.Duration
	// direct is true if clients call the handler without a network. On a shared machine, the
	// network hides how long a request itself waits.
	direct bool
}

// asking returns work in which clients send requests to a service behind mw.
func asking(mw middleware, l load, check func() error, done func()) work {
	h := mw(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	s := httptest.NewServer(h)
	transport := &http.Transport{MaxIdleConnsPerHost: keptAlive, DisableCompression: true}
	client := &http.Client{Transport: transport}
	ask := func() error { return wantOK(client.Get(s.URL + "/media/7")) }
	if l.direct {
		ask = func() error {
			h.ServeHTTP(&response{http.Header{}}, undecided.request())
			return nil
		}
	}
	var took []time.Duration
	op := func(n int) { took = inClients(n, l.pause, ask) }
	return work{op: op, check: func() error { op(1); return check() }, latency: func() []time.Duration { return took }, close: func() {
		transport.CloseIdleConnections()
		s.Close()
		done()
	}}
}
