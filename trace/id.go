package trace

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// newTraceID returns 32 bits of epoch seconds and 96 random bits, the form that Brave and
// X-Ray use. It is lawful for W3C, and an ID says when its trace began.
//
// The randomness is math/rand/v2's: seeded once by the runtime from the system, then
// ChaCha8 per thread, so that no request waits for entropy. IDs must be unique, not secret.
func newTraceID() (id oteltrace.TraceID) {
	binary.BigEndian.PutUint32(id[:4], uint32(time.Now().Unix()))
	binary.BigEndian.PutUint32(id[4:8], rand.Uint32())
	binary.BigEndian.PutUint64(id[8:], random64())
	return id
}

func newSpanID() (id oteltrace.SpanID) {
	binary.BigEndian.PutUint64(id[:], random64())
	return id
}

// appendHex appends src, whose length is a multiple of four, as lower-case hexadecimal digits: four
// bytes at a time, in half the time that encoding/hex needs for an ID.
func appendHex(dst, src []byte) []byte {
	for ; len(src) >= 4; src = src[4:] {
		v := uint64(binary.BigEndian.Uint32(src)) // spread so that each digit has a byte
		v = (v | v<<16) & 0x0000ffff0000ffff
		v = (v | v<<8) & 0x00ff00ff00ff00ff
		v = (v | v<<4) & 0x0f0f0f0f0f0f0f0f
		letters := (v + 0x0606060606060606) >> 4 & 0x0101010101010101 // 1 for a digit above 9
		dst = binary.BigEndian.AppendUint64(dst, v+0x3030303030303030+letters*('a'-'0'-10))
	}
	return dst
}

// random64 is never zero: a span ID or the low half of a trace ID must not be.
func random64() uint64 {
	for {
		if n := rand.Uint64(); n != 0 {
			return n
		}
	}
}
