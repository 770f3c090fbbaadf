package lake_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if theBenchLake.dir != "" {
			os.RemoveAll(theBenchLake.dir)
		}
		os.Exit(code)
	}))
}
