//go:build integration

// This test stores the lines of the demo's services and the graph that Zipkin draws of them. A
// test in cmd/clew compares clew map with both.

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dependency is an edge of Zipkin's graph.
type dependency struct {
	Parent     string `json:"parent"`
	Child      string `json:"child"`
	CallCount  int    `json:"callCount"`
	ErrorCount int    `json:"errorCount"`
}

// drawn returns the edges of Zipkin's graph. The keys have the form "caller > called".
func (i *integration) drawn() map[string]dependency {
	var all []dependency
	in := fmt.Sprint(time.Now().Add(time.Minute).UnixMilli())
	status := i.ask("dependencies", url.Values{"endTs": {in}, "lookback": {"86400000"}}, &all)
	require.Equal(i.t, http.StatusOK, status, "status of Zipkin's answer")
	drawn := map[string]dependency{}
	for _, d := range all {
		drawn[d.Parent+" > "+d.Child] = d
	}
	return drawn
}

// keep writes the services' lines, and the edges of Zipkin's graph, to the folder CLEW_MAP.
func (i *integration) keep(name string, log []byte, before map[string]dependency) {
	folder := os.Getenv("CLEW_MAP")
	require.NotEmpty(i.t, folder, "CLEW_MAP must be the folder for lines and edges; make integration sets it")
	edges := []dependency{}
	for link, d := range i.drawn() {
		d.CallCount -= before[link].CallCount
		d.ErrorCount -= before[link].ErrorCount
		if d.CallCount != 0 {
			edges = append(edges, d)
		}
	}
	text, err := json.MarshalIndent(edges, "", " ")
	require.NoError(i.t, err)
	require.NoError(i.t, os.WriteFile(filepath.Join(folder, name+".log"), log, 0o644))
	require.NoError(i.t, os.WriteFile(filepath.Join(folder, name+".edges"), text, 0o644))
	i.t.Logf("%s: %s", name, text)
}

// askFor sends n requests, five at once, and checks that each answer has this status.
func (i *integration) askFor(n, status int) {
	var senders sync.WaitGroup
	for sender := range 5 {
		senders.Go(func() {
			for range n / 5 {
				resp, err := http.Get(i.mediaURL + "/media/" + fmt.Sprint(sender))
				if assert.NoError(i.t, err) {
					assert.Equal(i.t, status, resp.StatusCode, "status of the answer")
					resp.Body.Close()
				}
			}
		})
	}
	senders.Wait()
}

// First all requests succeed. Then image-store no longer listens, and then network-information
// fails, too.
func TestIntegrationMap(t *testing.T) {
	for name, ratio := range map[string]float64{"all": 1, "few": 0.001} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			i := startIntegration(t, &syncWriter{w: &log}, config{ratio: ratio, json: true}, nil)
			before := i.drawn()
			i.askFor(1000, http.StatusOK)
			require.NoError(t, i.servers[1].Close())
			i.askFor(30, http.StatusBadGateway)
			require.NoError(t, i.pool.Shutdown(t.Context()))
			i.askFor(20, http.StatusBadGateway)
			require.NoError(t, i.shutdown(), "shutdown")
			i.stored()
			i.keep(name, log.Bytes(), before)
		})
	}
}
