package httpmw

import (
	"log/slog"
	"net/http"
	"runtime/pprof"

	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Config is the configuration of [New]. The zero value is ready to use. Its functions must be
// safe for concurrent use.
type Config struct {
	// TracerProvider makes the spans. Nil: the provider that [trace.Start] would ask.
	TracerProvider oteltrace.TracerProvider

	// Propagator reads the headers. Nil: trace.Propagator{}, which reads both encodings of B3. The
	// context keeps the baggage, and whatever else the Propagator reads, only with TrustAll.
	// Propagators that are not trace's cannot say that the caller left the decision open: they say
	// "not sampled".
	//
	// In httpclient, Config.Propagator writes the headers of outgoing requests, and
	// Config.Propagate says which requests may carry them.
	Propagator propagation.TextMapPropagator

	// Trust returns what to believe of a request's headers. Nil: TrustAll.
	Trust func(*http.Request) Trust

	// Sample, if set, decides whether a request's trace is sampled when the caller has not
	// decided or is not trusted to decide: for requests without headers, for callers that defer,
	// and for all callers under TrustIDs and TrustNone. Sample is called once for each such
	// request, before every sampler and SDK, and overrules them. Sample sees the request that
	// Trust sees: the route is not known yet.
	//
	// Sample's answer counts as a caller's decision. With Accept the trace is sampled. With Deny
	// it is not sampled, and the called services do not sample it either. With Debug it is
	// sampled here and in the called services, whatever their samplers say, and the request has
	// the log level of a debug trace. Defer, and any value that is none of the four, leaves the
	// decision to the sampler. A panic in Sample is not recovered, and no span has begun by then.
	//
	// Inside of another New, or of otelhttp, Sample is not called, because a span of this process
	// has decided already. There are two exceptions. Under TrustNone Sample is called, because a
	// new trace begins. If the caller defers, Sample is also called inside of otelhttp, because
	// otelhttp may have taken the caller for one that denies. So put this New outermost. Nil: the
	// sampler decides.
	Sample func(*http.Request) trace.Sampling

	// Logger, if set, is put into each request's context and bound to that context, so that plain
	// zerolog.Ctx(ctx).Info() has the ID too. The logger gets logctx's hook if it has none. In a
	// debug trace whose decision is trusted, the logger's level is debug and its Sampler is not
	// asked, so that all lines are written (zerolog's global level still applies). Nil: the
	// context keeps its own logger.
	Logger *zerolog.Logger

	// Slog, if set, is put into each request's context for [logctx.SlogFrom], beside Logger or
	// alone. The logger gets logctx's handler if it has none. In a debug trace whose decision is
	// trusted, SlogFrom returns a logger that writes all lines from debug on. Nil: the context
	// keeps its own logger.
	Slog *slog.Logger

	// Implicit gives the goroutine of the handler the request's trace while the handler runs, as
	// trace.Do does. Log lines and outgoing requests whose context has no trace, or that have no
	// context, then have the request's trace. Loggers need logctx's hook or handler, and may be
	// global or made in main; clients need httpclient's transport. Goroutines that the handler
	// starts have the trace only through their context, or as workerpool's tasks.
	// http.TimeoutHandler runs its handler in such a goroutine: call trace.Do in that handler.
	//
	// Implicit costs no allocation. The first New with Implicit, or the first trace.Do, switches
	// the lookup on for the whole process: see [trace.Do], also for its limits. From then on, a
	// New without Implicit searches the stack once for each request. If it is inside of trace.Do
	// or of a New with Implicit, it gives the goroutine its own trace too, so that its handler
	// does not find the outer trace.
	Implicit bool

	// ResponseHeader names a response header that gets the trace ID, such as "X-B3-TraceId". The
	// header is set before the handler runs. The handler can change it: httputil.ReverseProxy adds
	// the backend's value, and clears the header when the backend sends a 1xx. "": none.
	ResponseHeader string

	// Labels, if set, returns the profiler labels of a request. CPU and goroutine profiles show
	// them, and so do dumps and panics with GODEBUG=tracebacklabels=1; see [RouteLabels]. Labels
	// is called before the handler. The handler's goroutine has the labels until the handler
	// returns, together with the labels that the request's context had before. The goroutines that
	// the handler starts have the labels too. workerpool's tasks have them if their context is the
	// handler's, and do not have them if their context comes from trace.Only.
	//
	// If the handler itself calls a task that workerpool has wrapped, the task clears the
	// handler's labels, because Go cannot read labels to restore them. Labels are for people:
	// clew reads no ID from them. Nil: none.
	Labels func(r *http.Request) pprof.LabelSet

	// SpanName names a request's span, if the span is recorded. It is called after the handler,
	// when r.Pattern is known. If the router left r.Pattern empty, SpanName finds in r.Pattern the
	// template that [SetRoute] was given. Nil: method and route.
	SpanName func(r *http.Request) string
}
