package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"example.com/clew/httpclient"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/openzipkin/zipkin-go"
	zipkinhttp "github.com/openzipkin/zipkin-go/middleware/http"
	"github.com/openzipkin/zipkin-go/propagation/b3"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	contrib "go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// fake is a transport that does almost nothing. It keeps the last request.
type fake struct {
	response http.Response
	asked    *http.Request
	failing  bool // every other request fails, beginning with the first
	requests int
}

func newFake() *fake {
	return &fake{response: http.Response{Header: http.Header{}, Request: &http.Request{}, ProtoMajor: 1, ProtoMinor: 1}}
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	f.asked = r
	f.requests++
	// Set both fields for each request, because some transports wrap the body of the response.
	f.response.StatusCode, f.response.Body = http.StatusOK, http.NoBody
	if f.failing && f.requests%2 == 1 {
		f.response.StatusCode = http.StatusServiceUnavailable
	}
	return &f.response, nil
}

// sending describes the trace headers that a request must have.
type sending struct {
	name   string
	single bool
	root   bool // the caller has no trace
}

// match checks the headers of a request. The parameter caller is the ID of the span in which the
// request was sent. If fresh is true, the headers must contain a new span, a child of the
// caller's.
func (s sending) match(h http.Header, caller string, fresh bool) error {
	traceID, spanID, parent, state := h.Get("X-B3-TraceId"), h.Get("X-B3-SpanId"), h.Get("X-B3-ParentSpanId"), h.Get("X-B3-Sampled")
	if s.single {
		if traceID != "" {
			return errors.New("both encodings were sent")
		}
		part := append(strings.Split(h.Get("b3"), "-"), "", "", "", "")
		traceID, spanID, state, parent = part[0], part[1], part[2], part[3]
	}
	if err := (input{root: s.root}).match(traceID, spanID, caller, fresh); err != nil {
		return err
	}
	if state != "0" && state != "1" {
		return fmt.Errorf("sampled is %q", state)
	}
	if fresh && !s.root && parent != caller && parent != "" { // some peers do not send the parent
		return fmt.Errorf("parent is %q", parent)
	}
	if h.Get("Accept") == "" {
		return errors.New("the caller's other headers are missing")
	}
	return nil
}

// sendingWay is a way to send a request.
type sendingWay struct {
	name    string
	kind    kind
	caller  func() context.Context // returns the context of a handler; nil means otelCaller
	client  func(s sending, base http.RoundTripper) http.RoundTripper
	fresh   bool
	untold  bool // sends no trace
	rootIDs bool // starts a trace if there is none
	single  bool // can write the header b3
	mutates bool // changes the caller's request
}

func otelCaller() context.Context {
	return oteltrace.ContextWithSpanContext(context.Background(), callerSpan())
}

func callerSpan() oteltrace.SpanContext {
	return oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID: must(oteltrace.TraceIDFromHex(traceHex)), SpanID: must(oteltrace.SpanIDFromHex(spanHex))})
}

func floorCaller() context.Context {
	sc := callerSpan()
	return &node{context.Background(), span{trace: sc.TraceID(), id: sc.SpanID()}}
}

// clewCaller returns a context with a local span, as in a handler. The test cannot choose the ID
// of such a span.
func clewCaller() context.Context {
	b := must(trace.Parse(traceHex + "-" + spanHex + "-0"))
	ctx, _ := trace.Start(trace.NewContext(context.Background(), b), "handler")
	return ctx
}

func zipkinCaller() context.Context {
	t := zipkinTracer()
	sc := must(b3.ParseHeaders(traceHex, spanHex, "", "0", ""))
	return zipkin.NewContext(context.Background(), t.StartSpan("handler", zipkin.Parent(*sc)))
}

// spanIn returns the ID of the current span in ctx.
func spanIn(ctx context.Context) string {
	if s := zipkin.SpanFromContext(ctx); s != nil {
		return s.Context().ID.String()
	}
	return oteltrace.SpanContextFromContext(ctx).SpanID().String()
}

// floorTransport does the least that the job of a client requires. It sends a copy of the request
// with the headers of a new span, in place of the request's own B3 headers. It also puts the span
// into the copy's context, for the transports inside of it.
type floorTransport struct {
	base   http.RoundTripper
	single bool
}

