package script_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"example.com/clew/audit/audittest"
	"example.com/clew/audit/filter/internal/script"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stuck are calls of native functions that do not return.
var stuck = []struct{ name, call string }{
	{"indexOf", `[].indexOf.call({length: 2**53-1}, 1) < 0`},
	{"lastIndexOf", `[].lastIndexOf.call({length: 2**53-1}, 1) < 0`},
	{"includes", `[].includes.call({length: 2**53-1}, 1) < 0`},
	{"join", `[].join.call({length: 2**53-1}).length < 0`},
	{"caught", `(() => { try { return [].indexOf.call({length: 2**53-1}, 1) < 0 } catch (e) { return true } finally { return true } })()`},
}

const stuckReason = "a function of the engine did not return within 0.2 s of the processor"

// A native function that does not return is ended, and its script is off.
func TestWatchdog(t *testing.T) {
	for _, tt := range stuck {
		t.Run(tt.name, func(t *testing.T) {
			s, err := script.Hasty("test", body("return "+tt.call), 1)
			require.NoError(t, err)
			defer s.Close()
			passed, counts := judge(s, 10)
			require.NotNil(t, s.Off())
			assert.Equal(t, stuckReason, s.Off().Error())
			assert.False(t, passed)
			assert.Equal(t, [3]int{1, 0, 1}, [3]int{counts.Calls, counts.Passed, counts.Errors})
			_, counts = judge(s, 1)
			assert.Zero(t, counts, "it is off")
		})
	}
}

// A native function that does not return while the globals are evaluated is ended.
func TestWatchdogLoad(t *testing.T) {
	for _, tt := range stuck {
		t.Run(tt.name, func(t *testing.T) {
			s, err := script.Hasty("test", "var x = "+tt.call+"\n"+body("return true"), 1)
			require.EqualError(t, err, `filter "test": `+stuckReason)
			assert.Nil(t, s)
		})
	}
}

// The end of a script does not end others, and a script that is opened afterwards works.
func TestWatchdogNeighbours(t *testing.T) {
	neighbour := open(t, "var n = 0\n"+body("return ++n > 0 && event.app === 'media-api'"))
	for range 3 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			s, err := script.Hasty("test", body("return "+stuck[0].call), 1)
			if assert.NoError(t, err) {
				judge(s, 1)
				s.Close()
			}
		}()
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			passed, counts := judge(neighbour, 100)
			require.True(t, passed)
			require.Zero(t, counts.Errors)
		}
	}
	passed, _ := judge(open(t, body("return true")), 1)
	assert.True(t, passed)
}

// A script that uses much of the processor in many calls of one batch, each of them short, stays
// on.
func TestWatchdogManyCalls(t *testing.T) {
	// Not a Hasty script: a machine that stops for some milliseconds within a call would end that.
	s, err := script.Brisk("test", body("for (var i = 0; i < 100; i++); return true"), 1)
	require.NoError(t, err)
	defer s.Close()
	var spent time.Duration
	for size := 20_000; spent < 2*script.BriskLimit; size *= 2 {
		batch := slices.Repeat(audittest.Candidates(sample), size)
		spent = s.Judge(batch, make([]bool, size)).Time
		require.Nil(t, s.Off())
	}
}

// The memory is made inaccessible at any moment, in code of the engine or in the bridge's: the
// script is off and nothing else happens.
func TestWatchdogAnywhere(t *testing.T) {
	for i := range 40 {
		s := open(t, body(`event.context.keys(); Object.keys(event.context); return event.context.get("client_id") + event.message !== "x".repeat(100)`))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range i % 8 {
				runtime.Gosched()
			}
			s.Bite()
		}()
		for s.Off() == nil {
			judge(s, 10)
		}
		<-done
		assert.Contains(t, s.Off().Error(), "a function of the engine did not return")
		s.Close()
	}
}
