package examples_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// varying is what is different each time, or on each machine.
var varying = []struct {
	pattern *regexp.Regexp
	as      string
}{
	{regexp.MustCompile(`\S*/(examples/\w+/main\.go)`), "$1"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+Z`), "TIME"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b|"span_id":"[0-9a-f]{16}"`), "ID"}, // the caller's trace ID has 16 digits
	{regexp.MustCompile(`propagates\.go:\d+`), "propagates.go"},
	{regexp.MustCompile(`\d+\.\d+s|\(cached\)`), "DURATION"},
}

// lines returns the lines of a text in an order of their own: goroutines write some of them.
func lines(text string) []string {
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.as)
	}
	all := strings.Split(strings.TrimSpace(text), "\n")
	all = slices.DeleteFunc(all, func(line string) bool { return strings.HasPrefix(line, "FAIL") })
	slices.Sort(all)
	return all
}

// What the README of examples/lost shows is what the go command prints. clewvet's part is tested where
// clewvet is.
func TestLostReadme(t *testing.T) {
	readme, err := os.ReadFile("lost/README.md")
	require.NoError(t, err)
	ran := 0
	for block := range strings.SplitSeq(string(readme), "```console\n") {
		block, _, ok := strings.Cut(block, "```\n")
		if !ok {
			continue
		}
		for command := range strings.SplitSeq("\n"+block, "\n$ ") {
			command, shown, _ := strings.Cut(command, "\n")
			args := strings.Fields(command)
			if len(args) < 2 || args[0] != "go" || args[1] == "install" {
				continue
			}
			ran++
			cmd := exec.CommandContext(t.Context(), "go", args[1:]...)
			cmd.Dir = ".."
			printed, err := cmd.CombinedOutput()
			if !strings.Contains(command, "-tags lost") {
				assert.NoError(t, err, command)
			}
			assert.Equal(t, lines(shown), lines(string(printed)), command)
		}
	}
	assert.Equal(t, 6, ran, "commands")
}

// And what is changed is what it shows.
func TestKeptReadme(t *testing.T) {
	var texts [3]string
	for i, name := range []string{"lost/main.go", "kept/main.go", "lost/README.md"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		texts[i] = string(text)
	}
	before := strings.Split(texts[0], "\n")
	for line := range strings.SplitSeq(texts[1], "\n") {
		if !slices.Contains(before, line) {
			assert.True(t, strings.Contains(texts[2], "\n> "+line+"\n"), "README does not show %q", line)
		}
	}
}
