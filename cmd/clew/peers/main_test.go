package peers_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// clew is the command, which TestMain builds. The go command does not see this dependency. If only
// the command has changed, go test shows a cached result, unless you run it with -count=1 or
// -shuffle=on.
var clew string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err == nil && code == 0 {
		err = goleak.Find()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "clew-peers")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	clew = filepath.Join(dir, "clew")
	build := exec.Command("go", "build", "-o", clew, ".")
	build.Dir = ".."
	if said, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, said)
	}
	return m.Run(), nil
}
