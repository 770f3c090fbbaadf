// Package hoptest is one suite, "the ID survives this hop", for every package in which a
// trace goes in at one end and must be found at the other: as the same text, with the same
// decision.
package hoptest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
)

// Row is a trace as a caller sends it.
type Row struct {
	Name     string
	Header   http.Header
	TraceID  string         // the text that must come out
	Sampling trace.Sampling // what the caller said
}

// Context returns a context into which the row has been extracted.
func (r Row) Context() context.Context {
	b, err := trace.FromHeader(r.Header)
	if err != nil {
		panic("hoptest: " + err.Error())
	}
	return trace.NewContext(context.Background(), b)
}

// Seen is what was found at the other end.
type Seen struct {
	TraceID string
	State   string // as trace.Sampling's String; "" where this end cannot show it
}

const (
	spanID   = "a2fb4a1d1a96d312"
	parentID = "0020000000000001"
)

// Rows returns every width of ID × every state × every encoding.
func Rows() []Row {
	var rows []Row
	for _, id := range []struct{ name, sent string }{
		{"64 bit", "463ac35c9f6413ad"},
		{"128 bit", "5759e988bd862e3fe1be46a994272793"},
		{"128 bit with a zero high half", "0000000000000000e1be46a994272793"},
		{"64 bit in upper case", "463AC35C9F6413AD"},
		{"128 bit in upper case", "5759E988BD862E3FE1BE46A994272793"},
	} {
		for _, state := range []struct {
			sampling                trace.Sampling
			single, sampled, debugs string
		}{
			{trace.Defer, "", "", ""},
			{trace.Deny, "-0-" + parentID, "0", ""},
			{trace.Accept, "-1-" + parentID, "1", ""},
			{trace.Debug, "-d-" + parentID, "", "1"},
		} {
			single, multi := http.Header{}, http.Header{}
			single.Set("b3", id.sent+"-"+spanID+state.single)
			multi.Set("X-B3-TraceId", id.sent)
			multi.Set("X-B3-SpanId", spanID)
			multi.Set("X-B3-ParentSpanId", parentID)
			if state.sampled != "" {
				multi.Set("X-B3-Sampled", state.sampled)
			}
			if state.debugs != "" {
				multi.Set("X-B3-Flags", state.debugs)
			}
			for _, encoding := range []struct {
				name   string
				header http.Header
			}{{"b3", single}, {"X-B3", multi}} {
				rows = append(rows, Row{
					Name:     id.name + ", " + state.sampling.String() + ", " + encoding.name,
					Header:   encoding.header,
					TraceID:  strings.ToLower(id.sent),
					Sampling: state.sampling,
				})
			}
		}
	}
	return rows
}

// Run sends every row through hop and checks what arrives.
func Run(t *testing.T, hop func(t *testing.T, r Row) Seen) {
	t.Helper()
	for _, r := range Rows() {
		t.Run(r.Name, func(t *testing.T) {
			got := hop(t, r)
			assert.Equal(t, r.TraceID, got.TraceID, "trace ID at the other end")
			switch {
			case got.State == "":
			case r.Sampling == trace.Defer:
				assert.Contains(t, []string{"defer", "accept", "deny"}, got.State, "state at the other end of a defer")
			default:
				assert.Equal(t, r.Sampling.String(), got.State, "state at the other end")
			}
		})
	}
}
