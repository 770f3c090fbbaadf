package httpclient

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"unicode/utf8"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/fields"
	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/mark"
	"example.com/clew/internal/seam"
	"example.com/clew/trace"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// hop is what the transport and the resty hooks share: a Config, with the values that newHop
// computes from it.
type hop struct {
	starter    trace.Starter
	propagator propagation.TextMapPropagator
	propagate  func(*http.Request) bool // nil: the default policy
	// fields are the headers that propagator writes. In the caller's request they are stale.
	fields fields.Set
	hints  uint64   // all bits that hint returns for fields
	calls  *callLog // nil: no lines
}

func newHop(cfg Config) *hop {
	h := &hop{
		starter:    trace.Starter{TracerProvider: cfg.TracerProvider, Kind: oteltrace.SpanKindClient},
		propagator: cfg.Propagator,
		propagate:  cfg.Propagate,
		calls:      newCallLog(cfg.CallLog),
	}
	if h.propagator == nil {
		h.propagator = trace.Propagator{}
	}
	h.fields = fields.Of(h.propagator)
	for _, name := range h.fields {
		h.hints |= hint(name)
	}
	return h
}

// hint returns one of 64 bits for the length and the first letter of name. The letter's case does
// not matter.
func hint(name string) uint64 {
	if name == "" || name[0] >= utf8.RuneSelf {
		return 1
	}
	return 1 << ((len(name) + int(name[0]&31)) & 63)
}

// isStale reports whether a header of that name is stale, so that it is not sent. For most names
// the hint is enough.
func (h *hop) isStale(name string) bool {
	return h.hints&hint(name) != 0 && h.fields.Has(name)
}

// removeStale removes the stale headers from header.
func (h *hop) removeStale(header http.Header) {
	if len(header) > 0 {
		maps.DeleteFunc(header, func(name string, _ []string) bool { return h.isStale(name) })
	}
}

// cloneHeader returns a copy of header without stale headers and with capacity for the trace
// headers. The copy shares the slices of values. They are clipped, so that an append in the copy
// does not write into header's array.
func (h *hop) cloneHeader(header http.Header) http.Header {
	const (
		ours  = 4 // number of the trace headers X-B3-*
		group = 8 // entries of the smallest map, which maps.Clone copies without hashing a name
	)
	if header != nil && len(header)+ours <= group {
		clone := maps.Clone(header)
		for name, values := range header {
			switch {
			case h.isStale(name):
				delete(clone, name)
			case len(values) < cap(values):
				clone[name] = slices.Clip(values)
			}
		}
		return clone
	}
	clone := make(http.Header, len(header)+ours)
	for name, values := range header {
		if !h.isStale(name) {
			clone[name] = slices.Clip(values)
		}
	}
	return clone
}

// start begins the span of an attempt in ctx. caller is ctx without the links of earlier
// attempts. stay is the trace that the attempt must stay in, as a sibling of an earlier attempt.
// stay is the zero B3 if ctx determines the trace.
func (h *hop) start(ctx, caller context.Context, stay trace.B3, method string) (context.Context, oteltrace.Span) {
	if mark.IsOn() {
		ctx = implicit(ctx, caller, stay.TraceID)
	}
	if g := goroutine.CurrentGuard(); g != nil && !stay.TraceID.IsValid() {
		if _, traced := trace.FromContext(ctx); !traced {
			g.Lost("request", goroutine.PlaceOfRequest)
		}
	}
	stay.SpanID, stay.ParentSpanID = oteltrace.SpanID{}, oteltrace.SpanID{}
	return h.starter.Start(ctx, stay, clip.Method(methodOf(method)))
}

// implicit returns ctx with the trace of this goroutine, if there is one and caller has none. If
// the attempt must stay in a trace, and the goroutine has another trace, implicit returns ctx.
//
// Do not call trace.Implicit(ctx) instead: the record of an earlier attempt in ctx looks like a
// trace.
func implicit(ctx, caller context.Context, stay oteltrace.TraceID) context.Context {
	if _, traced := trace.FromContext(caller); traced {
		return ctx
	}
	from := seam.Marked()
	if b, traced := trace.FromContext(from); !traced || stay.IsValid() && stay != b.TraceID {
		return ctx
	}
	return seam.Adopt(ctx, from)
}

// write puts the trace of ctx on header if allowed is true. header must not have stale headers.
func (h *hop) write(ctx context.Context, header http.Header, allowed bool) {
	if !allowed {
		return
	}
	carrier := propagation.HeaderCarrier(header)
	if own, ok := h.propagator.(trace.Propagator); ok {
		own.Inject(ctx, seam.Clean{HeaderCarrier: carrier})
	} else {
		h.propagator.Inject(ctx, carrier)
	}
}

// allows returns the answer of Propagate. Without Propagate, it returns byDefault, the answer of
// the default policy.
func (h *hop) allows(r *http.Request, byDefault bool) bool {
	if h.propagate != nil {
		return h.propagate(r)
	}
	return byDefault
}

// methodOf returns what net/http sends for a method.
func methodOf(method string) string {
	if method == "" {
		return http.MethodGet
	}
	return method
}
