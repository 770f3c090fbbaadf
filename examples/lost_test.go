package examples_test

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// varying lists the texts that differ from run to run or between machines.
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

// lines returns the lines of a text, sorted, because several goroutines write them.
func lines(text string) []string {
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.as)
	}
	all := strings.Split(strings.TrimSpace(text), "\n")
	all = slices.DeleteFunc(all, func(line string) bool { return strings.HasPrefix(line, "FAIL") })
	slices.Sort(all)
	return all
}

// The README of examples/lost shows the output of the go command. A test in cmd/clewvet checks the
// output of clewvet.
func TestLostReadme(t *testing.T) {
	ran := 0
	for _, block := range blocks(read(t, "lost/README.md"), "console") {
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
	assert.Equal(t, 6, ran, "number of go commands in the README")
}

// The README of examples/lost shows each line in which examples/kept differs from examples/lost.
func TestKeptReadme(t *testing.T) {
	lost, readme := strings.Split(read(t, "lost/main.go"), "\n"), read(t, "lost/README.md")
	for line := range strings.SplitSeq(read(t, "kept/main.go"), "\n") {
		if !slices.Contains(lost, line) {
			assert.True(t, strings.Contains(readme, "\n> "+line+"\n"), "the README does not show the line %q", line)
		}
	}
}
