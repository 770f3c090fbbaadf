package servicemap_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
)

// crowds returns sources with more services than a map may have nodes. The service with the name
// edge calls all others. The service with the name zz is busy, and its lines come last.
func crowds() []source {
	sources := make([]source, 4)
	serve := func(n, of int, service string) {
		id, span := fmt.Sprintf("%032x", int64(n<<8+of)+1<<40), fmt.Sprintf("%016x", n<<8+of+1)
		sources[n%4] = append(sources[n%4], call("edge", "h", id, span, "", float64(n), 5), request(service, id, "9", span, float64(n), 4))
	}
	for n := range 700 {
		serve(n, 0, fmt.Sprintf("s%d", n))
	}
	for of := range 40 {
		serve(701, of, "zz")
	}
	return sources
}

// The limits are those that the manual names.
func TestLimits(t *testing.T) {
	assert.Equal(t, [...]int{8_000, 8_000, 32_000, 3_000, 6_000}, servicemap.Usual, "services, hosts, routes, nodes and edges")
}

// If there are too many nodes, the busiest are kept, whichever source comes first.
func TestCrowd(t *testing.T) {
	sources, config := crowds(), servicemap.Config{}.Limited(8_000, 100, 200)
	g := graph(t, config, sources...)
	assert.Len(t, g.Nodes, 100)
	assert.EqualValues(t, 40, edgeOf(g, "edge", "zz").Calls)
	services, others := 0, servicemap.Node{}
	for _, n := range g.Nodes {
		if n.Name == "(other)" {
			others = n
		} else {
			services++
		}
	}
	assert.EqualValues(t, 700-97, others.Requests)
	assert.EqualValues(t, 2*(700-97), g.Untold.Other, "requests, and the calls that they answered")
	assert.EqualValues(t, 700-97, edgeOf(g, "edge", "(other)").Calls)
	assert.Contains(t, textOf(t, g, servicemap.Style{}), "99 services ")
	assert.Contains(t, g.Untold.String(), "1,206 of the requests, jobs and calls are in (other)")

	want := asJSON(t, g)
	slices.Reverse(sources)
	for range 3 {
		require.Equal(t, want, asJSON(t, graph(t, config, sources...)))
	}
}

// The requests of a service that were answered with 404 share one route, because robots ask for
// any path.
func TestNotFound(t *testing.T) {
	var s source
	for n := range 50 {
		s = append(s, request("shop", fmt.Sprintf("%032x", n+1), "1", "", float64(n), 1, `"status":404`, `"route":""`, fmt.Sprintf(`"path":"/wp-%c/x"`, 'a'+n)))
	}
	s = append(s, request("shop", wide, "1", "", 60, 1, `"status":404`))
	g := graph(t, servicemap.Config{ByRoute: true}, s)
	var names []string
	for _, n := range g.Nodes {
		names = append(names, fmt.Sprint(n.Name, " ", n.Requests))
	}
	assert.Equal(t, []string{"shop 0", "shop (404) 50", "shop GET /shop/{id} 1"}, names)
}
