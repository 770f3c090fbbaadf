package httpmw

import (
	"net/http"
	"runtime/pprof"
)

// RouteLabels returns a function for [Config].Labels that labels each request with its route,
// under OpenTelemetry's name http.route. The route is the pattern of mux that the request will
// match, without a method. If mux is nil, the route is r.Pattern, which is set if New is inside
// of a mux. A request without a route gets no label.
func RouteLabels(mux *http.ServeMux) func(r *http.Request) pprof.LabelSet {
	return func(r *http.Request) pprof.LabelSet {
		pattern := r.Pattern
		if mux != nil {
			_, pattern = mux.Handler(r)
		}
		if pattern = withoutMethod(pattern); pattern == "" {
			return pprof.Labels()
		}
		return pprof.Labels("http.route", pattern)
	}
}
