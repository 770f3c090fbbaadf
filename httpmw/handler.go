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
		v.label() // after defer: Labels is the user's, and may panic
	}
	if mark.IsOn() {
		v.serveMarked(w)
	} else {
		h.next.ServeHTTP(w, v.seen)
	}
	v.returned = true
}
