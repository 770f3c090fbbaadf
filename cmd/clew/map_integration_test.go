//go:build integration

// These tests compare maps with the graph of a real Zipkin. The command make integration starts
// it.

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
	"example.com/clew/internal/timeline/fleetlog"
)

// An edgeCount is how many calls an edge has, and how many of these have failed.
type edgeCount struct{ calls, errors int }

// edgeCounts are the counts of edges. The keys have the form "caller > callee".
type edgeCounts map[string]edgeCount

// add adds calls to an edge. It removes an edge that has no calls.
func (e edgeCounts) add(from, to string, calls, errors int) {
	link := from + " > " + to
	if sum := (edgeCount{e[link].calls + calls, e[link].errors + errors}); sum != (edgeCount{}) {
		e[link] = sum
	} else {
		delete(e, link)
	}
}

func (e edgeCounts) calls() (sum int) {
	for _, c := range e {
		sum += c.calls
	}
	return sum
}

// zipkinEdges returns the edges in an answer of Zipkin. The function rename returns the name to
// use for a callee.
func zipkinEdges(t *testing.T, answer []byte, rename func(string) string) edgeCounts {
	t.Helper()
	var all []struct {
		Parent, Child         string
		CallCount, ErrorCount int
	}
	require.NoError(t, json.Unmarshal(answer, &all), "%.500s", answer)
	edges := edgeCounts{}
	for _, e := range all {
		edges.add(e.Parent, rename(e.Child), e.CallCount, e.ErrorCount)
	}
	return edges
}

// mapEdges makes a map of the sources with these names, and returns its edges. The function rename
// returns the name to use for a callee.
func mapEdges(t *testing.T, rename func(string) string, names ...string) edgeCounts {
	t.Helper()
	got := clew(t, "", append([]string{"map", "-o", "json"}, names...)...)
	require.Equal(t, exitFound, got.code, got.err)
	var g servicemap.Graph
	require.NoError(t, json.Unmarshal([]byte(got.out), &g))
	edges := edgeCounts{}
	for _, e := range g.Edges {
		edges.add(e.From, rename(e.To), int(e.Calls), int(e.Errors))
	}
	return edges
}

func asItIs(name string) string { return name }

// At the sampling rate 1, Zipkin draws the same graph of the demo's services as the map. At 0.001,
// Zipkin has a handful of calls, and the map has all. The demo's own test has kept the lines and
// Zipkin's answers: see .ci/integration.
//
// Zipkin and the map differ in one rule. Zipkin draws no edge for a call without an answer,
// because the address has no name. The map draws the edge, and counts the error. The edge leads to
// the service that has answered at the address before.
func TestIntegrationMapOfDemo(t *testing.T) {
	folder := os.Getenv("CLEW_MAP")
	require.NotEmpty(t, folder, "CLEW_MAP, the folder that the demo's test has written to; the command make integration names one")
	const refused = 30 // connections to image-store that were refused
	want := edgeCounts{
		"media-api > network-information": {1050, 20}, "media-api > image-store": {1000 + refused, refused}, "image-store > dynamodb": {1000, 0},
	}
	drawn := map[string]edgeCounts{}
	for _, name := range []string{"all", "few"} {
		path := filepath.Join(folder, name)
		assert.Equal(t, want, mapEdges(t, asItIs, path+".log"), "the map of %s", name)
		answer, err := os.ReadFile(path + ".edges")
		require.NoError(t, err)
		drawn[name] = zipkinEdges(t, answer, asItIs)
	}
	want.add("media-api", "image-store", -refused, -refused)
	assert.Equal(t, want, drawn["all"], "Zipkin's graph at rate 1")
	assert.Less(t, drawn["few"].calls(), 100, "calls in Zipkin's graph at rate 0.001")
	t.Logf("calls: %d on the map, %d in Zipkin at rate 1, %d at 0.001", want.calls()+refused, drawn["all"].calls(), drawn["few"].calls())
}

