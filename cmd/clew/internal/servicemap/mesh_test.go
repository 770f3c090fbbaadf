package servicemap_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
	"example.com/clew/internal/timeline/fleetlog"
)

// meshGraph returns the graph of a mesh, which consists of many services with made-up logs. It
// reads the logs in any order.
func meshGraph(t *testing.T, m *fleetlog.Mesh) *servicemap.Graph {
	var sources []source
	for _, log := range m.Logs {
		sources = append(sources, strings.Split(strings.TrimSuffix(string(log), "\n"), "\n"))
	}
	return graph(t, servicemap.Config{Memory: 1 << 16, TempDir: t.TempDir()}, sources...)
}

// The map has exactly the calls of a mesh, even if services break traces.
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

// If only a part of a mesh's lines is read, the map shows no break, because no trace of the mesh
// breaks.
func TestMeshCut(t *testing.T) {
	traces := 4000
	if raceEnabled {
		traces = 800
	}
	m := fleetlog.NewMesh(fleetlog.MeshConfig{Seed: 5, Services: 12, Traces: traces})
	var all []string
	for _, log := range m.Logs {
		all = append(all, strings.Split(strings.TrimSuffix(string(log), "\n"), "\n")...)
	}
	times := regexp.MustCompile(`"time":"([^"]*)"`)
	when := map[string]time.Time{}
	first, last := time.Time{}, time.Time{}
	for _, line := range all {
		at, err := time.Parse(time.RFC3339Nano, times.FindStringSubmatch(line)[1])
		require.NoError(t, err)
		when[line] = at
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	for _, cut := range [][2]float64{{0.3, 1}, {0.5, 1}, {0.9, 1}, {0, 0.5}, {0, 0.1}, {0.4, 0.6}} {
		from, until := first.Add(time.Duration(cut[0]*float64(last.Sub(first)))), first.Add(time.Duration(cut[1]*float64(last.Sub(first))))
		part := slices.DeleteFunc(slices.Clone(all), func(line string) bool { return when[line].Before(from) || when[line].After(until) })
		g := graph(t, servicemap.Config{}, part)
		assert.NotEmpty(t, g.Edges)
		assert.Empty(t, breaks(g), "from %v until %v of %v", cut[0], cut[1], last.Sub(first))
	}
}

// The map shows each fault of a mesh, and no other break.
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
