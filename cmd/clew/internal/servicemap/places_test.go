package servicemap_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
)

// A change to a source file moves the places in the code that log without an ID. The comparison
// ignores such moves. It reports if more lines have no ID, but not as a change for the worse.
func TestCompareLinesWithoutID(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(before, after *servicemap.Graph)
		want   []servicemap.ChangeKind
	}{
		{"another line of the file", func(_, g *servicemap.Graph) { g.Breaks[1].Place = "sweep.go:57" }, nil},
		{"several lines of the file", func(_, g *servicemap.Graph) {
			half := g.Breaks[1]
			half.Place, half.Count = "sweep.go:60", half.Count/2
			g.Breaks[1].Count -= half.Count
			g.Breaks = append(g.Breaks, half)
		}, nil},
		{"ten times as many lines without an ID", func(_, g *servicemap.Graph) { g.Breaks[1].Count *= 10 }, []servicemap.ChangeKind{servicemap.Breaks}},
		{"lines without an ID are new", func(g, _ *servicemap.Graph) { g.Breaks[1].Count = 1; g.Breaks[1].Place = "main.go:7" },
			[]servicemap.ChangeKind{servicemap.Breaks}},
		{"lines without an ID are gone", func(_, g *servicemap.Graph) { g.Breaks = append(g.Breaks[:1:1], g.Breaks[2:]...) }, []servicemap.ChangeKind{servicemap.Mended}},
		{"the service has no line at all any more", func(_, g *servicemap.Graph) {
			g.Breaks = append(g.Breaks[:1:1], g.Breaks[2:]...)
			g.Nodes[0].Lines = 0
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, after := later()
			tt.change(before, after)
			c := compare(t, before, after)
			assert.Equal(t, tt.want, kindsOf(c), "%+v", c.Changes)
			assert.False(t, c.Worse())
		})
	}
}

func TestComparisonTextLinesWithoutID(t *testing.T) {
	before, after := later()
	after.Breaks[1].Count, after.Breaks[1].Place = 6120, "sweep.go:57"
	var b bytes.Buffer
	require.NoError(t, compare(t, before, after).Text(&b, servicemap.Style{}))
	assert.Contains(t, b.String(), `lines without a trace ID
  more         basket at sweep.go
    6,120 of 24,620 lines without a trace ID (2.5 % → 25 %)
`)
	assert.NotContains(t, b.String(), "worse")
}