func (t floorTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := &client{node: node{r.Context(), attempt(r.Context())}}
	out := r.WithContext(c)
	out.Header = cloned(r.Header)
	c.values.set(out.Header, &c.span, t.single)
	return t.base.RoundTrip(out)
}

// headersOnly is floorTransport without the span in the context, so OpenTelemetry does not see the
// span.
type headersOnly struct {
	base   http.RoundTripper
	single bool
}

func (t headersOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	s := attempt(r.Context())
	out := new(http.Request)
	*out = *r
	out.Header = cloned(r.Header)
	new(values).set(out.Header, &s, t.single)
	return t.base.RoundTrip(out)
}

// cloned returns a header map with the same values, but without B3, and with capacity for four
// more headers.
func cloned(h http.Header) http.Header {
	out := make(http.Header, len(h)+4)
	for name, values := range h {
		if !isB3(name) {
			out[name] = values
		}
	}
	return out
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (s sending) contrib() propagation.TextMapPropagator {
	if s.single {
		return contrib.New(contrib.WithInjectEncoding(contrib.B3SingleHeader))
	}
	return contrib.New(contrib.WithInjectEncoding(contrib.B3MultipleHeader))
}

func (s sending) encoding() trace.Propagator {
	if s.single {
		return trace.Propagator{Encoding: contrib.B3SingleHeader}
	}
	return trace.Propagator{}
}

func contribClient(s sending, base http.RoundTripper) http.RoundTripper {
	p := s.contrib()
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		p.Inject(r.Context(), propagation.HeaderCarrier(r.Header))
		return base.RoundTrip(r)
	})
}

func otelClient(provider func() oteltrace.TracerProvider) func(sending, http.RoundTripper) http.RoundTripper {
	return func(s sending, base http.RoundTripper) http.RoundTripper {
		opts := []otelhttp.Option{otelhttp.WithPropagators(s.contrib())}
		if provider != nil {
			opts = append(opts, otelhttp.WithTracerProvider(provider()))
		}
		return otelhttp.NewTransport(base, opts...)
	}
}

var clientWays = []sendingWay{
	{name: "bare transport", kind: baseline, untold: true, rootIDs: true, single: true,
		client: func(_ sending, base http.RoundTripper) http.RoundTripper { return base }},
	{name: "`Request.Clone` alone", kind: baseline, untold: true, rootIDs: true, single: true,
		client: func(_ sending, base http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) { return base.RoundTrip(r.Clone(r.Context())) })
		}},
	{name: "floor", kind: floor, caller: floorCaller, fresh: true, rootIDs: true, single: true,
		client: func(s sending, base http.RoundTripper) http.RoundTripper { return floorTransport{base, s.single} }},
	{name: "floor, span not in the context", kind: floor, caller: floorCaller, fresh: true, rootIDs: true, single: true,
		client: func(s sending, base http.RoundTripper) http.RoundTripper { return headersOnly{base, s.single} }},
	{name: "clew", kind: ours, caller: clewCaller, fresh: true, rootIDs: true, single: true,
		client: func(s sending, base http.RoundTripper) http.RoundTripper {
			return httpclient.NewTransport(base, httpclient.Config{Propagator: s.encoding()})
		}},
	{name: "contrib b3 Inject on a clone, no span", kind: peer, single: true, client: contribClient},
	{name: "zipkin-go, never sampled", kind: peer, caller: zipkinCaller, fresh: true, rootIDs: true, mutates: true,
		client: func(_ sending, base http.RoundTripper) http.RoundTripper {
			return must(zipkinhttp.NewTransport(zipkinTracer(), zipkinhttp.RoundTripper(base)))
		}},
	{name: "otelhttp, no SDK: no span", kind: peer, single: true, client: otelClient(nil)},
	{name: "otelhttp, SDK, never sampled", kind: peer, fresh: true, rootIDs: true, single: true, client: otelClient(never)},
	{name: "otelhttp, SDK, ParentBased(0.001)", kind: peer, fresh: true, rootIDs: true, single: true, client: otelClient(ratio)},
}

