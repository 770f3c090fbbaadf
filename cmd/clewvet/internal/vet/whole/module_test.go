package whole_test

import (
	"slices"
	"testing"

	"example.com/clew/cmd/clewvet/internal/vet/whole"
)

// All functions of a cycle have the same number of call paths as the function through which calls
// enter the cycle. The names of the functions make no difference.
func TestCircles(t *testing.T) {
	loss := func(at string) []whole.Loss { return []whole.Loss{{At: at, Name: "slog.Info"}} }
	calls := func(to ...string) (calls []whole.Call) {
		for _, id := range to {
			calls = append(calls, whole.Call{To: id})
		}
		return calls
	}
	m := whole.Join([]whole.Record{{Functions: []whole.Function{
		{ID: "serve", From: "f:1:1", To: "f:1:9", Request: true, Calls: calls("b", "b")},
		{ID: "a", From: "f:2:1", To: "f:2:9", Calls: calls("b"), Losses: loss("f:2:2")},
		{ID: "b", From: "f:3:1", To: "f:3:9", Calls: calls("a", "c"), Losses: loss("f:3:2")},
		{ID: "c", From: "f:4:1", To: "f:4:9", Calls: calls("b", "c"), Losses: loss("f:4:2")},
		// No other function calls d.
		{ID: "d", From: "f:5:1", To: "f:5:9", Calls: calls("a"), Losses: loss("f:5:2")},
	}}})
	want := []whole.Place{{"f:2:2", "slog.Info", false, 2}, {"f:3:2", "slog.Info", false, 2}, {"f:4:2", "slog.Info", false, 2}}
	if got := m.Places(9, false); !slices.Equal(got, want) {
		t.Errorf("places %v, want %v", got, want)
	}
}
