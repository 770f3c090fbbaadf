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
// that is recorded. ctx is the request's context, or one derived from it. A template may begin with a
// method, as [http.Request].Pattern does; the method is left out. Of several templates the longest
// stays, so that routers within routers may each say what they know, before or after the handler.
//
// A router needs it that does not set r.Pattern, or sets it on a copy of the request that AccessLog
// and New do not see: behind http.TimeoutHandler, http.MaxBytesHandler, and all other middleware that
// calls r.WithContext. For http.ServeMux:
//
//	func(w http.ResponseWriter, r *http.Request) {
//		mux.ServeHTTP(w, r)
//		httpmw.SetRoute(r.Context(), r.Pattern)
//	}
//
// It is safe for concurrent use. It does nothing for an empty template, for a nil ctx, and for one
// that has passed neither New nor AccessLog. A template of more than 8,000 bytes is cut there.
func SetRoute(ctx context.Context, template string) {
	if cell := route.Of(ctx); cell != nil {
		cell.Set(clip.UTF8(withoutMethod(template)))
	}
}

// routeOf is the route that r has taken: what stands in its cell, else r's own pattern.
func routeOf(r *http.Request, cell *route.Cell) string {
	if template := cell.Get(); template != "" {
		return template
	}
	return patternOf(r)
}

// patternOf is the pattern that matched r, without the method that it may begin with. One that ends in
// a star is none: in chi's way of writing, which others share, the rest of the path is another
// router's, and what that has found may stand on a copy of r.
func patternOf(r *http.Request) string {
	if strings.HasSuffix(r.Pattern, "*") {
		return ""
	}
	return withoutMethod(r.Pattern)
}

// tell writes r's own pattern into cell, for somebody further out, unless SetRoute has been called. The
// pattern is of use there if r has the path that the client has asked for: http.StripPrefix makes
// another, and a pattern that matches only the rest of the path is no route of the request.
func tell(cell *route.Cell, r *http.Request) {
	if r.Pattern == "" || r.URL == nil {
		return
	}
	if asked, err := url.ParseRequestURI(r.RequestURI); err == nil && asked.Path == r.URL.Path {
		cell.Offer(patternOf(r))
	}
}

// made reports whether r has been made here, by a handler that serves its own request with it.
func made(r *http.Request) bool { return r.RequestURI == "" }

func withoutMethod(pattern string) string {
	if _, rest, ok := strings.Cut(pattern, " "); ok {
		return strings.TrimLeft(rest, " \t")
	}
	return pattern
}
