package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"github.com/openzipkin/zipkin-go"
	zipkinhttp "github.com/openzipkin/zipkin-go/middleware/http"
	zipkinb3 "github.com/openzipkin/zipkin-go/propagation/b3"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// share is the fraction of the traces that is sampled if no caller has decided.
const share = 0.001

var nowhere = exporting{begin: func(float64, http.RoundTripper) export { return export{} }}

// recorder is a way to handle or to send requests, and to export the sampled spans.
type recorder struct {
	name   string
	kind   kind
	to     exporting
	server func(export) middleware
	client func(export, http.RoundTripper) http.RoundTripper
	sees   inspect
	begin  func(export) beginning
	silent bool // sends no trace
}

// beginning starts the span of a request, and returns the context of its handler.
type beginning = func(input) context.Context

func clewServer(e export) middleware { return httpmw.New(httpmw.Config{TracerProvider: e.provider}) }

// likeOTel returns clew's middleware. The handler also sets the attributes that otelhttp sets, so
// that the spans are as large.
func likeOTel(e export) middleware {
	mw := clewServer(e)
	return func(next http.Handler) http.Handler {
		return mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s := oteltrace.SpanFromContext(r.Context()); s.IsRecording() {
				s.SetAttributes(
					attribute.String("server.address", r.Host), attribute.String("url.scheme", "http"), attribute.String("client.address", "10.1.2.3"),
					attribute.String("network.peer.address", "10.1.2.3"), attribute.Int("network.peer.port", 4567), attribute.String("network.protocol.version", "1.1"),
					attribute.String("user_agent.original", r.UserAgent()), attribute.Int("http.response.status_code", http.StatusOK))
			}
			next.ServeHTTP(w, r)
		}))
	}
}

func otelhttpServer(e export) middleware { return otelServer(otelhttp.WithTracerProvider(e.provider)) }

func zipkinServer(e export) middleware { return zipkinhttp.NewServerMiddleware(e.tracer) }

// recordingServer does what floorServer does. It also exports sampled spans, with method and path.
func recordingServer(f *floorExport) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := &node{r.Context(), read(r.Header)}
			if !n.span.sampled {
				next.ServeHTTP(w, r.WithContext(n))
				return
			}
			begun := time.Now()
			next.ServeHTTP(w, r.WithContext(n))
			f.put(func(dst []byte) []byte {
				return n.span.append(dst, "SERVER", begun, time.Since(begun), "http.request.method", r.Method, "url.path", r.URL.Path)
			})
		})
	}
}

// recordingTransport does what floorTransport does. It also exports sampled spans.
type recordingTransport struct {
	floorTransport
	f *floorExport
}

func (t recordingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := &client{node: node{r.Context(), attempt(r.Context())}}
	out := r.WithContext(c)
	out.Header = cloned(r.Header)
	c.values.set(out.Header, &c.span, t.single)
	if !c.span.sampled {
		return t.base.RoundTrip(out)
	}
	begun := time.Now()
	resp, err := t.base.RoundTrip(out)
	t.f.put(func(dst []byte) []byte {
		return c.span.append(dst, "CLIENT", begun, time.Since(begun), "http.request.method", r.Method, "url.full", r.URL.String(), "server.address", r.URL.Host, "http.response.status_code", "200")
	})
	return resp, err
}

// floorRecorder returns the recorder of the floor. Each export has its own floorExport.
func floorRecorder() recorder {
	var f *floorExport
	return recorder{name: "floor", kind: floor, sees: seesFloor,
		to: exporting{begin: func(_ float64, via http.RoundTripper) export {
			f = &floorExport{via: via}
			return export{sent: func() int64 { return f.sent }, flush: f.flush}
		}},
		server: func(export) middleware { return recordingServer(f) },
		client: func(_ export, base http.RoundTripper) http.RoundTripper {
			return recordingTransport{floorTransport{base, false}, f}
		},
		begin: func(export) beginning {
			return func(in input) context.Context {
				sc := callerSpan()
				return &node{context.Background(), span{trace: sc.TraceID(), id: sc.SpanID(), sampled: in.sampled}}
			}
		},
	}
}

// handled returns the context of a handler behind mw that gets the request r.
func handled(mw middleware, r *http.Request) (ctx context.Context) {
	end := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { ctx = r.Context() })
	mw(end).ServeHTTP(&response{http.Header{}}, r)
	return ctx
}

// The requests denied and sampled have a trace. The request undecided has none, so the ratio
// decides whether its new trace is sampled.
var denied, sampled, undecided = inputs[0], inputs[1], inputs[4]

