package s3_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// In a process that a test has started, the function run does the job of that process, and exits.
// In the process of the tests, run does nothing. The function stop ends the server that the tests
// have started, if any.
var run, stop = func() {}, func() {}

func TestMain(m *testing.M) {
	run()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		stop()
		os.Exit(code)
	}))
}
