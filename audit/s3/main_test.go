package s3_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// run does what this process is started for, where that is not to run the tests; stop ends what
// they have started.
var run, stop = func() {}, func() {}

func TestMain(m *testing.M) {
	run()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		stop()
		os.Exit(code)
	}))
}
