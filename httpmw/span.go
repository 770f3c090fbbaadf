package httpmw

import (
	"net/http"
	"net/netip"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/route"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// describe gives a recording span the attributes that are known before the handler runs, by
// OpenTelemetry's HTTP conventions.
func describe(span oteltrace.Span, r *http.Request) {
	var room [5]attribute.KeyValue
	attrs := clip.AppendMethod(room[:0], r.Method)
	if r.URL != nil {
		attrs = append(attrs, attribute.String("url.path", clip.UTF8(r.URL.Path)))
	}
	// A Unix socket has another form of address, and middleware may write any text into
	// RemoteAddr.
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		attrs = append(attrs,
			attribute.String("network.peer.address", peer.Addr().Unmap().String()),
			attribute.Int("network.peer.port", int(peer.Port())))
	}
	span.SetAttributes(attrs...) // all at once, since an SDK allocates for each call
}

// conclude names a recording span, now that the route is known, and ends it.
func (h *handler) conclude(span oteltrace.Span, r *http.Request, cell *route.Cell, panicked bool) {
	defer span.End() // also when SpanName panics
	if panicked {
		span.SetStatus(codes.Error, "panic")
	}
	template := routeOf(r, cell)
	if template != "" {
		span.SetAttributes(attribute.String("http.route", template))
	}
	span.SetName(clip.UTF8(h.nameOf(r, template)))
}

// nameOf returns the name of r's span. The name does not contain the path, because spans are
// grouped by name.
func (h *handler) nameOf(r *http.Request, template string) string {
	switch {
	case h.SpanName != nil:
		if r.Pattern == "" && template != "" {
			named := *r // a copy, since a goroutine of the handler may be reading r
			named.Pattern, r = template, &named
		}
		return h.SpanName(r)
	case template != "":
		return clip.Method(r.Method) + " " + template
	}
	return clip.Method(r.Method)
}
