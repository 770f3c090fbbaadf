package mark_test

import (
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The stack of a panic shows a mark as RATIONALE.md says: with three frames, or with four frames
// if the number has two digits.
func TestFramesOnTheStack(t *testing.T) {
	frames := func() (all []string) {
		for line := range strings.Lines(string(debug.Stack())) {
			if name, ok := strings.CutPrefix(line, "example.com/clew/internal/mark."); ok {
				all = append(all, name[:strings.LastIndexByte(name, '(')])
			}
		}
		return all
	}
	assert.Empty(t, frames(), "frames outside of Run")
	var one, two []string
	for one == nil || slices.Contains(one, "high") { // until the panics of other tests have freed a number of one digit
		runtime.GC()
		run(1, func() { one = frames() })
	}
	for two == nil || !slices.Contains(two[:4], "high") { // a number that came back meanwhile has one digit
		runtime.GC()
		nest(257, func() { two = frames() })
	}
	assert.Equal(t, []string{"(*Call).run", "low", "Run"}, one, "frames of a mark")
	assert.Equal(t, []string{"(*Call).run", "low", "high", "Run"}, two[:4], "frames of a mark with two digits")
}

func nest(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	run(n, func() { nest(n-1, f) })
}
