package httpmw

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/route"
)

// SetRoute sets the route of a request. The route is written on the request's access line, and on
// its span if the span is recorded. The argument ctx is the request's context, or one derived
// from it. If template begins with a method, as [http.Request].Pattern may, the method is left
// out. Call SetRoute in the middleware next to the router, before the handler or after it.
//
// Call SetRoute for a router that does not set r.Pattern, or that sets it on a copy of the
// request. AccessLog and New do not see such a copy. http.TimeoutHandler, http.MaxBytesHandler,
// and all other middleware that calls r.WithContext make one. For http.ServeMux:
//
//	func(w http.ResponseWriter, r *http.Request) {
//		_, pattern := mux.Handler(r)
//		httpmw.SetRoute(r.Context(), pattern)
//		mux.ServeHTTP(w, r)
//	}
//
// Routers within routers may each call SetRoute. A template that leaves the end of the path open
// ("/v1/") gives way to a template that does not. If both leave it open, or neither, the longer
// template wins. A template that ends in a star is ignored, and so is an r.Pattern that ends in a
// star: in chi and others the star means that another router handles the end of the path. Behind
// http.StripPrefix, put the prefix before the template.
//
// SetRoute is safe for concurrent use. It does nothing for an empty template, for a nil ctx, and
// for a ctx that has not passed New or AccessLog. A template is cut after 8,000 bytes.
func SetRoute(ctx context.Context, template string) {
	if cell := route.Of(ctx); cell != nil {
		cell.Set(clip.UTF8(templateOf(template)))
	}
}

// routeOf returns the route of r: the template in cell, else r's own pattern.
func routeOf(r *http.Request, cell *route.Cell) string {
	if template := cell.Get(); template != "" {
		return template
	}
	return templateOf(r.Pattern)
}

// templateOf returns pattern without the method that it may begin with. It returns "" if pattern
// ends in a star. In chi and others the star means that another router handles the end of the
// path. That router may have written its pattern into a copy of the request.
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

// withoutMethod returns the text after the first space or tab of pattern, if the text before can
// be a method. Otherwise it returns pattern.
func withoutMethod(pattern string) string {
	i := strings.IndexAny(pattern, " \t")
	if i < 0 || strings.ContainsAny(pattern[:i], "/{") {
		return pattern
	}
	return strings.TrimLeft(pattern[i:], " \t")
}
