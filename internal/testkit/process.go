package testkit

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const childEnv = "CLEW_TEST_CHILD"

// InChild reports whether this process was started for the calling test alone. If not, InChild
// starts such a process, and fails the test if the new process fails. OpenTelemetry's globals
// cannot be reset, so a test that sets them needs a process of its own.
func InChild(t *testing.T) bool {
	t.Helper()
	if os.Getenv(childEnv) == t.Name() {
		return true
	}
	pattern := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := exec.Command(os.Args[0], "-test.run="+pattern, "-test.v", "-test.count=1")
	// The race detector waits a second at each exit, unless it is told not to.
	cmd.Env = append(os.Environ(), childEnv+"="+t.Name(), "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	out, err := cmd.CombinedOutput()
	// Without the second condition a pattern that matches no test would pass.
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%s in a process of its own: %v\n%s", t.Name(), err, out)
	}
	return false
}
