package servicemap_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/clew/cmd/clew/internal/servicemap"
	"example.com/clew/internal/timeline/fleetlog"
)

// meshGraph is the graph of a mesh, of which the logs are read in some order.
func meshGraph(t *testing.T, m *fleetlog.Mesh) *servicemap.Graph {
	var sources []source
	for _, log := range m.Logs {
		sources = append(sources, strings.Split(strings.TrimSuffix(string(log), "\n"), "\n"))
	}
	return graph(t, servicemap.Config{Memory: 1 << 16, TempDir: t.TempDir()}, sources...)
}

// All calls of a mesh are in the map, and nothing else is, also where services break traces.
func TestMesh(t *testing.T) {
	for _, services := range []int{5, 60} {
		for _, faults := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d services, faults %v", services, faults), func(t *testing.T) {
				m := fleetlog.NewMesh(fleetlog.MeshConfig{Seed: 3, Services: services, Traces: 400, Faults: faults})
				g := meshGraph(t, m)
				got := map[fleetlog.MeshEdge]fleetlog.MeshCalls{}
				for _, e := range g.Edges {
					got[fleetlog.MeshEdge{From: e.From, To: e.To}] = fleetlog.MeshCalls{
						Calls: int(e.Calls), Errors: int(e.Errors), Refused: int(e.Refused), Retries: int(e.Retries),
					}
				}
				assert.Equal(t, m.Calls, got)
				assert.Zero(t, g.Untold)
				if !faults {
					assert.Empty(t, breaks(g))
				}
			})
		}
	}
}

// Each fault of a mesh is seen, and none besides.
func TestMeshFaults(t *testing.T) {
	m := fleetlog.NewMesh(fleetlog.MeshConfig{Seed: 4, Services: 60, Traces: 400, Faults: true})
	g := meshGraph(t, m)
	var kinds []string
	for _, b := range g.Breaks {
		said := string(b.Kind) + " " + b.To
		if !slices.Contains(kinds, said) {
			kinds = append(kinds, said)
		}
		if b.Kind == servicemap.Clock {
			assert.InDelta(t, -fleetlog.MeshBehind.Seconds()*1000, b.Ahead, 20)
		}
	}
	slices.Sort(kinds)
	assert.Equal(t, []string{
		"clock " + fleetlog.MeshName(1), "padded " + fleetlog.MeshName(2), "restarted " + fleetlog.MeshName(3),
	}, kinds)
}
