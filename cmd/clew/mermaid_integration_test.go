//go:build integration

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMermaidDiagrams writes diagrams for the command make integration-mermaid, which renders
// them. For each diagram, it writes how many arrows, notes and participants the picture must have.
func TestMermaidDiagrams(t *testing.T) {
	dir := os.Getenv("CLEW_MERMAID")
	if dir == "" {
		t.Skip("make integration-mermaid runs this")
	}
	hostile, _ := hostileLog(id)
	for _, value := range hostileValues { // each becomes a participant and a note
		quoted := strings.ReplaceAll(fmt.Sprintf("%q", strings.ToValidUTF8(value, "?")), `\x`, `\u00`)
		quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\a`, ``), `\U`, `U`)
		hostile += fmt.Sprintf(`{"trace_id":"%s","service":%[2]s,"level":"error","message":%[2]s}`+"\n", other, quoted)
	}
	source := write(t, t.TempDir()+"/hostile.log", hostile)
	for name, args := range map[string][]string{
		"fleet": {fleetTraces[0].id, fleet}, "hostile": {id, source}, "names": {other, source},
	} {
		r := clew(t, "", append(append([]string{"timeline"}, args...), "-o", "mermaid")...)
		require.Equal(t, exitFound, r.code, r.err)
		arrows := strings.Count(r.out, "->>S") + strings.Count(r.out, "--xS")
		want := fmt.Sprintf("rendered %d arrows, %d notes, %d participants", arrows, strings.Count(r.out, "\n  Note "), strings.Count(r.out, "\n  participant "))
		write(t, dir+"/"+name+".mmd", r.out)
		write(t, dir+"/"+name+".want", want+"\n")
	}
}
