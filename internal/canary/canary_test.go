package canary_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/clew/internal/canary"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func all(ids func() canary.IDs) []canary.Row {
	rows := append([]canary.Row{canary.None()}, canary.B3(ids)...)
	rows = append(rows, canary.Traceparent(ids)...)
	rows = append(rows, canary.Debugging(ids)...)
	return append(rows, canary.Hostile(ids)...)
}

func TestRandom(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		ids := canary.Random()
		assert.Regexp(t, `^[0-9a-f]{32} [0-9a-f]{16} [0-9a-f]{16}$`, ids.Trace+" "+ids.Span+" "+ids.Parent)
		for _, half := range []string{ids.Trace[:16], ids.Low(), ids.Span, ids.Parent} {
			assert.True(t, strings.ContainsAny(half, "abcdef") && strings.ContainsAny(half, "123456789"), "%s has a letter and a decimal digit", half)
			assert.False(t, seen[half], "%s has been returned before", half)
			seen[half] = true
		}
	}
}

// No two rows have the same name, or the same ID.
func TestRows(t *testing.T) {
	names, ids := map[string]bool{}, map[string]bool{}
	for _, r := range all(canary.Random) {
		assert.False(t, names[r.Name], "two rows have the name %s", r.Name)
		names[r.Name] = true
		for _, id := range []string{r.TraceID, r.SpanID, r.Refused} {
			assert.False(t, id != "" && ids[id], "%s: another row has the same ID", r.Name)
			ids[id] = true
		}
		if r.Mark != "" {
			assert.Contains(t, strings.Join(r.Header["B3"], ""), r.Mark)
		}
	}
	rows := canary.Hostile(canary.Random)
	assert.LessOrEqual(t, len(rows), 12, "hostile rows, each of which is a request")
	for _, r := range rows {
		assert.True(t, r.Hostile, "Hostile of the row %s", r.Name)
	}
}

// net/http sends the headers of every row, and changes nothing in them.
func TestRowsTravel(t *testing.T) {
	var got http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer srv.Close()
	for _, r := range all(canary.Random) {
		req, err := http.NewRequest(http.MethodGet, srv.URL, nil)
		require.NoError(t, err)
		req.Header = r.Header.Clone()
		resp, err := srv.Client().Do(req)
		require.NoError(t, err, r.Name)
		resp.Body.Close()
		for name, values := range r.Header {
			assert.Equal(t, values, got[name], "%s: %s", r.Name, name)
		}
	}
}
