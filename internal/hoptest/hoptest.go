// Package hoptest is one suite, "the ID survives this hop", for every package that a trace passes
// through. The trace must come out with the same text as its ID, and with the same decision.
//
// Tests alone import it. It is a package of its own because it is a suite, and testkit holds
// fixtures only.
package hoptest

import (
	"context"
	"net/http"
	"testing"

	"example.com/clew/internal/canary"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
)

// Row is a trace as a caller sends it.
type Row struct {
	Name     string
	Header   http.Header
	TraceID  string         // the text that must come out
	Sampling trace.Sampling // the caller's decision
}

// Context returns a context with the trace that is in the row's header.
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
	State   string // as trace.Sampling's String; "" if the other end does not show it
}

// samplings maps the states of package canary to those of package trace.
var samplings = map[string]trace.Sampling{
	canary.Defer: trace.Defer, canary.Deny: trace.Deny, canary.Accept: trace.Accept, canary.Debug: trace.Debug,
}

// Rows returns a row for every combination of ID width, state and encoding.
func Rows() []Row {
	var rows []Row
	for _, r := range canary.B3(testkit.IDs) {
		rows = append(rows, Row{Name: r.Name, Header: r.Header, TraceID: r.TraceID, Sampling: samplings[r.State]})
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
