package servicemap_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
	"example.com/clew/internal/timeline"
)

// IDs of traces, of 32 and 16 digits.
const (
	wide   = "5759e988bd862e3fe1be46a994272793"
	narrow = "e1be46a994272793"
	padded = "0000000000000000e1be46a994272793"
	second = "463ac35c9f6413ad48485a3953bb6124"
	other  = "2f1f7cf1d2a54b1e9f6a0c4d8e7b3a55"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// entry returns a line of a service. Its time is end milliseconds after noon.
func entry(service, trace, span string, end float64, message string, fields ...string) string {
	return fmt.Sprintf(`{"level":"info","service":%q,"time":%q,%s"trace_id":%q,"span_id":"%016s","message":%q}`,
		service, at(end), strings.Join(append(fields, ""), ","), trace, span, message)
}

func at(end float64) string {
	return noon.Add(time.Duration(end * float64(time.Millisecond))).Format("2006-01-02T15:04:05.000000Z")
}

// before and after return lines of a service, ten seconds before and after noon.
func before(service string) string { return idle(service, -10_000) }

func after(service string) string { return idle(service, 10_000) }

func idle(service string, end float64) string {
	return fmt.Sprintf(`{"level":"info","service":%q,"time":%q,"message":"nothing to do"}`, service, at(end))
}

// request returns the line of a request. The parameters end and took are in milliseconds, and end
// counts from noon. If parent is "", the request names no caller.
func request(service, trace, span, parent string, end, took float64, fields ...string) string {
	all := []string{`"method":"GET"`, fmt.Sprintf(`"path":"/%s/7"`, service), fmt.Sprintf(`"route":"/%s/{id}"`, service), `"bytes":10`,
		fmt.Sprintf(`"duration_ms":%g`, took), `"remote":"192.0.2.1:1"`}
	if !strings.Contains(strings.Join(fields, ","), `"status"`) {
		all = append(all, `"status":200`)
	}
	return entry(service, trace, span, end, "request", append(append(all, ids("parent_id", parent)...), fields...)...)
}

// call returns the line of a call to a host.
func call(service, host, trace, span, parent string, end, took float64, fields ...string) string {
	all := []string{`"method":"GET"`, fmt.Sprintf(`"host":%q`, host), `"path":"/x/7"`, fmt.Sprintf(`"duration_ms":%g`, took)}
	if text := strings.Join(fields, ","); !strings.Contains(text, `"status"`) && !strings.Contains(text, `"error"`) {
		all = append(all, `"status":200`)
	}
	if !strings.Contains(strings.Join(fields, ","), `"attempt"`) {
		all = append(all, `"attempt":1`)
	}
	return entry(service, trace, span, end, "call", append(append(all, ids("parent_id", parent)...), fields...)...)
}

func ids(key, value string) []string {
	if value == "" {
		return nil
	}
	return []string{fmt.Sprintf(`"%s":"%016s"`, key, value)}
}

// caller returns the field caller_parent_id for the line of a request: the parent of the caller's
// span.
func caller(span string) string { return ids("caller_parent_id", span)[0] }

// source is the lines of one source.
type source []string

func (s source) give(t testing.TB, b *servicemap.Builder) {
	t.Helper()
	p := timeline.NewParser(timeline.ParserConfig{Reference: noon})
	to := b.Source()
	defer to.Close()
	for i, text := range s {
		var seen timeline.Sight
		if p.Sight(&timeline.Raw{Text: []byte(text), Number: i + 1}, &seen) {
			to.Add(&seen)
		} else {
			to.More()
		}
	}
}

// graph returns the graph of sources. It reads them at the same time.
func graph(t testing.TB, c servicemap.Config, sources ...source) *servicemap.Graph {
	t.Helper()
	b := servicemap.NewBuilder(c)
	var reading sync.WaitGroup
	for _, s := range sources {
		reading.Go(func() { s.give(t, b) })
	}
	reading.Wait()
	g, err := b.Graph()
	require.NoError(t, err)
	require.NoError(t, b.Problem())
	require.NoError(t, b.Close())
	consistent(t, g)
	return g
}

// consistent fails if the sums of a graph do not agree.
func consistent(t testing.TB, g *servicemap.Graph) {
	t.Helper()
	var requests, roots, jobs, lines, noID, answered, told int64
	nodes := map[string]bool{}
	for _, n := range g.Nodes {
		require.False(t, nodes[n.Name], "two nodes of one name: %s", n.Name)
		nodes[n.Name] = true
		requests, roots, jobs, lines, noID = requests+n.Requests, roots+n.Roots, jobs+n.Jobs, lines+n.Lines, noID+n.NoID
		require.Equal(t, n.Requests, n.Took.Count)
	}
	for _, e := range g.Edges {
		require.True(t, nodes[e.From] && nodes[e.To], "the edge from %s to %s has an end that is no node", e.From, e.To)
		answered, told = answered+e.Answered+e.Again, told+e.Told
		require.Equal(t, e.Calls, e.Took.Count)
		for _, n := range []int64{e.Errors, e.Retries, e.Answered, e.Told, e.Guessed} {
			require.LessOrEqual(t, n, e.Calls)
		}
		require.LessOrEqual(t, e.Refused, e.Errors)
		require.GreaterOrEqual(t, e.Answered+e.Told, e.Calls, "each call has a line of the caller or of the callee")
	}
	assert.Equal(t, g.Lines, lines, "lines")
	assert.Equal(t, g.NoID, noID, "lines without an ID")
	assert.Equal(t, g.Requests, requests, "requests")
	assert.Equal(t, g.Jobs, jobs, "jobs")
	assert.Equal(t, g.Calls, told, "calls with a line of the caller")
	assert.Equal(t, g.Requests, roots+g.Untold.Callers+answered, "requests without a caller, with an unknown caller, and in edges")
	require.GreaterOrEqual(t, g.Untold.Share, 0.0)
	require.LessOrEqual(t, g.Untold.Share, 1.0)
}

// edges returns a short text for each edge: the counts that are not zero, and how long the longest
// call took.
func edges(g *servicemap.Graph) []string {
	all := []string{}
	for _, e := range g.Edges {
		text := fmt.Sprintf("%s > %s: %d", e.From, e.To, e.Calls)
		for _, c := range []struct {
			name string
			n    int64
		}{{"errors", e.Errors}, {"refused", e.Refused}, {"retries", e.Retries}, {"answered", e.Answered}, {"told", e.Told}, {"guessed", e.Guessed}, {"again", e.Again}} {
			if c.n > 0 {
				text += fmt.Sprintf(" %s %d", c.name, c.n)
			}
		}
		all = append(all, text+fmt.Sprintf(" max %g", e.Took.Max.Is))
	}
	return all
}

// breaks returns a short text for each break, except those of lines without an ID.
func breaks(g *servicemap.Graph) []string {
	all := []string{}
	for _, b := range g.Breaks {
		if b.Kind != servicemap.NoID {
			all = append(all, fmt.Sprintf("%s %s > %s: %d of %d", b.Kind, b.From, b.To, b.Count, b.Of))
		}
	}
	return all
}

func asJSON(t testing.TB, g *servicemap.Graph) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	require.NoError(t, e.Encode(g))
	return b.String()
}
