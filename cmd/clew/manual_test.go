package main

import (
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The manual describes all flags. The flags of clew timeline have a section of their own. The
// flags of any other command are in the command's section.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	manual := string(text)
	parser, err := kong.New(&command{})
	require.NoError(t, err)
	for _, c := range parser.Model.Leaves(false) {
		title := "clew " + c.Name
		if c.Name == "timeline" {
			title = "Flags"
		}
		_, section, found := strings.Cut(manual, "\n## "+title+"\n")
		require.True(t, found, title)
		section, _, _ = strings.Cut(section, "\n## ")
		for _, flag := range c.Flags {
			switch {
			case flag.Name == "help":
			case flag.Short != 0:
				assert.Regexp(t, "`-"+string(flag.Short)+"[`, ]", section, "%s --%s", c.Name, flag.Name)
			default:
				assert.Regexp(t, "`--"+flag.Name+"[` ]", section, "%s --%s", c.Name, flag.Name)
			}
		}
	}
}
