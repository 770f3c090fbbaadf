// Package fields knows which headers of a message carry its trace.
//
// Packages httpclient and httpmw import it. It is a package of its own because neither imports the
// other, and users of trace need no such set.
package fields

import (
	"maps"
	"net/http"
	"strings"

	"example.com/clew/trace"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
)

// Set is a set of header names, in lower case.
type Set []string

// Of returns the header names of B3, the names that p uses, and the given names.
func Of(p propagation.TextMapPropagator, given ...string) Set {
	all := trace.Propagator{Encoding: b3.B3SingleHeader | b3.B3MultipleHeader}
	set := Set(all.Fields())
	for _, name := range append(p.Fields(), given...) {
		if !set.Has(name) {
			set = append(set, name)
		}
	}
	return set
}

// Has reports whether name is in the set, in any case.
func (s Set) Has(name string) bool {
	for _, field := range s {
		if len(name) == len(field) && strings.EqualFold(name, field) {
			return true
		}
	}
	return false
}

// Remove removes the headers in the set from h.
func (s Set) Remove(h http.Header) {
	maps.DeleteFunc(h, func(name string, _ []string) bool { return s.Has(name) })
}
