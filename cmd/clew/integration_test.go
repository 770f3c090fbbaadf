//go:build integration

// These tests send traces to a real Zipkin. The command make integration starts it.

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stored asks Zipkin for a trace until the trace has so many spans. Zipkin answers a post before
// it has stored the spans.
func stored(t *testing.T, server, id string, spans int) []zipkinSpan {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		resp, err := http.Get(server + "/api/v2/trace/" + id)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		require.NoError(t, err)
		var got []zipkinSpan
		if resp.StatusCode == http.StatusOK {
			require.NoError(t, json.Unmarshal(body, &got), "%.500s", body)
		}
		if len(got) >= spans || time.Now().After(end) {
			return got
		}
	}
}

// outline returns a line for each span, with all that the tree depends on: IDs, parents, services,
// kinds, and annotations.
func outline(spans []zipkinSpan) (lines []string) {
	for _, s := range spans {
		var said []string
		for _, a := range s.Annotations {
			said = append(said, a.Value)
		}
		slices.Sort(said)
		lines = append(lines, fmt.Sprintf("%s %s < %s %s %s shared=%v %q", s.TraceID, s.ID, s.ParentID, s.Kind, s.LocalEndpoint.ServiceName, s.Shared, said))
	}
	slices.Sort(lines)
	return lines
}

// Zipkin accepts what clew sends, and returns the same tree. The traces are those of the fleet, a
// trace of 30,000 spans, and a trace of hostile lines.
func TestIntegrationSend(t *testing.T) {
	server := os.Getenv("CLEW_ZIPKIN")
	require.NotEmpty(t, server, "CLEW_ZIPKIN, the URL of a Zipkin; the command make integration starts one")
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	dir := t.TempDir()
	// No other run on this Zipkin has these digits.
	unused := fmt.Sprintf("%016x", time.Now().UnixNano())
	hostile, _ := hostileLog("aaaaaaaaaaaaaaaa" + unused)
	write(t, dir+"/hostile.log", hostile)
	var many strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&many, `{"time":"2026-11-26T10:11:12Z","trace_id":"bbbbbbbbbbbbbbbb%s","message":"request","service":"s%d","span_id":"%016x","parent_id":"%016x","status":200,"bytes":1,"remote":"r","duration_ms":5,"method":"GET","path":"/%[3]d"}`+"\n", unused, i%50, i+1, i/3)
	}
	write(t, dir+"/many.log", many.String())
	tests := []struct{ name, id, source string }{
		{"a fleet", fleetTraces[0].id, fleet},
		{"16 digits", fleetTraces[1].id, fleet},
		{"32 digits, asked for by the last 16", fleetTraces[2].id[16:], fleet},
		{"hostile lines", "aaaaaaaaaaaaaaaa" + unused, dir + "/hostile.log"},
		{"30,000 spans", "bbbbbbbbbbbbbbbb" + unused, dir + "/many.log"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sent := clew(t, "", "timeline", test.id, test.source, "-o", "zipkin", "--send", server)
			require.Equal(t, exitFound, sent.code, sent.err)
			want := spansOf(t, []byte(sent.out))
			got := stored(t, server, want[0].TraceID, len(want))
			assert.Equal(t, outline(want), outline(got))
		})
	}
	t.Run("all traces of the list", func(t *testing.T) {
		sent := clew(t, "", "timeline", fleet, "--send", server)
		require.Equal(t, exitFound, sent.code, sent.err)
		assert.Contains(t, sent.err, "sent ")
	})
}
