package servicemap_test

import (
	"os"
	"path/filepath"
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
