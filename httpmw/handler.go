package httpmw

import (
	"net/http"

	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/mark"
	"example.com/clew/internal/route"
	"example.com/clew/trace"
)

// handler serves each request in a trace.
type handler struct {
	*middleware
	next http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	trust := TrustAll
	if h.Trust != nil {
		trust = h.Trust(r)
	}
	traced, span, header := h.start(r, trust)
	if h.ResponseHeader != "" {
		w.Header().Set(h.ResponseHeader, trace.ID(traced))
	}

	var v visit
	v.handler, v.given, v.span, v.recording = h, r, span, span.IsRecording()
	ctx := traced
	if h.equips || goroutine.CurrentGuard() != nil {
		ctx = v.equip(traced)
	}
	v.seen = r.WithContext(ctx)
	v.seen.Header = header
	if trust != TrustAll && len(r.Trailer) > 0 {
		h.refused.withoutTrailers(v.seen)
	}
	if v.recording || route.Wanted() || made(r) {
		v.report(traced)
	}

	defer v.end()
	if v.restore != nil {
		v.label() // after defer, since Labels is the user's function and may panic
	}
	if mark.IsOn() && h.marks() {
		mark.Run(&mark.Call{Ctx: v.seen.Context(), Handler: h.next, W: w, R: v.seen}, true)
	} else {
		h.next.ServeHTTP(w, v.seen)
	}
	v.returned = true
}

// marks reports whether the goroutine is marked while the handler runs. It is marked if New is
// Implicit. It is also marked if it has a mark from further out, to hide the trace of that mark.
// Looking for a mark costs more than marking, but a mark on each request would make every New
// Implicit.
func (h *handler) marks() bool { return h.Implicit || mark.Find() != nil }
