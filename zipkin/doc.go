// Package zipkin sends one trace in a thousand, whole, to Zipkin. Jaeger and OpenTelemetry's
// collector accept the same v2 JSON.
//
//	tp, err := zipkin.NewProvider(zipkin.Config{Service: "media-api", Endpoint: "http://127.0.0.1:9411"})
//	if err != nil { … }
//	defer func() {
//		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // not main's ctx
//		defer cancel()
//		if err := tp.Shutdown(ctx); err != nil {
//			log.Print(err) // how many spans were lost, and why
//		}
//	}()
//	otel.SetTracerProvider(tp) // or in the Configs of httpmw and httpclient
//
// [FromEnv] makes the Provider from OpenTelemetry's environment variables. Without any of them and
// without an Endpoint, Zipkin is off. So operators turn Zipkin on and off without a change in the
// program.
//
// [Provider] is an OpenTelemetry SDK ready made: sampler, resource, queue and exporter. [Exporter]
// is the exporter alone, for an SDK of your own.
//
// # Which traces
//
// A Provider obeys the four states of B3, whatever library starts the span. It never samples a
// trace in state deny. It always samples a trace in state accept or debug. [Config].Ratio, or a
// Sampler of your own, decides about traces that begin here or whose caller defers. The decision
// is sent to the next hop with the trace, so that a trace is recorded whole or not at all. The
// ratio decides by the low 64 bits of the trace ID, so that services with the same ratio would
// decide alike even if no decision were sent.
//
// # The pipe
//
// When a span ends, it is written as JSON into a queue that is bounded in spans and in bytes. The
// request of the span does not wait for the collector. One goroutine takes batches from the queue,
// compresses them and posts them.
//
// A batch is posted again, after a pause, if the connection fails, if ten seconds pass without an
// answer, and if the answer is 408, 429, 502, 503 or 504. The pauses grow up to five seconds. They
// are longer if the collector asks for more in Retry-After, up to about thirty seconds. After 500
// a batch gets two more tries.
//
// A compressed batch that is refused with 400 or 415 is posted once more as plain JSON, since the
// collector may be unable to gunzip. If the collector accepts the plain JSON, the next thousand
// batches are not compressed.
//
// A batch that is refused as too large or malformed (413, 400) is posted again in halves. A batch
// is also halved if the connection breaks eight times in a row while it is posted. In this way
// only the spans that are to blame are lost, if they are not too many. With any other answer, even
// a redirect, the batch is lost.
//
// When the queue is full, a span that ends is lost. From then until a span leaves the queue, other
// spans that are at least as large are lost too, without being encoded.
//
// Each span that ended is sent, dropped or queued, and [Stats] counts all three at one moment. The
// package logs nothing.
//
// # What a span becomes
//
// A trace ID has the same 16 or 32 digits as in headers and log lines. The attributes of the span
// and of its resource become tags. Events become annotations. Links become the tag "links". A
// failed span has the tag "error". Names are in lower case, as Zipkin's schema asks. A text is cut
// after 8,000 bytes.
//
// # What is left out
//
// URLs lose user, query and fragment in every text, also in names and error messages. This
// includes URLs without a scheme (//user@host). An attribute that holds a host by convention, such
// as server.address, loses a user in front of the host.
//
// Credentials are left out: headers, gRPC metadata and parameters of statements with a name like
// cookie, authorization, token, secret or key. In maps and lists, the keys that lead to a value
// decide in the same way.
//
// A secret that an instrumentation puts elsewhere is not found: for instance a password in a
// statement, JSON in a text, or user:password@host without slashes in front.
package zipkin
