package fleetlog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline/fleetlog"
)

// The lines of a mesh report as many calls as Mesh.Calls counts.
func TestMesh(t *testing.T) {
	for _, services := range []int{5, 60} {
		config := fleetlog.MeshConfig{Seed: 1, Services: services, Traces: 2000, Faults: true}
		m := fleetlog.NewMesh(config)
		require.Equal(t, m, fleetlog.NewMesh(config), "the same config must give the same mesh")
		require.Len(t, m.Logs, services)
		var want, got fleetlog.MeshCalls
		for _, c := range m.Calls {
			want.Calls, want.Errors = want.Calls+c.Calls, want.Errors+c.Errors
			want.Refused, want.Retries = want.Refused+c.Refused, want.Retries+c.Retries
		}
		requests := map[string]int{}
		for name, log := range m.Logs {
			for _, text := range strings.Split(strings.TrimSuffix(string(log), "\n"), "\n") {
				var l line.Line
				require.NoError(t, l.Read(text), text)
				require.Equal(t, name, l.Service)
				switch r := l.Record.(type) {
				case *line.Request:
					requests[name]++
				case *line.Call:
					got.Calls++
					if r.Error != "" {
						got.Refused++
					}
					if r.Error != "" || r.Status >= 500 {
						got.Errors++
					}
					if r.Attempt > 1 {
						got.Retries++
					}
				}
			}
		}
		assert.Equal(t, want, got, "calls of %d services", services)
		assert.NotZero(t, got.Refused)
		assert.NotZero(t, got.Retries)
		assert.Equal(t, config.Traces, requests[fleetlog.MeshName(0)], "requests of the first service")
		assert.Zero(t, requests[fleetlog.MeshName(4)], "requests of the service that writes no lines of requests")
		assert.Len(t, requests, services-1)
	}
}
