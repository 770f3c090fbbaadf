package script_test

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// resident returns how many bytes of this process are in memory, without mapped files.
func resident(t *testing.T) int {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), "RssAnon:")
	require.True(t, ok)
	kB, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return kB << 10
}

// A script fragments its memory: it allocates many blocks of one size, keeps a few of them, and
// then allocates blocks of a larger size. Even so, it uses no more of the system's memory than a
// scope may have.
func TestResident(t *testing.T) {
	s := open(t, "var kept = []\n"+body(`
		for (var size = 1000; size < 20000; size = size * 2 + 100) {
			var all = []
			for (var n = 0; n * size < 14e6; n++) all.push(new ArrayBuffer(size))
			var step = Math.floor(60000 / size)
			for (var i = 0; i < all.length; i += step) kept.push(all[i])
		}
		return true`))
	before := resident(t)
	_, counts := judge(s, 1)
	assert.Equal(t, 1, counts.Calls)
	const slack = 12 << 20 // memory of the runtime and of other tests
	assert.LessOrEqual(t, resident(t)-before, 32<<20+slack)
}