// The lines of services with retries, refused connections, failures, databases and third parties
// are sent to Zipkin as spans. Zipkin draws the same graph as the map.
//
// Zipkin and the map differ in some names. The callee of a call without an answer has the host's
// full name in Zipkin, and the host's name without the domain on the map. A host that is no
// service has a port on the map, and none in Zipkin.
func TestIntegrationMapOfMesh(t *testing.T) {
	server := os.Getenv("CLEW_ZIPKIN")
	require.NotEmpty(t, server, "CLEW_ZIPKIN, the URL of a Zipkin; the command make integration starts one")
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	for _, services := range []int{5, 60} {
		t.Run(fmt.Sprint(services), func(t *testing.T) {
			m := fleetlog.NewMesh(fleetlog.MeshConfig{Seed: uint64(time.Now().UnixNano()), Services: services, Traces: 300})
			dir := t.TempDir()
			for name, log := range m.Logs {
				write(t, dir+"/"+name+".log", string(log))
			}
			want := edgeCounts{}
			for e, c := range m.Calls {
				want.add(e.From, withoutPort(e.To), c.Calls, c.Errors)
			}
			assert.Equal(t, want, mapEdges(t, withoutPort, dir), "the map")

			before := drawnOn(t, server)
			sent := clew(t, "", "timeline", dir, "--limit", "0", "--send", server)
			require.Equal(t, exitFound, sent.code, sent.err)
			// Zipkin answers a post before it has stored the spans.
			var got edgeCounts
			for end := time.Now().Add(30 * time.Second); time.Now().Before(end) && !maps.Equal(want, got); time.Sleep(50 * time.Millisecond) {
				got = drawnOn(t, server)
				for link, c := range before {
					from, to, _ := strings.Cut(link, " > ")
					got.add(from, to, -c.calls, -c.errors)
				}
			}
			assert.Equal(t, want, got, "Zipkin's graph, which lacks the edges %v", missing(want, got))
			t.Logf("%d edges, %d calls", len(want), want.calls())
		})
	}
}

// For Zipkin and for the map, a call has failed if the line of the caller or of the callee shows a
// failure. Statuses below 500 are no failure.
func TestIntegrationMapOfFailures(t *testing.T) {
	server := os.Getenv("CLEW_ZIPKIN")
	require.NotEmpty(t, server, "CLEW_ZIPKIN, the URL of a Zipkin; the command make integration starts one")
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	const callHead, requestHead = `"method":"GET","host":"h","path":"/","duration_ms":9,"attempt":1,`, `"method":"GET","path":"/","bytes":1,"duration_ms":5,"remote":"r",`
	tests := []struct{ name, call, request string }{
		{"fine", `"status":200,`, `"status":200,`},
		{"not-found", `"status":404,`, `"status":404,`},
		{"late", `"error":"context deadline exceeded",`, `"status":200,`},
		{"gone", `"error":"context canceled",`, `"status":200,"client_gone":true,`},
		{"gateway", `"status":502,`, `"status":200,`},
		{"broken-off", `"status":200,`, `"status":200,"panicked":true,`},
		{"panicked", `"status":500,`, `"status":500,"panicked":true,`},
	}
	// Others may use this Zipkin, so run is a part of each name.
	run := fmt.Sprintf("-%x", time.Now().UnixNano())
	want, log := edgeCounts{}, ""
	for i, test := range tests {
		id := time.Now().UnixNano() + int64(i)<<50
		line := func(end, fields, span, parent, message string) string {
			return fmt.Sprintf(`{"service":"%s%s","time":"2026-11-26T10:00:00.1Z",%s"parent_id":"%s","trace_id":"%016x","span_id":"%s","message":"%s"}`+"\n",
				test.name+run, end, fields, parent, id, span, message)
		}
		log += line("-b", requestHead+test.request, "00000000000000cc", "00000000000000bb", "request") +
			line("-a", callHead+test.call, "00000000000000bb", "00000000000000aa", "call")
		failed := 1
		if i < 2 {
			failed = 0
		}
		want.add(test.name+run+"-a", test.name+run+"-b", 1, failed)
	}
	path := t.TempDir() + "/x.log"
	write(t, path, log)
	assert.Equal(t, want, mapEdges(t, asItIs, path), "the map")
	sent := clew(t, "", "timeline", path, "--send", server)
	require.Equal(t, exitFound, sent.code, sent.err)
	var got edgeCounts
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end) && !maps.Equal(want, got); time.Sleep(50 * time.Millisecond) {
		got = drawnOn(t, server)
		maps.DeleteFunc(got, func(link string, _ edgeCount) bool { return !strings.Contains(link, run) })
	}
	assert.Equal(t, want, got, "Zipkin's graph")
}

// drawnOn returns the edges of Zipkin's graph for the day on which all lines of these tests were
// logged. It takes the domain off the callees' names, because the map's names have none.
func drawnOn(t *testing.T, server string) edgeCounts {
	t.Helper()
	midnight := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	resp, err := http.Get(fmt.Sprintf("%s/api/v2/dependencies?endTs=%d&lookback=86400000", server, midnight.UnixMilli()))
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%.500s", body)
	return zipkinEdges(t, body, func(host string) string { return strings.TrimSuffix(host, ".shop.svc.cluster.local") })
}

func withoutPort(host string) string { return strings.TrimSuffix(host, ":5432") }

// missing returns the edges of want that got lacks.
func missing(want, got edgeCounts) (links []string) {
	for link := range want {
		if _, ok := got[link]; !ok {
			links = append(links, link)
		}
	}
	slices.Sort(links)
	return links
}
