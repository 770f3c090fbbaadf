package servicemap

import "io"

// For tests of package servicemap_test.
const (
	MaxDrawn = maxDrawn
	MaxMap   = maxMap
)

// HTMLUpTo is HTML with a limit on the number of edges.
func (g *Graph) HTMLUpTo(to io.Writer, most int) error { return g.html(to, HTMLConfig{}, most) }

// ReadJSONUpTo is ReadJSON with a limit on the number of bytes.
func ReadJSONUpTo(from io.Reader, most int64) (*Graph, error) { return readJSON(from, most) }
