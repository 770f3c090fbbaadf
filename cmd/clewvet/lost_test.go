package main_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Of the examples it reports what examples/lost is there for, as its README shows it, and nothing else.
func TestLost(t *testing.T) {
	readme, err := os.ReadFile("../../examples/lost/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "$ clewvet ./examples/lost\n")
	shown, _, ok := strings.Cut(shown, "```\n")
	if !ok {
		t.Fatal("README shows no run of clewvet")
	}
	cmd := exec.Command(clewvet, "./examples/...")
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%v, want exit code 1", err)
	}
	if got := string(out); got != shown {
		t.Errorf("got\n%s\nREADME shows\n%s", got, shown)
	}
}
