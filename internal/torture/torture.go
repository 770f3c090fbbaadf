// Package torture serves tests that show how much load and abuse clew withstands. Such a test is
// short with go test, and long with make torture, which prints the measured figures as a table.
//
// Tests alone import it. It is a package of its own because the tests of package line and of the
// bench need it, but do not need package trace, which testkit imports.
package torture

import (
	"fmt"
	"os"
	"runtime"
	"testing"
)

// table is the name of the file for the rows. If it is set, the tests are long.
var table = os.Getenv("CLEW_TORTURE")

// Size returns the argument short, or long under make torture. A test uses it as a number of
// requests, rounds and so on.
func Size(short, long int) int {
	if table != "" {
		return long
	}
	return short
}

// Heap returns the number of bytes that are in use after garbage collection.
func Heap() int {
	for range 3 { // the second collection frees what sync.Pools hold
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Row writes a row of the table: the threat, and the figures that t has measured. If t fails, the
// row has FAILED in place of the figures.
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
		// Each row is one write, because several test binaries append at once.
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
