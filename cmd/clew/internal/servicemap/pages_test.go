package servicemap_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
)

// TestPages writes the maps of these tests as pages into a folder, for the tests in a browser.
func TestPages(t *testing.T) {
	dir := os.Getenv("CLEW_PAGES")
	if dir == "" {
		t.Skip("make integration-browser runs this")
	}
	for name, g := range maps() {
		file, err := os.Create(filepath.Join(dir, name+".html"))
		require.NoError(t, err)
		require.NoError(t, g.HTML(file, servicemap.HTMLConfig{UI: "http://zipkin.example:9411", After: "logs/ --since 2h"}))
		require.NoError(t, file.Close())
	}
}

var mermaidNode = regexp.MustCompile(`(?m)^  \w+(?:\[|\(\[)"`)

// TestMermaidMaps writes the maps of these tests as diagrams for the command make
// integration-mermaid. For each diagram, it writes how many nodes and edges the command must find.
func TestMermaidMaps(t *testing.T) {
	dir := os.Getenv("CLEW_MERMAID")
	if dir == "" {
		t.Skip("make integration-mermaid runs this")
	}
	all := maps()
	all["large"] = fleet(300, 700)
	for name, g := range all {
		text := mermaidOf(t, g)
		want := fmt.Sprintf("rendered %d nodes, %d edges\n", len(mermaidNode.FindAllString(text, -1)), strings.Count(text, "| n"))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "map-"+name+".mmd"), []byte(text), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "map-"+name+".want"), []byte(want), 0o600))
	}
}
