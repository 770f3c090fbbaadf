// Package torture is the long form of the tests that show what clew withstands. They run short
// with every go test, and long with make torture, which prints what they measured as a table.
//
// Tests alone import it. It is a package of its own because the tests of package line and of the
// bench need it, and no trace.
package torture

import (
	"fmt"
	"os"
	"runtime"
	"testing"
)

// table is the file that the rows go to, by its presence the sign to take long.
var table = os.Getenv("CLEW_TORTURE")

// Size is how much of something a test does: short, or long for make torture.
func Size(short, long int) int {
	if table != "" {
		return long
	}
	return short
}

// Heap is how many bytes are in use when nothing is left to collect.
func Heap() int {
	for range 3 { // what sync.Pools hold goes with the second
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Row says what t has shown: the threat, as the table has it, and the figures that were seen. The
// table has FAILED for them if t fails.
func Row(t testing.TB, threat, format string, args ...any) {
	t.Helper()
	figures := fmt.Sprintf(format, args...)
	t.Logf("%s: %s", threat, figures)
	if table == "" {
		return
	}
	t.Cleanup(func() {
		if t.Failed() {
			figures = "FAILED"
		}
		// One write a row: several test binaries append at once.
		f, err := os.OpenFile(table, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		if _, err := fmt.Fprintf(f, "| %s | %s |\n", threat, figures); err != nil {
			t.Error(err)
		}
	})
}
