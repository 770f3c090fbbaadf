package httpclient

import (
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Config is the configuration of a client. The zero value is ready to use.
type Config struct {
	// TracerProvider makes the spans. Nil: the provider that [trace.Start] would ask.
	TracerProvider oteltrace.TracerProvider

	// Propagator writes the headers. Nil: trace.Propagator{}, which writes X-B3-*.
	Propagator propagation.TextMapPropagator

	// Propagate reports whether a request may carry the headers that Propagator writes. It is
	// called for redirects too, must not change the request, and must be safe for concurrent use.
	// If Propagate is nil, all requests carry the headers, except redirects to a host name other
	// than the first request's.
	//
	// A function replaces that rule for redirects too: if it allows every request, the headers go
	// wherever a redirect leads. [SameSite], [Hosts] and [PrivateNetworks] are such functions.
	// Combine them by || and && in a function of your own.
	//
	// In the called service, httpmw's Config.Propagator reads the headers, and httpmw's
	// Config.Trust says whose headers to believe.
	//
	// A request that may not carry the headers still has a span. Trace headers that the caller
	// has set are always removed, so a signature must not cover them.
	Propagate func(*http.Request) bool

	// CallLog writes a log line for each attempt, whether or not anything is sampled. Nil: no
	// lines, and no cost.
	CallLog *CallLogConfig
}
