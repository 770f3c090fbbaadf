package httpmw_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/hoptest"
	"example.com/clew/trace"
	"github.com/stretchr/testify/require"
)

// TestHop sends every row of package hoptest over the wire to a handler.
func TestHop(t *testing.T) {
	report := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := trace.FromContext(r.Context())
		fmt.Fprint(w, trace.ID(r.Context()), " ", b.Sampling)
	})
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			srv := newServer(t, protocol, httpmw.New(httpmw.Config{})(report))
			hoptest.Run(t, func(t *testing.T, r hoptest.Row) hoptest.Seen {
				text := body(t, send(t, srv, "/", r.Header))
				id, state, ok := strings.Cut(text, " ")
				require.True(t, ok, "what the handler saw: got %q, want an ID and a state", text)
				return hoptest.Seen{TraceID: id, State: state}
			})
		})
	}
}
