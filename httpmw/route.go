package httpmw

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/route"
)

// SetRoute says which route a request takes: template goes on its access line, and on its span if
// that is recorded. ctx is the request's context, or one derived from it. If template begins with
// a method, as [http.Request].Pattern may, the method is left out. Call SetRoute in the middleware
// next to the router, before the handler or after it.
//
// Call it for a router that does not set r.Pattern, or that sets it on a copy of the request,
// which AccessLog and New do not see. Such a copy is made by http.TimeoutHandler,
// http.MaxBytesHandler, and all other middleware that calls r.WithContext. For http.ServeMux:
//
//	func(w http.ResponseWriter, r *http.Request) {
//		_, pattern := mux.Handler(r)
//		httpmw.SetRoute(r.Context(), pattern)
//		mux.ServeHTTP(w, r)
//	}
//
// Routers within routers may each say what they know. A template that leaves the end of the path
// open ("/v1/") gives way to one that does not. Between two of a kind, the shorter path gives way
// to the longer. A template that ends in a star is ignored, and so is such an r.Pattern: in chi
// and others the star means that another router handles the end of the path. Behind
// http.StripPrefix, put the prefix before the template.
//
// SetRoute is safe for concurrent use. It does nothing for an empty template, for a nil ctx, and
// for a ctx that has not passed New or AccessLog. A template of more than 8,000 bytes is cut
// there.
func SetRoute(ctx context.Context, template string) {
	if cell := route.Of(ctx); cell != nil {
		cell.Set(clip.UTF8(templateOf(template)))
	}
}

// routeOf is the route that r has taken: the one in its cell, else r's own pattern.
func routeOf(r *http.Request, cell *route.Cell) string {
	if template := cell.Get(); template != "" {
		return template
	}
	return templateOf(r.Pattern)
}

// templateOf is pattern without the method that it may begin with; "" if it ends in a star. In chi
// and others the star means that another router handles the end of the path. That router may have
// written its pattern into a copy of the request.
func templateOf(pattern string) string {
	if strings.HasSuffix(pattern, "*") {
		return ""
	}
	return withoutMethod(pattern)
}

// offerPattern writes r's own pattern into cell, for readers further out, unless SetRoute has been
// called. Behind http.StripPrefix it writes nothing, since a pattern without the prefix is no
// route of the request.
func offerPattern(cell *route.Cell, r *http.Request) {
	if r.Pattern == "" {
		return
	}
	if asked, err := url.ParseRequestURI(r.RequestURI); err == nil && r.URL != nil {
		if asked.Path != r.URL.Path && strings.HasSuffix(asked.Path, r.URL.Path) {
			return
		}
	}
	cell.Offer(templateOf(r.Pattern))
}

// withoutMethod cuts at the first space or tab, if what stands before it can be a method.
func withoutMethod(pattern string) string {
	i := strings.IndexAny(pattern, " \t")
	if i < 0 || strings.ContainsAny(pattern[:i], "/{") {
		return pattern
	}
	return strings.TrimLeft(pattern[i:], " \t")
}