func (s sending) request(caller func() context.Context) *http.Request {
	ctx := context.Background()
	if !s.root {
		if caller == nil {
			caller = otelCaller
		}
		ctx = caller()
	}
	r := must(http.NewRequestWithContext(ctx, http.MethodGet, "http://first.example/path", nil))
	r.Header = http.Header{"Accept": {"application/json"}, "User-Agent": {"test"}, "X-Caller": {"1"}}
	return r
}

// send returns work that sends a request.
func send(s sending, way sendingWay, more http.Header) work {
	base := newFake()
	transport, r := way.client(s, base), s.request(way.caller)
	maps.Copy(r.Header, more)
	before := r.Header.Clone()
	op := func(n int) {
		for range n {
			resp, err := transport.RoundTrip(r)
			if err != nil {
				panic(err)
			}
			resp.Body.Close() // this ends the span
		}
	}
	return work{op: op, check: func() error {
		base.asked = nil
		op(1)
		switch {
		case base.asked == nil:
			return errors.New("nothing was sent")
		case !way.mutates && !maps.EqualFunc(before, r.Header, func(a, b []string) bool { return strings.Join(a, ",") == strings.Join(b, ",") }):
			return errors.New("the caller's request was changed")
		case way.untold:
			return nil
		}
		return s.match(base.asked.Header, spanIn(r.Context()), way.fresh)
	}}
}

func clientJobs() (jobs []job) {
	for _, s := range []sending{{"X-B3-*", false, false}, {"b3", true, false}, {"no trace yet", false, true}} {
		j := job{name: "client, " + s.name}
		for _, way := range clientWays {
			if s.root && !way.rootIDs || s.single && !way.single {
				continue
			}
			j.variants = append(j.variants, variant{way.name, way.kind, func() work { return send(s, way, nil) }})
		}
		jobs = append(jobs, j)
	}
	return append(jobs, callLineJob())
}

// callLineJob measures the cost of a call's log line. Its floor is a line that the program writes
// itself, with values that it need not compute.
func callLineJob() job {
	return job{name: "client, call line", variants: []variant{
		{"clew, no line", baseline, func() work { return called(false, nil) }},
		{"clew, one `Info` line with the same fields", floor, func() work {
			return called(true, func(ctx context.Context) {
				logctx.Info(ctx).Str("method", "GET").Str("host", "first.example").Str("path", "/path").Int("status", 200).
					Float64(durationKey, 0.125).Int("attempt", 1).Str(parentIDKey, spanHex).Msg("call")
			})
		}},
		{"clew, `CallLog`", ours, func() work { return called(true, nil) }},
	}}
}

// called returns work that sends a request. If lined is true, there is a log line for the request:
// the function say writes it, or CallLog if say is nil.
func called(lined bool, say func(context.Context)) work {
	base, out := newFake(), new(lines)
	logger := logctx.New(out)
	cfg := httpclient.Config{}
	if lined && say == nil {
		cfg.CallLog = &httpclient.CallLogConfig{Logger: &logger}
	}
	transport, r := httpclient.NewTransport(base, cfg), sending{}.request(func() context.Context { return logger.WithContext(clewCaller()) })
	op := func(n int) {
		for range n {
			resp, err := transport.RoundTrip(r)
			if err != nil {
				panic(err)
			}
			if say != nil {
				say(resp.Request.Context())
			}
		}
	}
	return work{op: op, check: func() error {
		line, err := out.one(func() { op(1) })
		if !lined {
			if err == nil {
				return fmt.Errorf("unexpected line: %v", line)
			}
			return nil
		}
		if err != nil {
			return err
		}
		delete(line, "time")
		delete(line, durationKey)
		if say == nil && line[parentIDKey] == spanIn(r.Context()) {
			line[parentIDKey] = spanHex
		}
		want := map[string]any{"level": "info", "message": "call", "method": "GET", "host": "first.example", "path": "/path", "status": 200.0,
			"attempt": 1.0, parentIDKey: spanHex, traceIDKey: traceHex, spanIDKey: base.asked.Header.Get("X-B3-SpanId")}
		if !maps.Equal(line, want) {
			return fmt.Errorf("the line is %v", line)
		}
		return nil
	}}
}
