// Package zipkin sends one trace in a thousand, whole, to Zipkin. Jaeger and OpenTelemetry's
// collector take its v2 JSON too.
//
//	tp, err := zipkin.NewProvider(zipkin.Config{Service: "media-api", Endpoint: "http://127.0.0.1:9411"})
//	if err != nil { … }
//	defer func() {
//		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // not main's own
//		defer cancel()
//		if err := tp.Shutdown(ctx); err != nil {
//			log.Print(err) // how many spans were lost, and why
//		}
//	}()
//	otel.SetTracerProvider(tp) // or in the Configs of httpmw and httpclient
//
// [FromEnv] does the same with OpenTelemetry's environment variables. Without them Zipkin is off,
// so that operators turn it on and off without a change in the program.
//
// [Provider] is an OpenTelemetry SDK ready made: sampler, resource, queue and exporter. [Exporter]
// is the exporter alone, for an SDK of your own.
//
// # Which traces
//
// A Provider obeys the four states of B3, whatever library starts the span. It never samples a
// trace in state deny, and always samples one in state accept or debug. [Config].Ratio, or a
// Sampler of your own, decides the traces that a caller left open or that begin here. The decision
// goes to the next hop with the trace, so that a trace is recorded whole or not at all. The ratio
// depends on the low 64 bits of the trace ID, so that services with the same ratio would decide
// alike even without being told.
//
// # The pipe
//
// A span that ends is written as JSON at once, into a queue that is bounded in spans and in bytes.
// The request of the span waits for nothing. One goroutine takes batches from the queue,
// compresses and posts them.
//
// A batch waits and is tried again after a failed connection, after ten seconds without an answer,
// and after 408, 429, 502, 503 or 504. The pauses grow up to five seconds. They are longer if the
// collector asks for more in Retry-After, up to about thirty seconds. After 500 a batch gets two
// more tries.
//
// A compressed batch that is refused with 400 or 415 is posted once more as plain JSON, since the
// collector may be unable to gunzip. If the collector takes the plain JSON, the next thousand
// batches are not compressed.
//
// A batch that is refused as too large or malformed (413, 400) is sent again in halves. So is a
// batch over which the connection breaks eight times in a row. In this way only the spans to blame
// are lost, if they are not too many. Every other answer, redirects too, loses the batch.
//
// When the queue is full, a span that ends is lost. After a span found no room, other spans that
// hold at least as much as that one are lost without being encoded, until a span leaves the queue.
//
// Each span that ended is sent, dropped or queued, and [Stats] counts all three at one moment.
// Nothing is logged.
//
// # What a span becomes
//
// A trace ID has the 16 or 32 digits that it has on the wire and in the log. The attributes of the
// span and of its resource become tags. Events become annotations, and links the tag "links". An
// error is the tag "error". Names are in lower case, as Zipkin's schema asks. A text is cut after
// 8,000 bytes.
//
// # What is left out
//
// URLs lose user, query and fragment wherever they stand, in names and error messages too. So do
// URLs without a scheme (//user@host). An attribute that is a host by convention, such as
// server.address, loses a user before the host.
//
// Credentials are left out: headers, gRPC metadata and parameters of statements with a name like
// cookie, authorization, token, secret or key. Maps and lists are judged in the same way, by
// the keys that lead to each value.
//
// A secret that an instrumentation puts elsewhere is not found: for instance a password in a
// statement, JSON in a text, or user:password@host without slashes before it.
package zipkin
