package httpclient

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/fields"
	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/mark"
	"example.com/clew/internal/redact"
	"example.com/clew/internal/seam"
	"example.com/clew/trace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Config is the configuration of a client. The zero value is ready to use.
type Config struct {
	// TracerProvider makes the spans. Nil: as [trace.Start] says.
	TracerProvider oteltrace.TracerProvider

	// Propagator writes the headers. Nil: trace.Propagator{}, which writes X-B3-*.
	Propagator propagation.TextMapPropagator

	// Propagate says which requests may carry our headers; it is asked for redirects too, must not
	// change the request, and must be safe for concurrent use. Nil: all but a redirect to another
	// host name than the first one asked.
	//
	// A function replaces that rule: one that does not look at redirects sends the headers
	// wherever they lead. [SameSite], [Hosts] and [PrivateNetworks] are ready made; combine them
	// with || and && in a function of your own.
	//
	// A request that may not carry the headers is still a span, and stale ones are still taken
	// off it: a signature must not cover trace headers of the caller's own.
	Propagate func(*http.Request) bool

	// CallLog writes a log line an attempt, whether or not anything is sampled. Nil: no lines, and
	// no cost.
	CallLog *CallLogConfig
}

// hop is a Config made ready: what the transport and the resty hooks share.
type hop struct {
	starter    trace.Starter
	propagator propagation.TextMapPropagator
	propagate  func(*http.Request) bool // nil: the default policy
	fields     fields.Set               // that are ours to write: what is there already is stale
	hints      uint64                   // a bit for each of fields, see hint
	calls      *callLog                 // nil: no lines
}

func newHop(cfg Config) *hop {
	h := &hop{
		starter:    trace.Starter{TracerProvider: cfg.TracerProvider, Kind: oteltrace.SpanKindClient},
		propagator: cfg.Propagator,
		propagate:  cfg.Propagate,
		calls:      newCallLog(cfg.CallLog),
	}
	if h.propagator == nil {
		h.propagator = trace.Propagator{}
	}
	h.fields = fields.Of(h.propagator)
	for _, name := range h.fields {
		h.hints |= hint(name)
	}
	return h
}

// hint returns one of 64 bits for name, by its length and first letter, in any case.
func hint(name string) uint64 {
	if name == "" || name[0] >= utf8.RuneSelf {
		return 1
	}
	return 1 << ((len(name) + int(name[0]&31)) & 63)
}

// isStale reports whether a header of that name is not sent on. Few names share a hint with ours.
func (h *hop) isStale(name string) bool {
	return h.hints&hint(name) != 0 && h.fields.Has(name)
}

// removeStale removes from header what is stale.
func (h *hop) removeStale(header http.Header) {
	if len(header) > 0 {
		maps.DeleteFunc(header, func(name string, _ []string) bool { return h.isStale(name) })
	}
}

// start begins the span of an attempt in ctx. caller is ctx without what earlier attempts have
// left there. rejoin is the zero B3, or an earlier attempt whose trace this one stays in, as its
// sibling.
func (h *hop) start(ctx, caller context.Context, rejoin trace.B3, method string) (context.Context, oteltrace.Span) {
	if mark.IsOn() {
		ctx = implicit(ctx, caller, rejoin.TraceID)
	}
	if g := goroutine.CurrentGuard(); g != nil && !rejoin.TraceID.IsValid() {
		if _, traced := trace.FromContext(ctx); !traced {
			g.Lost("request", goroutine.PlaceOfRequest)
		}
	}
	rejoin.SpanID, rejoin.ParentSpanID = oteltrace.SpanID{}, oteltrace.SpanID{}
	return h.starter.Start(ctx, rejoin, clip.Method(methodOf(method)))
}

// implicit returns ctx with the trace of this goroutine, if there is one and caller has none. An
// attempt that stays in a trace is this goroutine's only if that is in the same one.
//
// It is tempting to ask ctx by trace.Implicit. But an earlier attempt's record there looks like
// a trace.
func implicit(ctx, caller context.Context, stays oteltrace.TraceID) context.Context {
	if _, traced := trace.FromContext(caller); traced {
		return ctx
	}
	from := seam.Marked()
	if b, traced := trace.FromContext(from); !traced || stays.IsValid() && stays != b.TraceID {
		return ctx
	}
	return seam.Adopt(ctx, from)
}

// methodOf is what net/http makes of an empty method.
func methodOf(method string) string {
	if method == "" {
		return http.MethodGet
	}
	return method
}

// write puts the trace of ctx on header, which has nothing stale, if it may be there.
func (h *hop) write(ctx context.Context, header http.Header, allowed bool) {
	if !allowed {
		return
	}
	to := propagation.HeaderCarrier(header)
	if own, ok := h.propagator.(trace.Propagator); ok {
		own.Inject(ctx, seam.Clean{HeaderCarrier: to})
	} else {
		h.propagator.Inject(ctx, to)
	}
}

// allows asks Propagate, or goes by the default policy's answer.
func (h *hop) allows(r *http.Request, byDefault bool) bool {
	if h.propagate != nil {
		return h.propagate(r)
	}
	return byDefault
}

// describe gives a recording span its attributes, by OpenTelemetry's HTTP conventions. The
// URL is without user, query and fragment, in which secrets travel. For a span that is not
// recording, r is not looked at. A redirect's URL is as long as the server likes.
func describe(span oteltrace.Span, r *http.Request, attempt int) {
	if !span.IsRecording() {
		return
	}
	var room [6]attribute.KeyValue
	attrs := clip.AppendMethod(room[:0], methodOf(r.Method))
	if u := r.URL; u.Host != "" {
		attrs = append(attrs,
			attribute.String("server.address", clip.UTF8(redact.Host(u.Hostname()))),
			attribute.String("url.full", clip.UTF8(redact.URL(u.Scheme+"://"+u.Host+u.EscapedPath()))))
		if port := portOf(u); port != 0 {
			attrs = append(attrs, attribute.Int("server.port", port))
		}
	}
	if attempt > 1 {
		attrs = append(attrs, attribute.Int("http.request.resend_count", attempt-1))
	}
	span.SetAttributes(attrs...) // at once: an SDK makes room each time
}

// portOf is the port that u leads to; 0 if it names none that could be.
func portOf(u *url.URL) int {
	switch text := u.Port(); {
	case text != "":
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return 0
		}
		return int(port)
	case u.Scheme == "http":
		return 80
	case u.Scheme == "https":
		return 443
	}
	return 0
}

// withoutURL is err without the URL that net/url and net/http quote: URLs hold secrets.
func withoutURL(err error) error {
	for with := (*url.Error)(nil); errors.As(err, &with) && with.Err != nil; {
		if with.Op == "parse" { // its reason quotes pieces of the URL
			return errors.New("malformed URL")
		}
		err = with.Err
	}
	if strings.HasPrefix(err.Error(), "failed to parse Location header") { // net/http quotes it
		return errors.New("malformed Location header")
	}
	return err
}

// tell returns what may be said of err, with which a request to u has ended; see redact.Error.
func tell(err error, u *url.URL) (text string, told error) { return redact.Error(err, u, withoutURL) }

// conclude gives a recording span the outcome of a request to u, which may be nil. It does not end
// the span.
func conclude(span oteltrace.Span, status int, err error, u *url.URL) {
	if !span.IsRecording() {
		return
	}
	if status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= 400 {
			span.SetStatus(codes.Error, "")
		}
	}
	if err != nil {
		text, told := tell(err, u)
		span.RecordError(told)
		span.SetStatus(codes.Error, text)
	}
}
