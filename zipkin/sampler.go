package zipkin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"example.com/clew/internal/newid"
	"example.com/clew/internal/seam"
	"example.com/clew/trace"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// sampler obeys B3 and leaves the rest to a trace.Sampler. Not OpenTelemetry's ParentBased: that
// knows a flag, which cannot tell a caller that defers from one that denies.
type sampler struct{ trace.Sampler }

// How the sampler tells the exporter what a span context cannot hold. Rare, and before all other
// attributes, so that they do not fall victim to their number.
const (
	debugKey   = attribute.Key("b3.debug")    // true in a debug trace
	traceIDKey = attribute.Key("b3.trace_id") // the text of an ID that came as 32 digits with a zero high half
	rootKey    = attribute.Key("b3.root")     // true if nobody reports the parent: it was invented, see package newid, or its service defers
)

func (s sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	parent := oteltrace.SpanContextFromContext(p.ParentContext)
	result := sdktrace.SamplingResult{Decision: sdktrace.Drop, Tracestate: parent.TraceState()}
	var caller trace.B3
	switch b, ok := trace.FromContext(p.ParentContext); {
	case b.TraceID == p.TraceID, // the parent's trace; or a trace to begin, without a span
		!ok && oteltrace.SpanFromContext(p.ParentContext) == noSpan: // a state that came alone, or nothing
		caller = b // not under any span, though it may have no IDs: that is how the SDK begins a new root
	}
	switch caller.Sampling {
	case trace.Deny:
		return result
	case trace.Accept, trace.Debug:
	default:
		if !s.Sample(p.TraceID) {
			return result
		}
	}
	result.Decision = sdktrace.RecordAndSample
	if caller.Sampling == trace.Debug {
		result.Attributes = append(result.Attributes, debugKey.Bool(true))
	}
	if isNarrow(p.TraceID) && caller.TraceID.IsValid() {
		var buf [32]byte
		if text := caller.AppendTraceID(buf[:0]); len(text) == 32 {
			result.Attributes = append(result.Attributes, traceIDKey.String(string(text)))
		}
	}
	invented, ok := p.ParentContext.Value(seam.InventedParent{}).(oteltrace.SpanID)
	if ok && invented == parent.SpanID() || caller.Sampling == trace.Defer && parent.IsRemote() {
		result.Attributes = append(result.Attributes, rootKey.Bool(true))
	}
	return result
}

func (s sampler) Description() string { return "B3" }

// noSpan is the current span of a context that has none.
var noSpan = oteltrace.SpanFromContext(context.Background())

// isNarrow reports whether id would be written in 16 digits, if nothing says otherwise.
func isNarrow(id oteltrace.TraceID) bool { return [8]byte(id[:8]) == [8]byte{} }

// ids makes the IDs of the SDK's spans as package trace makes its own.
type ids struct{}

func (ids) NewIDs(context.Context) (oteltrace.TraceID, oteltrace.SpanID) {
	return newid.Trace(), newid.Span()
}

func (ids) NewSpanID(context.Context, oteltrace.TraceID) oteltrace.SpanID { return newid.Span() }

// ratio is a trace.Ratio that tells its share as it was given. Nil: a Sampler decides, and there
// is none.
type ratio struct {
	*trace.Ratio
	setting sync.Mutex    // both at once
	share   atomic.Uint64 // a float64's bits
}

func newRatio(share float64) *ratio {
	r := &ratio{Ratio: trace.NewRatio(share)}
	r.share.Store(math.Float64bits(share))
	return r
}

func (r *ratio) load() float64 {
	if r == nil {
		return math.NaN()
	}
	return math.Float64frombits(r.share.Load())
}

func (r *ratio) set(share float64) error {
	if r == nil {
		return errSampler
	}
	if !(share >= 0 && share <= 1) { // written so that NaN fails too
		return fmt.Errorf("zipkin: ratio %v is not between 0 and 1", share)
	}
	r.setting.Lock()
	defer r.setting.Unlock()
	r.SetRate(share)
	r.share.Store(math.Float64bits(share))
	return nil
}

var (
	errNotRatio = errors.New("zipkin: the body is not a number between 0 and 1")
	errSampler  = errors.New("zipkin: no ratio to set: Config.Sampler decides")
)

// ServeHTTP answers GET with the ratio, as text, and sets it by PUT.
func (r *ratio) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if r == nil {
		http.Error(w, errSampler.Error(), http.StatusNotFound)
		return
	}
	switch req.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPut:
		const longest = 64
		body, err := io.ReadAll(io.LimitReader(req.Body, longest+1))
		share, parseErr := strconv.ParseFloat(strings.TrimSpace(string(body)), 64)
		if err != nil || len(body) > longest || parseErr != nil || r.set(share) != nil {
			http.Error(w, errNotRatio.Error(), http.StatusBadRequest)
			return
		}
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, strconv.FormatFloat(r.load(), 'g', -1, 64)+"\n")
}
