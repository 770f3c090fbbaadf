package s3_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// run does the job of a process that a test has started, and exits. In the process of the tests it
// does nothing. Stop ends the server that the tests have started, if any.
var run, stop = func() {}, func() {}

func TestMain(m *testing.M) {
	run()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		stop()
		os.Exit(code)
	}))
}
