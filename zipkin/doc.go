// Package zipkin sends one trace in a thousand, whole, to Zipkin or whatever else takes its v2
// JSON: Jaeger, an OpenTelemetry collector.
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
// [FromEnv] does the same with what the environment says, and is off where it says nothing: Zipkin
// goes on and off without a change in the program.
//
// [Provider] is an OpenTelemetry SDK ready made: sampler, resource, queue, exporter. [Exporter] is
// the last part alone, for those who put an SDK together themselves.
//
// # Which traces
//
// The four states of B3 are obeyed, whoever starts the span: deny never, accept and debug always;
// [Config].Ratio, or a Sampler of your own, decides what a caller left open and what begins here.
// The decision goes to the next hop with the trace, so that a trace is there whole or not at all.
// The ratio goes by the low 64 bits of the trace ID, so that services with the same ratio would
// decide alike even without being told.
//
// # The pipe
//
// A span that ends is written as JSON, there and then, into a queue that is bounded in spans and
// in bytes; the request that it belongs to waits for nothing and nobody. One goroutine takes
// batches from the queue, compresses and posts them.
//
// A batch that cannot be sent now waits, longer and longer, up to five seconds, or as long as the
// collector asks for in Retry-After, up to about thirty: when there is no connection, no answer in
// ten seconds, or 408, 429, 502, 503 or 504. After 500 a batch gets two more tries. A compressed
// batch that is refused with 400 or 415 is posted once more as plain JSON, since the collector may
// not gunzip; if it takes that, the next thousand batches are not compressed. A batch that is
// refused as too large or malformed (413, 400) is sent again in halves, and so is one over which
// the connection breaks eight times in a row, so that the spans go that are to blame and, if they
// are not too many, the others arrive. Every other answer, redirects too, loses the batch.
//
// When the queue is full, the span that ends is the one that is lost. A span that has no room is
// not encoded either, if it has as much in it as one that found none since a span last left.
//
// Each span that ended is in one of three places, and [Stats] counts them at one moment: sent,
// dropped, or queued. Nothing is logged.
//
// # What a span becomes
//
// A trace ID has the 16 or 32 digits that it has on the wire and in the log. Attributes become
// tags, of the span and of its resource; events become annotations, and links the tag "links". An
// error is the tag "error". Names are in lower case, as Zipkin's schema asks. A text is cut after
// 8,000 bytes.
//
// URLs lose user, query and fragment wherever they stand, in names and error messages too, and
// also without a scheme (//user@host). An attribute that is a host by convention, such as
// server.address, loses a user before it. Headers, gRPC metadata and parameters of statements by
// which somebody proves who they are, such as cookies and what is called authorization, token,
// secret or key, are left out. Maps and lists are judged in the same way, by the keys that lead
// to what is in them. What an instrumentation puts elsewhere is not found: a password in a
// statement for instance, JSON in a text, or user:password@host without slashes before it.
package zipkin
