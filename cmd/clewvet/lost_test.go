package main_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// The README of examples/lost and docs/strict.md show exactly the output of clewvet.
func TestLost(t *testing.T) {
	t.Parallel()
	ran := 0
	for block := range strings.SplitSeq(read(t, "../../examples/lost", "README.md")+read(t, "../../docs", "strict.md"), "```console\n") {
		block, _, _ := strings.Cut(block, "```\n")
		for command := range strings.SplitSeq("\n"+block, "\n$ ") {
			command, shown, _ := strings.Cut(command, "\n")
			args := strings.Fields(command)
			if len(args) == 0 || args[0] != "clewvet" {
				continue
			}
			ran++
			_, stderr, code := run(t, "../..", append([]string{clewvet}, args[1:]...)...)
			if stderr, shown = strings.TrimSpace(stderr), strings.TrimSpace(shown); stderr != shown || (code == 1) != (shown != "") {
				t.Errorf("%s exits with %d and prints\n%s\nthe document shows\n%s", command, code, stderr, shown)
			}
		}
	}
	if ran != 4 {
		t.Errorf("the documents show %d runs of clewvet, want 4", ran)
	}
}

// clewvet -fix turns the program of examples/lost into that of examples/kept, except for a few
// words and the flag.
func TestKept(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	lost, kept := read(t, root, "examples/lost/main.go"), read(t, root, "examples/kept/main.go")
	_, requires, _ := strings.Cut(read(t, root, "go.mod"), "\n")
	dir := module(t, map[string]string{
		"go.mod":  "module example.com/lost\n" + requires + "\nrequire example.com/clew v0.0.0\n\nreplace example.com/clew => " + root + "\n",
		"go.sum":  read(t, root, "go.sum"),
		"main.go": lost,
	})
	if _, stderr, code := run(t, dir, clewvet, "-implicit", "-fix", "."); code != 0 || stderr != "" {
		t.Fatalf("-fix exits with %d: %s", code, stderr)
	}
	word := strings.NewReplacer(
		"// Command lost is a service that loses its trace in six ways. README.md says how to find each.", "// Command kept is the service of examples/lost with its trace kept.",
		"\t\"flag\"\n", "",
		"// implicit is the first step to a service that keeps its trace: go run ./examples/lost -implicit\n", "",
		"var implicit = flag.Bool(\"implicit\", false, \"give the goroutine that serves a request its trace\")\n\n", "",
		"Implicit: *implicit", "Implicit: true",
		"\tflag.Parse()\n", "",
	)
	if got := word.Replace(read(t, dir, "main.go")); got != kept {
		t.Errorf("examples/lost after -fix is\n%s\nexamples/kept is\n%s", got, kept)
	}
}
