package filter_test

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A hundred scripts that use a megabyte each are replaced one after the other. Their memory is
// freed.
func TestReplacedScriptsAreClosed(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		change := func(n int) {
			write(t, dir, "a.yaml", rule("a", fmt.Sprintf("all[%d] === 1", n))+"\n  var all = new Uint8Array(1 << 20).fill(1)\n")
		}
		change(0)
		s := open(t, filter.Config{Source: dir})
		var before int64
		for n := range 110 {
			change(n)
			poll()
			require.Equal(t, []string{"a"}, verdicts(s, "x"))
			if n == 10 {
				before = resident(t)
			}
		}
		assert.Less(t, resident(t)-before, int64(50<<20))
	})
}

// resident returns how many bytes of this process are in memory.
func resident(t *testing.T) (pages int64) {
	text, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	var size int64
	_, err = fmt.Sscan(string(text), &size, &pages)
	require.NoError(t, err)
	return pages * int64(os.Getpagesize())
}
