package httpclient

import (
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Config is the configuration of a client. The zero value is ready to use.
type Config struct {
	// TracerProvider makes the spans. Nil: as [trace.Start] says.
	TracerProvider oteltrace.TracerProvider

	// Propagator writes the headers. Nil: trace.Propagator{}, which writes X-B3-*.
	Propagator propagation.TextMapPropagator

	// Propagate says which requests may carry the headers that Propagator writes. It is asked for
	// redirects too, must not change the request, and must be safe for concurrent use. Nil: all
	// requests, except redirects to a host name other than the first request's.
	//
	// A function replaces that rule: one that ignores redirects sends the headers wherever a
	// redirect leads. [SameSite], [Hosts] and [PrivateNetworks] are ready made; combine them by ||
	// and && in a function of your own.
	//
	// On the other side, httpmw's Config.Propagator reads the headers, and its Config.Trust says
	// whose headers to believe.
	//
	// A request that may not carry the headers still has a span. Stale headers are still removed
	// from it, so a signature must not cover trace headers of the caller's own.
	Propagate func(*http.Request) bool

	// CallLog writes a log line for each attempt, whether or not anything is sampled. Nil: no
	// lines, and no cost.
	CallLog *CallLogConfig
}
