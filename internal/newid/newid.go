// Package newid makes the IDs of new traces and spans.
//
// Packages httpclient, trace and zipkin import it. It is a package of its own because trace does
// not export how it makes IDs, and zipkin's IDs should look the same.
package newid

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// Trace returns 32 bits of epoch seconds and 96 random bits, the form that Brave and X-Ray use.
// W3C's rules allow it, and the ID shows when the trace began.
//
// The randomness is math/rand/v2's: seeded once by the runtime from the system, then
// ChaCha8 per thread, so that no request waits for entropy. IDs must be unique, not secret.
func Trace() (id oteltrace.TraceID) {
	binary.BigEndian.PutUint32(id[:4], uint32(time.Now().Unix()))
	binary.BigEndian.PutUint32(id[4:8], rand.Uint32())
	binary.BigEndian.PutUint64(id[8:], random64())
	return id
}

// Span returns 64 random bits.
func Span() (id oteltrace.SpanID) {
	binary.BigEndian.PutUint64(id[:], random64())
	return id
}

// random64 returns a random number other than zero, because neither a span ID nor the low half of
// a trace ID may be zero.
func random64() uint64 {
	for {
		if n := rand.Uint64(); n != 0 {
			return n
		}
	}
}
