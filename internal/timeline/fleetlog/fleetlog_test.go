package fleetlog_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/clew/internal/timeline/fleetlog"
)

func TestFleet(t *testing.T) {
	one, two, other := fleetlog.New(1), fleetlog.New(1), fleetlog.New(2)
	const lines = 40_000
	var (
		bytesOf  [fleetlog.Services]int
		linesOf  [fleetlog.Services]int
		ofTraces = map[int]int{}
		apart    = 0 // lines whose trace is not the previous line's
		last     = -1
		same     = 0 // lines that are equal with both seeds
	)
	for range lines {
		s, n, line := one.Next()
		s2, n2, line2 := two.Next()
		assert.Equal(t, s, s2)
		assert.Equal(t, n, n2)
		assert.Equal(t, string(line), string(line2))
		if _, _, line3 := other.Next(); string(line) == string(line3) {
			same++
		}
		assert.Contains(t, string(line), one.TraceID(n)[16:])
		assert.Equal(t, len(line)-1, bytes.IndexByte(line, '\n'), "index of the first newline: Next must return one line")
		bytesOf[s] += len(line)
		linesOf[s]++
		ofTraces[n]++
		if n != last {
			apart++
		}
		last = n
	}
	assert.Zero(t, same)
	assert.Greater(t, apart, lines*9/10, "number of lines whose trace is not the previous line's: traces must interleave")
	whole := 0
	for _, n := range ofTraces {
		assert.LessOrEqual(t, n, fleetlog.TraceLines)
		if n == fleetlog.TraceLines {
			whole++
		}
	}
	assert.Greater(t, whole, lines/fleetlog.TraceLines*8/10)
	assert.Len(t, ofTraces, one.Begun())
	for s := range fleetlog.Services {
		assert.InDelta(t, 250, bytesOf[s]/linesOf[s], 75, "bytes of a line of %s", fleetlog.Names[s])
		assert.InDelta(t, lines/int(fleetlog.Services), linesOf[s], lines/50)
	}
}
