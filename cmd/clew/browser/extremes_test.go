//go:build browser

package browser_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The page shows all rows of a trace with 80,000 levels, and of a trace with 80,000 spans below
// one span.
func TestExtremes(t *testing.T) {
	for _, tt := range []struct {
		name   string
		parent func(i int) int
	}{{"deep", func(i int) int { return i - 1 }}, {"wide", func(int) int { return 0 }}} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			for i := range 80_000 {
				parent := ""
				if i > 0 {
					parent = fmt.Sprintf("%016x", tt.parent(i)+1)
				}
				fmt.Fprintf(&b, `{"time":"2026-11-26T10:00:00.%06dZ","service":"s","trace_id":"%s","span_id":"%016x","parent_id":"%s","message":"request","bytes":1,"remote":"r:1","method":"GET","path":"/%d","status":200,"duration_ms":0.001}`+"\n", i, fleetID, i+1, parent, i)
			}
			file := t.TempDir() + "/app.log"
			assert.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
			p := opened(t, draw(t, fleetID, file))
			p.wait(`page !== null`)
			p.click("#zoom-in")
			value[int](t, p.ctx, `(page.move(Infinity), 0)`)
			assert.Equal(t, 79_999, value[int](t, p.ctx, `page.selected`))
			last := p.rows()
			assert.Contains(t, last[len(last)-1], "/79999 200")
			value[int](t, p.ctx, `(page.foldAll(), page.foldAll(), page.visit(50000), 0)`)
			assert.Contains(t, p.text(chosen), "GET /50000 200")
			if wrong := p.wrong.Load(); wrong != nil {
				t.Fatal(*wrong)
			}
		})
	}
}
