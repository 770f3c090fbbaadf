package trace

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// Sampler decides whether a trace is sampled if neither a caller nor this service has decided
// yet. It must be safe for concurrent use. It should give the same answer for an ID in every
// service; the comment of [NewLimit] says where answers may differ.
type Sampler interface {
	Sample(oteltrace.TraceID) bool
}

type constant bool

func (c constant) Sample(oteltrace.TraceID) bool { return bool(c) }

// Always returns a Sampler that samples every trace.
func Always() Sampler { return constant(true) }

// Never returns a Sampler that samples no trace.
func Never() Sampler { return constant(false) }

// Ratio samples a share of the traces. It decides by the low 64 bits of the ID. So the answer is
// the same for the 64-bit and the 128-bit form of an ID, and the same as the answer of
// OpenTelemetry's TraceIDRatioBased at the same rate. Anyone who can choose trace IDs can choose
// to be sampled. The zero value samples none. A Ratio is safe for concurrent use.
type Ratio struct {
	bound atomic.Uint64 // the rate, times 1<<63
}

// NewRatio returns a Ratio that samples this share of the traces: a rate of 0.001 is one trace in
// a thousand. It panics if rate is not between 0 and 1.
func NewRatio(rate float64) *Ratio {
	r := new(Ratio)
	r.SetRate(rate)
	return r
}

// SetRate changes the rate while the program runs, for traces that begin from now on. It panics
// if rate is not between 0 and 1.
func (r *Ratio) SetRate(rate float64) {
	if !(rate >= 0 && rate <= 1) { // written so that NaN fails too
		panic(fmt.Sprintf("trace: sampling rate %v is not between 0 and 1", rate))
	}
	r.bound.Store(uint64(rate * (1 << 63)))
}

// Sample implements [Sampler].
func (r *Ratio) Sample(id oteltrace.TraceID) bool {
	return binary.BigEndian.Uint64(id[8:])>>1 < r.bound.Load()
}
