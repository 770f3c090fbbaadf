package servicemap_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
)

func dotOf(t *testing.T, g *servicemap.Graph) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, g.DOT(&b))
	return b.String()
}

func mermaidOf(t *testing.T, g *servicemap.Graph) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, g.Mermaid(&b))
	return b.String()
}

// two returns a map with one edge, to a host outside.
func two() *servicemap.Graph {
	return &servicemap.Graph{By: "service", Nodes: []servicemap.Node{node("shop", 10, 0, 10, 4), outside("pay.example:443")}, Edges: []servicemap.Edge{edge("shop", "pay.example:443", 200, 3, 0, 4)}}
}

func TestDOT(t *testing.T) {
	assert.Equal(t, `digraph clew {
  rankdir=LR;
  node [shape=box, style=rounded, fontname="sans-serif"];
  edge [fontname="sans-serif", fontsize=10];
  n0 [label="shop"];
  n1 [label="pay.example:443", style="rounded,dashed"];
  n0 -> n1 [label="200 calls, 1.5 % errors, p95 10.8 ms", penwidth=5.0, color="#b91c28"];
}
`, dotOf(t, two()))
}

// Regular expressions for the lines of a graph in DOT. The name of a node may stand in a label
// only.
var (
	dotNodeForm = regexp.MustCompile(`^  n\d+ \[label="(?:[^"\\&]|\\["\\]|&amp;)*"(?:, style="rounded,dashed")?\];$`)
	dotEdgeForm = regexp.MustCompile(`^  n\d+ -> n\d+ \[label="[0-9a-zµ,.%< ]*", penwidth=\d\.\d(?:, color="#(?:a05a00|b91c28)")?(?:, style=dashed)?\];$`)
)

func TestDOTHostile(t *testing.T) {
	for _, g := range maps() {
		text := dotOf(t, g)
		harmless(t, text)
		lines := strings.Split(text, "\n")
		for _, line := range lines[4 : len(lines)-2] {
			if !dotNodeForm.MatchString(line) && !dotEdgeForm.MatchString(line) {
				t.Errorf("the line is neither a node nor an edge: %s", line)
			}
		}
		assert.Equal(t, len(g.Nodes)+len(g.Edges)+6, len(lines))
	}
}

func TestMermaid(t *testing.T) {
	assert.Equal(t, `flowchart LR
  n1["shop"]
  n2(["pay.example#58;443"])
  n1 -->|"200 calls, 1.5 #37; errors, p95 10.8 ms"| n2
  linkStyle 0 stroke:#b91c28
`, mermaidOf(t, two()))
	assert.Equal(t, "flowchart LR\n  n1[\"shop\"]\n", mermaidOf(t, alone()))
	assert.Equal(t, "flowchart LR\n  rest[\"no calls\"]\n", mermaidOf(t, maps()["empty"]))
}

var mermaidForm = regexp.MustCompile(`^  (?:n\d+(?:\["[^"\[\]{}|<>]+"\]|\(\["[^"\[\]{}|<>]+"\]\))|n\d+ (?:-->|-\.->)\|"[^"\[\]{}|<>]+"\| n\d+|linkStyle \d+ stroke:#(?:a05a00|b91c28)|rest\["[^"]+"\])$`)

func TestMermaidHostile(t *testing.T) {
	for name, g := range maps() {
		text := mermaidOf(t, g)
		harmless(t, text)
		lines := strings.Split(text, "\n")
		for _, line := range lines[1 : len(lines)-1] {
			assert.Regexp(t, mermaidForm, line, name)
			assert.NotRegexp(t, `[^0-9];|#[^0-9ab]|ﬂ`, line, "a special character is written as a code")
		}
	}
}

// Mermaid accepts 500 edges and 50,000 characters. The diagram says how many edges are left out.
func TestMermaidBounded(t *testing.T) {
	text := mermaidOf(t, fleet(300, 700))
	assert.Equal(t, 500, strings.Count(text, "| n"))
	assert.Less(t, len(text), 50_000)
	assert.Contains(t, text, `  rest["not shown#58; 200 edges, 0 nodes"]`)

	long := &servicemap.Graph{By: "service"}
	for i := range 400 {
		name := fmt.Sprint(i, strings.Repeat("<", 70))
		long.Nodes = append(long.Nodes, node(name, 1, 0, 0, 1))
		long.Edges = append(long.Edges, edge(name, fmt.Sprint((i+1)%400, strings.Repeat("<", 70)), 1, 0, 0, 1))
	}
	text = mermaidOf(t, long)
	assert.Less(t, len(text), 50_000)
	assert.Greater(t, len(text), 48_000)
	shown := strings.Count(text, "| n")
	assert.Contains(t, text, fmt.Sprintf(`  rest["not shown#58; %d edges, `, 400-shown))
	for _, end := range regexp.MustCompile(`\| (n\d+)\n`).FindAllStringSubmatch(text, -1) {
		assert.Contains(t, text, "  "+end[1]+"[\"", "each node is declared")
	}
}

// All views have the same threshold for amber, and the same for red.
func TestColoursOfErrors(t *testing.T) {
	// The keys are numbers of errors in 8,100 calls.
	for errors, want := range map[int64]string{0: "", 8: "", 9: "#a05a00", 81: "#b91c28"} {
		g := shop()
		e := *edgeOf(g, "basket", "price")
		e.Errors = errors
		g.Edges = []servicemap.Edge{e}
		var dot, mermaid bytes.Buffer
		require.NoError(t, g.DOT(&dot))
		require.NoError(t, g.Mermaid(&mermaid))
		page := htmlOf(t, g, servicemap.HTMLConfig{})
		class := map[string]string{"": `class="edge"`, "#a05a00": `class="edge some"`, "#b91c28": `class="edge bad"`}[want]
		assert.Contains(t, page, class)
		for _, view := range []string{dot.String(), mermaid.String()} {
			if want == "" {
				assert.NotRegexp(t, "#(a05a00|b91c28)", view)
			} else {
				assert.Contains(t, view, want)
			}
		}
	}
}