// inHandler returns a function that lets the middleware mw start the span of a request. If the
// ratio decides, the function starts spans until one is not sampled.
func inHandler(mw func(export) middleware) func(export) beginning {
	return func(e export) beginning {
		return func(in input) context.Context {
			for {
				ctx := handled(mw(e), in.request())
				if oteltrace.SpanContextFromContext(ctx).IsSampled() == in.sampled {
					return ctx
				}
			}
		}
	}
}

func recorders() []recorder {
	clewClient := func(e export, base http.RoundTripper) http.RoundTripper {
		return httpclient.NewTransport(base, httpclient.Config{TracerProvider: e.provider})
	}
	return []recorder{
		{name: "nothing", kind: baseline, to: nowhere, silent: true,
			server: func(export) middleware { return bareWay }, sees: seesRequest,
			client: func(_ export, base http.RoundTripper) http.RoundTripper { return base },
			begin:  func(export) beginning { return func(input) context.Context { return context.Background() } }},
		floorRecorder(),
		{name: "clew, no SDK: nothing recorded", kind: ours, to: nowhere, server: clewServer, client: clewClient, sees: seesClew, begin: inHandler(clewServer)},
		{name: byClew.name, kind: ours, to: byClew, server: clewServer, client: clewClient, sees: seesOTel(true, true), begin: inHandler(clewServer)},
		{name: byClew.name + ", otelhttp's attributes", kind: ours, to: byClew, server: likeOTel, sees: seesOTel(true, true)},
		{name: byOTel.name, kind: peer, to: byOTel, server: otelhttpServer, sees: seesOTel(true, true), begin: inHandler(otelhttpServer),
			client: func(e export, base http.RoundTripper) http.RoundTripper {
				return otelhttp.NewTransport(base, otelhttp.WithTracerProvider(e.provider), otelhttp.WithPropagators(sending{}.contrib()))
			}},
		{name: byZipkin.name, kind: peer, to: byZipkin, server: zipkinServer, sees: seesZipkin,
			client: func(e export, base http.RoundTripper) http.RoundTripper {
				return must(zipkinhttp.NewTransport(e.tracer, zipkinhttp.RoundTripper(base)))
			},
			begin: func(e export) beginning {
				return func(in input) context.Context {
					state := "0"
					if in.sampled {
						state = "1"
					}
					sc := must(zipkinb3.ParseHeaders(traceHex, spanHex, "", state, ""))
					return zipkin.NewContext(context.Background(), e.tracer.StartSpan("handler", zipkin.Parent(*sc)))
				}
			}},
	}
}

// recordedIn returns work that handles a request, and exports its span if it is sampled.
func recordedIn(in input, way recorder) work {
	c := new(collector)
	e := way.to.begin(share, c)
	w := serve(in, way.server(e), way.sees)
	op, seen := paced(w.op, in, e), w.check
	return work{op: op, unit: batchSpans, close: e.close, check: func() error {
		return errors.Join(seen(), c.arrived(2*batchSpans, "SERVER", in, e, op))
	}}
}

// recordedOut returns work that sends a request, and exports its span if it is sampled.
func recordedOut(in input, way recorder) work {
	c, base := new(collector), newFake()
	e := way.to.begin(share, c)
	transport := way.client(e, base)
	r := (sending{}).request(func() context.Context { return way.begin(e)(in) })
	op := paced(func(n int) {
		for range n {
			resp, err := transport.RoundTrip(r)
			if err != nil {
				panic(err)
			}
			resp.Body.Close()
		}
	}, in, e)
	return work{op: op, unit: batchSpans, close: e.close, check: func() error {
		base.asked = nil
		if err := c.arrived(2*batchSpans, "CLIENT", in, e, op); err != nil {
			return err
		}
		if way.silent {
			return nil
		}
		if state, want := base.asked.Header.Get("X-B3-Sampled"), map[bool]string{true: "1", false: "0"}[in.sampled]; state != want {
			return errors.New("X-B3-Sampled is " + state)
		}
		return (sending{root: in.root}).match(base.asked.Header, spanIn(r.Context()), true)
	}}
}

func recordedJobs() (jobs []job) {
	for _, in := range []input{denied, undecided, sampled} {
		name := in.name
		if in.root {
			name += ", one in a thousand sampled"
		}
		j := job{name: "spans to Zipkin, server, " + name}
		for _, way := range recorders() {
			j.variants = append(j.variants, variant{way.name, way.kind, func() work { return recordedIn(in, way) }})
		}
		jobs = append(jobs, j)
	}
	for _, in := range []input{denied, undecided, sampled} {
		name := in.name
		if in.root {
			name = "in a trace that the ratio does not sample"
		}
		j := job{name: "spans to Zipkin, client, " + name}
		for _, way := range recorders() {
			if way.client != nil {
				j.variants = append(j.variants, variant{way.name, way.kind, func() work { return recordedOut(in, way) }})
			}
		}
		jobs = append(jobs, j)
	}
	return jobs
}
