// Package newid makes the IDs of new traces and spans.
//
// Packages httpclient, trace and zipkin import it. It is a package of its own because trace does
// not export how it makes IDs, and zipkin's are to look the same.
package newid

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// Trace returns 32 bits of epoch seconds and 96 random bits, the form that Brave and
// X-Ray use. It is lawful for W3C, and an ID says when its trace began.
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

// random64 is never zero: a span ID or the low half of a trace ID must not be.
func random64() uint64 {
	for {
		if n := rand.Uint64(); n != 0 {
			return n
		}
	}
}
